"""From TensorFlow's messages to the mistakes behind them."""

from __future__ import annotations

import re

from .c_api import TensorFlowError
from .check_failed_error import CheckFailedError

_MESSAGES = (
    (r"Could not find variable|Error while reading resource variable|uninitialized", "keras_variables"),
    (r"PyFunc|callback with key|Could not find callback", "py_function"),
    (r"Op type not registered|No OpKernel was registered", "custom_op"),
    (r"variables\.index|\.data-\d+-of-\d+; No such file", "file_missing"),
    (r"OUT_OF_RANGE|Data loss|DATA_LOSS|checksum|truncated|corrupt|less bytes than requested", "file_changed"),
    (r"assets/.*No such file|No such file.*assets/", "file_missing"),
)


def explain(error: TensorFlowError, otherwise: str, doing: str) -> CheckFailedError:
    """Names the mistake behind an error.

    Args:
        error: TensorFlow's.
        otherwise: the pitfall where the message tells nothing.
        doing: what was tried, for the detail.
    """
    text = str(error)
    found = (pitfall for pattern, pitfall in _MESSAGES if re.search(pattern, text))
    return CheckFailedError(next(found, otherwise), f"{doing}: {first_lines(text)}")


def first_lines(text: str, most: int = 600) -> str:
    """Shortens a message of TensorFlow's, which repeats itself for every function on the way."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and "{{node" not in line]
    shortened = " ".join(lines)
    return shortened if len(shortened) <= most else f"{shortened[:most]} ..."
