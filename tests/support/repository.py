"""Root of the repository, its README, and the environment of programs that import it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def readme_commands() -> list[str]:
    """Returns the lines of README's shell blocks."""
    return [line for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


def python_environment(**changes: str) -> dict[str, str]:
    """Returns the environment of a Python process that imports the project and `support`.

    Args:
        **changes: further variables.
    """
    path = os.pathsep.join(filter(None, [str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3", **changes}


_LISTED = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]


def repository_files() -> list[str]:
    """Returns the paths that git would commit."""
    listed = subprocess.run(_LISTED, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in listed if (ROOT / name).is_file()]


def copy_of_the_repository(folder: Path) -> Path:
    """Copies the files that git would clone; this run's environment is its `.venv`, and set-up does nothing."""
    for name in repository_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "tools" / "setup.sh").write_text("exit 0\n", encoding="utf-8")
    return folder
