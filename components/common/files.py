"""Writing a file whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file under another name, has it reach the disk, and renames it into place.

    Args:
        path: the file; one that is there is replaced.
        content: all of it.

    Raises:
        OSError: the folder cannot be written.
    """
    incoming = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with incoming.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        incoming.replace(path)
    finally:
        incoming.unlink(missing_ok=True)
