"""What an error says there is, when a name was not found."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

_SHOWN = 10


def instead(wanted: str, known: Sequence[str]) -> str:
    """Returns the end of an error text that names what there is, the likely ones first; empty if there is nothing.

    Args:
        wanted: what was asked for.
        known: what there is; of many, ten are named.
    """
    if not known:
        return ""
    likely = difflib.get_close_matches(wanted, known, n=_SHOWN, cutoff=0.3)
    shown = list(dict.fromkeys([*likely, *known]))
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return f"; there is {', '.join(shown[:_SHOWN])}{more}"
