"""Objects of the user's own code, named in the configuration as `my_package.my_module:my_function`."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Annotated, Any

from pydantic import Field

from components.common.errors import NerError

DottedPath = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$")]


def require_module(path: str, setting: str) -> None:
    """Checks that the module of a dotted path exists, without importing it.

    Args:
        path: `module:name`.
        setting: dotted name of the setting, for the message.

    Raises:
        NerError: no such module.

    Example:
        >>> require_module("json:dumps", "exporter.signatures.dumps")
    """
    module = path.partition(":")[0]
    try:
        if importlib.util.find_spec(module) is not None:
            return
    except ModuleNotFoundError:  # of a parent package
        pass
    raise NerError(f"{setting}: there is no module {module}. Install it next to this package, or correct {path!r}.")


def load_object(path: str, setting: str) -> Any:
    """Imports the object of a dotted path.

    Args:
        path: `module:name`.
        setting: dotted name of the setting, for the message.

    Raises:
        NerError: no such module or name.

    Example:
        >>> load_object("json:dumps", "exporter.signatures.dumps")([1])
        '[1]'
    """
    require_module(path, setting)
    module, _, name = path.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except AttributeError:
        raise NerError(f"{setting}: module {module} has no {name}. Correct {path!r}.") from None
    except ImportError as error:
        raise NerError(f"{setting}: {path!r} cannot be imported ({error}).") from error
