"""The error raised for a corpus that cannot be read."""

from __future__ import annotations

from typing import Any

from components.common.errors import NerError


class CorpusError(NerError):
    """A corpus file or folder has content that the readers do not accept.

    Example:
        >>> str(CorpusError("train.conll", 7, "found one column", "Write token, tab, tag on each line."))
        'train.conll:7: found one column. Write token, tab, tag on each line.'

    Attributes:
        path: the file or folder, as the caller passed it.
        line: 1-based line in the (decompressed) file; None if the error concerns the whole file or folder.
        problem: the fault at that place.
        fix: what the user can do about it.
    """

    def __init__(self, path: str, line: int | None, problem: str, fix: str) -> None:
        """Builds the message `path:line: problem. fix`."""
        self.path, self.line, self.problem, self.fix = str(path), line, problem, fix
        where = self.path if line is None else f"{self.path}:{line}"
        super().__init__(f"{where}: {problem}. {fix}")

    # An exception is pickled as its class and args, which here are the message only; Beam and multiprocessing pickle.
    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the four parts instead of the message."""
        return type(self), (self.path, self.line, self.problem, self.fix)

    def to_dict(self) -> dict[str, Any]:
        """Returns the four parts for JSON: the inverse of `CorpusError(**parts)`."""
        return {"path": self.path, "line": self.line, "problem": self.problem, "fix": self.fix}


class CorpusReadingError(CorpusError):
    """A corpus whose reading is in doubt as a whole: too many repairs, or two possible meanings.

    `corpus.on_error: skip`, which leaves out single sentences and unreadable files, does not apply to it.

    Example: tests/components/corpus_example_gen/test_errors.py.
    """


class InsideWordError(CorpusError):
    """A labelled span that begins or ends inside a word of its sentence.

    Example: tests/components/corpus_example_gen/cleaning/test_raw_text.py.
    """


class InsideWordsError(CorpusReadingError):
    """A file of which too many labelled spans begin or end inside words.

    Example: tests/components/corpus_example_gen/cleaning/test_raw_text.py.
    """
