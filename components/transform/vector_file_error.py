"""What is wrong with a file of word vectors."""

from __future__ import annotations

from components.common.errors import NerError


class VectorFileError(NerError):
    """Names the file, the line where there is one, what was found, and what to do."""

    def __init__(self, path: str, line: int | None, found: str, cure: str) -> None:
        """Puts the text together: `glove.txt:7: found ...; do ...`."""
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {found}; {cure}")
