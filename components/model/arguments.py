"""Constructor arguments for `get_config`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def arguments(local: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the named arguments of a constructor, which calls it with `locals()` before it defines other variables.

    Example:
        >>> def constructor(self, width, rate=0.1, **kwargs):
        ...     return arguments(locals())
        >>> constructor(None, 8, dtype="float32")
        {'width': 8, 'rate': 0.1}
    """
    return {name: value for name, value in local.items() if name not in ("self", "kwargs", "__class__")}
