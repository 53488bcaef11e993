"""Root of the repository, and the environment of programs that import it."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def python_environment(**changes: str) -> dict[str, str]:
    """Returns the environment of a Python process that imports the project and `support`.

    Args:
        **changes: further variables.
    """
    path = os.pathsep.join(filter(None, [str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3", **changes}
