"""Folder of the SavedModel that a user names: a registered version, or a folder."""

from __future__ import annotations

import re
from pathlib import Path

from components.common.errors import NerError, quoted
from components.keys import SAVED_MODEL_FILE
from components.registry.model_registry import ModelRegistry
from components.registry.names import CANDIDATE, CHAMPION, PREVIOUS
from components.registry.serving_directory.serving_directory import MODELS_CONFIG, models_config
from components.registry.serving_directory.serving_sync import check_served
from components.registry.store.version import RegisteredVersion
from configs.spec import PipelineConfig

MODEL_FORMS = (
    "models:/NAME@ALIAS, models:/NAME/VERSION, a version, an alias, a SavedModel folder, a work folder or a serving "
    "folder"
)
"""Texts that `resolve_model` accepts, for help and errors."""

_URI = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>[0-9]+))")
_OWN_ALIASES = (CHAMPION, PREVIOUS, CANDIDATE)
_VERSION_OR_ALIAS = re.compile(r"[0-9]+|[A-Za-z][A-Za-z0-9_-]*")


def resolve_model(reference: str | None, config: PipelineConfig) -> Path:
    """Returns the folder of the SavedModel that a reference names.

    The files of a registered version are checked (see `version_folder`). An existing folder has precedence over a
    version or an alias of the same name, unless it holds no model.

    Args:
        reference: one of `MODEL_FORMS`; None is the champion of the configuration.
        config: names the registry of versions and aliases, and its model.

    Returns:
        A folder with `saved_model.pb`.

    Raises:
        NerError: the reference has another form, its model does not exist, or its files are missing or damaged.

    tests/pipeline/registry_view/test_model_reference.py shows each form.
    """
    if reference is None:
        return _of_registry(config, config.name, CHAMPION)
    if reference.startswith("models:"):
        match = _URI.fullmatch(reference)
        if match is None:
            raise NerError(
                f"model {quoted(reference)}: not the address of a registered model. "
                "Write models:/NAME@ALIAS or models:/NAME/VERSION."
            )
        return _of_registry(config, match["name"], match["version"] or match["alias"])
    path = Path(reference).expanduser()
    folder = _of_folder(path, config) if reference and path.is_dir() else None
    if folder is not None:
        return folder
    if _VERSION_OR_ALIAS.fullmatch(reference):
        named = reference.isdigit() or reference in _OWN_ALIASES
        if not named and ModelRegistry(config.registry_uri).get(config.name, reference) is None:
            raise NerError(
                f"model {quoted(reference)}: there is no folder of this name, and no alias of the model "
                f"{config.name!r} in {config.registry_uri}. Give {MODEL_FORMS}."
            )
        return _of_registry(config, config.name, reference)
    raise _unusable(path, reference)


def champion(config: PipelineConfig, registry: ModelRegistry) -> RegisteredVersion:
    """Returns the champion.

    Raises:
        NerError: the registry has no champion of that name.
    """
    version = registry.get(config.name, CHAMPION)
    if version is None:
        raise NerError(
            f"registry {config.registry_uri}: no champion of the model {config.name!r}. "
            'Run `ner run` first, or give the work folder of a run: --set work_dir=FOLDER, in Python load("FOLDER"). '
            "--set registry.uri=... names another registry."
        )
    return version


def version_folder(config: PipelineConfig, registry: ModelRegistry, version: RegisteredVersion) -> Path:
    """Returns a folder with the SavedModel of a version, all of whose files were checked.

    It is the served copy, or without one the files of the registry. Only a download from a remote registry writes, into
    `fetched` in the work folder.

    Raises:
        NerError: the served copy or the files of the registry are missing or damaged.
    """
    served = check_served(version, config.serving_dir)
    if served is not None:
        return served
    if version.version in models_config(config.serving_dir, version.name)[0]:
        raise NerError(
            f"{config.serving_dir / version.name / str(version.version)}: is missing, but models.config offers this "
            "version. `ner registry sync --repair` lays it out again."
        )
    return registry.readable(version, config.fetched_dir / version.name / str(version.version))


def _of_registry(config: PipelineConfig, name: str, version_or_alias: str) -> Path:
    registry = ModelRegistry(config.registry_uri)
    if version_or_alias == CHAMPION:
        version = champion(config.model_copy(update={"name": name}), registry)
    else:
        version = registry.require(name, version_or_alias)
    return version_folder(config, registry, version)


def _of_folder(folder: Path, config: PipelineConfig) -> Path | None:
    """Returns the SavedModel folder that a folder is or leads to; None if it is none of the known kinds."""
    if (folder / SAVED_MODEL_FILE).is_file():
        return folder
    if (own := config.of_work_folder(folder)) is not None:
        return _only_champion(own)
    if _models(folder.parent, folder.name):
        return _served(folder.parent, folder.name)
    names = sorted(each.name for each in folder.iterdir() if each.is_dir() and _models(folder, each.name))
    if config.name in names or len(names) == 1:
        return _served(folder, config.name if config.name in names else names[0])
    if names:
        raise NerError(f"{folder}: serves the models {', '.join(names)}. Give the folder of one of them.")
    if (folder / MODELS_CONFIG).is_file():
        raise NerError(f"{folder}: a serving folder without a version. `ner registry sync` fills it.")
    return None


def _only_champion(config: PipelineConfig) -> Path:
    """Returns the champion of the configured model, or of the only one in the registry."""
    names = ModelRegistry(config.registry_uri).names()
    name = names[0] if len(names) == 1 else config.name
    if names and name not in names:
        raise NerError(
            f"{config.work_dir}: its registry has the models {', '.join(names)}. Choose one with --set name=..., or "
            "write models:/NAME@champion with --set work_dir=..."
        )
    return _of_registry(config, name, CHAMPION)


def _served(base: Path, name: str) -> Path:
    """Returns the version that models.config labels as the champion, otherwise the newest one that it offers."""
    present = _models(base, name)
    offered, labels = models_config(base, name)
    number = labels.get(CHAMPION) or max(offered or present)
    if number not in present:
        raise NerError(
            f"{base / name / str(number)}: is missing or incomplete, but {MODELS_CONFIG} offers this version. "
            "`ner registry sync --repair` lays it out again."
        )
    return present[number]


def _models(base: Path, name: str) -> dict[int, Path]:
    """Returns version -> folder of `<base>/<name>/<version>` with a SavedModel; empty for other folders."""
    children = (base / name).iterdir() if name else ()
    numbered = (path for path in children if path.name.isascii() and path.name.isdigit())
    return {int(path.name): path for path in numbered if (path / SAVED_MODEL_FILE).is_file()}


def _unusable(path: Path, reference: str) -> NerError:
    if not reference:
        problem = "is empty"
    elif path.is_dir():
        problem = f"holds neither {SAVED_MODEL_FILE}, nor a registry, nor versions of a model"
    else:
        problem = "is a file" if path.exists() else "does not exist"
    return NerError(f"model {quoted(reference, 200)}: {problem}. Give {MODEL_FORMS}.")
