"""Objects of the user's own code, named in the configuration as `my_package.my_module:my_function`.

`my_package.my_module.my_function` is the same.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from components.common.errors import NerError
from components.common.hashing import file_hash

_OURS = ("components", "configs", "pipeline", "schemas")
_WHEEL = "deployable_ner."
_PREFIX = __name__[: -len(".".join(("components", "common", "dotted_path")))]  # empty, or _WHEEL


def split_path(path: str) -> tuple[str, str]:
    """Returns module and name of a dotted path.

    Example:
        >>> split_path("json:dumps"), split_path("json.decoder.JSONDecoder")
        (('json', 'dumps'), ('json.decoder', 'JSONDecoder'))
    """
    module, _, name = path.partition(":") if ":" in path else path.rpartition(".")
    return installed_name(module), name


def installed_name(module: str) -> str:
    """Returns the name under which a module of this project is imported in this installation.

    A wheel carries `components` inside `deployable_ner`; a configuration or a model that was written in one kind of
    installation is read in the other.

    Args:
        module: dotted name of a module or package, of ours or not.

    Example:
        >>> installed_name("json.decoder"), installed_name("deployable_ner.components.model")
        ('json.decoder', 'components.model')
    """
    plain = module.removeprefix(_WHEEL)
    return f"{_PREFIX}{plain}" if plain.partition(".")[0] in _OURS else module


def source_hash(path: str, setting: str) -> str:
    """Returns 16 hex digits that change with any file of a module's top-level package; only parents are imported.

    Args:
        path: `module:name` or `module.name`.
        setting: dotted name of the setting, for the message.

    Raises:
        NerError: no such module, or a parent package cannot be imported.

    Example:
        >>> len(source_hash("json.decoder:JSONDecoder", "exporter.signatures.mine"))
        16
    """
    module, _ = split_path(path)
    try:
        spec = importlib.util.find_spec(module)
    except (ModuleNotFoundError, ValueError):  # of a parent package; a module without a spec
        spec = None
    except (Exception, SystemExit) as error:
        raise _not_importable(path, setting, error) from error
    if spec is None:
        raise NerError(
            f"{setting}: there is no module {module}. Install its package, put its folder on PYTHONPATH, or correct "
            f"{path!r}."
        )
    return package_hash(module.partition(".")[0])


def package_hash(*packages: str) -> str:
    """Returns 16 hex digits that change with any file of the packages, except compiled and hidden ones.

    Args:
        *packages: dotted names of packages or single modules, for example `components.text`. A package that is not
            installed is skipped: a pipeline may be compiled on another machine than it runs on.

    Example:
        >>> package_hash("json") == package_hash("json", "not_installed")
        True
    """
    digest = hashlib.sha256()
    for package in sorted({*packages}):
        spec = importlib.util.find_spec(installed_name(package))
        if spec is None:
            continue
        folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
        files = [(folder, file) for folder in folders for file in _files_below(folder)]
        if not folders and spec.has_location and spec.origin:  # a built-in module has no file
            files = [(Path(spec.origin).parent, Path(spec.origin))]
        for folder, file in sorted(files):
            digest.update(f"{package}/{file.relative_to(folder).as_posix()}\0{file_hash(file)}".encode())
    return digest.hexdigest()[:16]


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__" and not name.startswith(".")]
        yield from (path for name in names if not name.startswith(".") and (path := Path(parent, name)).is_file())


def load_object(path: str, setting: str) -> Any:
    """Imports the object of a dotted path.

    Args:
        path: `module:name` or `module.name`.
        setting: dotted name of the setting, for the message.

    Raises:
        NerError: no such module or name, or the module cannot be imported.

    Example:
        >>> load_object("json:dumps", "exporter.signatures.mine")([1])
        '[1]'
    """
    source_hash(path, setting)  # names a missing module; an error below comes from inside the module
    module, name = split_path(path)
    try:
        imported = importlib.import_module(module)
    except (Exception, SystemExit) as error:  # the module of another package may raise anything
        raise _not_importable(path, setting, error) from error
    try:
        return getattr(imported, name)
    except AttributeError:
        raise NerError(f"{setting}: module {module} has no {name}. Correct {path!r}.") from None


def load_function(path: str, setting: str) -> Callable[..., Any]:
    """Imports the function of a dotted path.

    Raises:
        NerError: as `load_object`, or the object is not callable.

    Example:
        >>> load_function("json:__name__", "evaluator.metrics.mine")
        Traceback (most recent call last):
        components.common.errors.NerError: evaluator.metrics.mine: 'json:__name__' is not a function. Name a function.
    """
    function = load_object(path, setting)
    if not callable(function):
        raise NerError(f"{setting}: {path!r} is not a function. Name a function.")
    return function


def _not_importable(path: str, setting: str, error: BaseException) -> NerError:
    problem = " ".join(f"{type(error).__name__}: {error}".split())
    return NerError(f"{setting}: {path!r} cannot be imported ({problem}). Correct its module.")
