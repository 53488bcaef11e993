"""Functions that take longer than a command may be silent."""

from __future__ import annotations

import time
from typing import Any

import pytest


def slow_down(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """Delays a function or method, and shortens the silence after which a command prints its progress.

    Args:
        monkeypatch: undoes both at the end of the test.
        owner: module or class of the function.
        name: its name.
    """
    function = getattr(owner, name)

    def slow(*arguments: Any) -> Any:
        time.sleep(0.5)
        return function(*arguments)

    monkeypatch.setattr("components.common.progress._SILENT_SECONDS", 0.05)
    monkeypatch.setattr(owner, name, slow)
