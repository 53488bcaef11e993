"""The error of a corpus that cannot be read as it is."""

from __future__ import annotations

from typing import Any

from components.common.errors import NerError


class CorpusError(NerError):
    """A corpus file (or folder) holds something that a reader cannot take.

    Attributes:
        path: the file or folder, as it was given.
        line: 1-based line in the (unpacked) file, None when the whole file or folder is meant.
        found: what was found there.
        fix: what the user can do about it.
    """

    def __init__(self, path: str, line: int | None, found: str, fix: str) -> None:
        """Builds the message `path:line: found. fix`."""
        self.path, self.line, self.found, self.fix = str(path), line, found, fix
        place = self.path if line is None else f"{self.path}:{line}"
        super().__init__(f"{place}: {found}. {fix}")

    # An exception is pickled as its class and args, which are the one message here; Beam and multiprocessing pickle.
    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the four parts instead of the finished message."""
        return type(self), (self.path, self.line, self.found, self.fix)

    def to_dict(self) -> dict[str, Any]:
        """Returns the four parts, ready for JSON: the inverse of `CorpusError(**parts)`."""
        return {"path": self.path, "line": self.line, "found": self.found, "fix": self.fix}
