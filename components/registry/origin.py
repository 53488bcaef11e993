"""Origin of a change or of a run: the user, the program, and the commit of its source."""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import socket
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_SOURCE = Path(__file__).parents[2]
_DISTRIBUTION = "deployable-ner"
_COMMIT = re.compile(r"[0-9a-f]{40}")


def acting_user() -> str:
    """Returns the user of this process as `user@machine`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def origin_tags() -> dict[str, str]:
    """Returns MLflow's tags of the origin of a run; without a commit if the source has none."""
    tags = {"mlflow.user": acting_user(), "mlflow.source.name": "ner", "mlflow.source.type": "LOCAL"}
    with contextlib.suppress(PackageNotFoundError):  # run from the source folder
        tags["ner.package_version"] = version(_DISTRIBUTION)
    commit = git_commit(_SOURCE)
    return tags | ({"mlflow.source.git.commit": commit} if commit else {})


def git_commit(folder: Path) -> str:
    """Returns the commit that is checked out in a git work tree, or "" if the folder is none.

    It reads git's files, because a machine that trains may lack the program.

    Args:
        folder: root of the work tree.
    """
    try:
        git = folder / ".git"
        if git.is_file():  # of `git worktree` or a submodule
            git = folder / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref:"):
            return head if _COMMIT.fullmatch(head) else ""
        name = head.removeprefix("ref:").strip()
        shared = git / "commondir"
        common = git / shared.read_text(encoding="utf-8").strip() if shared.is_file() else git
        for place in (git / name, common / name):
            if place.is_file():
                return place.read_text(encoding="utf-8").strip()
        packed = (common / "packed-refs").read_text(encoding="utf-8").splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {name}")), "")
    except OSError:
        return ""
