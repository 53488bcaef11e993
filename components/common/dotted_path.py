"""Objects of the user's own code, named in the configuration as `my_package.my_module:my_function`.

`my_package.my_module.my_function` is the same.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from components.common.errors import NerError

DottedPath = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*[:.][A-Za-z_]\w*$")]


def split_path(path: str) -> tuple[str, str]:
    """Returns module and name of a dotted path.

    Example:
        >>> split_path("json:dumps"), split_path("json.decoder.JSONDecoder")
        (('json', 'dumps'), ('json.decoder', 'JSONDecoder'))
    """
    module, _, name = path.partition(":") if ":" in path else path.rpartition(".")
    return module, name


def source_hash(path: str, setting: str) -> str:
    """Returns 16 hex digits that change with the source of the module; only its parent packages are imported.

    Args:
        path: `module:name` or `module.name`.
        setting: dotted name of the setting, for the message.

    Raises:
        NerError: no such module.

    Example:
        >>> len(source_hash("json.decoder:JSONDecoder", "exporter.signatures.mine"))
        16
    """
    module, _ = split_path(path)
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # of a parent package
        spec = None
    if spec is None:
        raise NerError(f"{setting}: there is no module {module}. Install it next to this package, or correct {path!r}.")
    return hashlib.sha256(Path(spec.origin).read_bytes() if spec.origin else b"").hexdigest()[:16]


def load_object(path: str, setting: str) -> Any:
    """Imports the object of a dotted path.

    Args:
        path: `module:name` or `module.name`.
        setting: dotted name of the setting, for the message.

    Raises:
        NerError: no such module or name.

    Example:
        >>> load_object("json:dumps", "exporter.signatures.mine")([1])
        '[1]'
    """
    source_hash(path, setting)  # names a missing module; an ImportError below comes from inside the module
    module, name = split_path(path)
    try:
        return getattr(importlib.import_module(module), name)
    except AttributeError:
        raise NerError(f"{setting}: module {module} has no {name}. Correct {path!r}.") from None
    except ImportError as error:
        raise NerError(f"{setting}: {path!r} cannot be imported ({error}).") from error
