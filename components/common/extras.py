"""Optional parts of the installation (extras), and the error for one that is missing."""

from __future__ import annotations

import importlib.util

from components.common.errors import NerError

MODULES = {
    "pipeline": (
        "tfx", "tensorflow_transform", "apache_beam", "ml_metadata", "tensorflow_data_validation",
        "tensorflow_model_analysis", "keras_tuner", "tensorboard",
    ),
    "kfp": ("kfp", "kfp_server_api"),
    "encoder": ("keras_hub", "safetensors"),
    "parquet": ("pyarrow",),
    "languages": ("py3langid",),
}  # fmt: skip
"""Extra -> top-level modules that it installs; the first one stands for all."""

_CURES = {
    "pipeline": "Training needs Python 3.11 and pinned versions: docs/install.md has the line that installs it.",
}


class MissingExtraError(NerError):
    """Call of something that needs an extra which is not installed."""


def has_extra(extra: str) -> bool:
    """Returns whether an extra is installed; imports nothing.

    Args:
        extra: one of `MODULES`.
    """
    return importlib.util.find_spec(MODULES[extra][0]) is not None


def installation(extra: str) -> str:
    """Returns the sentence that says how to install an extra; the package is not on PyPI.

    Example:
        >>> installation("kfp")
        "Install the wheel with it: pip install 'PATH_OF_WHEEL[kfp]' (docs/install.md)."
    """
    return f"Install the wheel with it: pip install 'PATH_OF_WHEEL[{extra}]' (docs/install.md)."


def require_extra(extra: str, where: str) -> None:
    """Checks that an extra is installed; imports nothing.

    Args:
        extra: one of `MODULES`.
        where: command or setting that needs it, for the error.

    Raises:
        MissingExtraError: it is not installed.

    Example:
        >>> MODULES["surprise"] = ("no_such_module",)
        >>> require_extra("surprise", "ner run")
        Traceback (most recent call last):
        components.common.extras.MissingExtraError: ner run: needs the extra `surprise`, which is not installed \
(no module no_such_module). Install the wheel with it: pip install 'PATH_OF_WHEEL[surprise]' (docs/install.md).
        >>> del MODULES["surprise"]
    """
    if not has_extra(extra):
        raise _missing(extra, MODULES[extra][0], where)


def missing_extra(error: BaseException, where: str) -> MissingExtraError | None:
    """Returns the error for a failed import of a module that an extra installs; None for all other errors.

    Example:
        >>> print(missing_extra(ModuleNotFoundError(name="kfp.dsl"), "ner compile"))
        ner compile: needs the extra `kfp`, which is not installed (no module kfp). Install the wheel with it: pip \
install 'PATH_OF_WHEEL[kfp]' (docs/install.md).
        >>> missing_extra(ModuleNotFoundError(name="json.absent"), "ner compile") is None
        True
    """
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    module = error.name.partition(".")[0]
    for extra, modules in MODULES.items():
        if module in modules:
            return _missing(extra, module, where)
    return None


def _missing(extra: str, module: str, where: str) -> MissingExtraError:
    cure = _CURES.get(extra) or installation(extra)
    return MissingExtraError(f"{where}: needs the extra `{extra}`, which is not installed (no module {module}). {cure}")
