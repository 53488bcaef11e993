"""Layout of a columns file: separator, token column and tag column, detected from all its lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.comments import is_assignment
from components.corpus_example_gen.settings import CorpusSettings
from components.text.tags import is_valid_tag

DOCUMENT_MARK = "-DOCSTART-"
_INDEX = re.compile(r"[0-9]+")
# CoNLL-U: a range such as 8-9 repeats the words that follow, and 8.1 is a word that is not in the text.
_EXTRA_INDEX = re.compile(r"[0-9]+[-.][0-9]+")
_SPACES = re.compile(" +")
_TOLERANCE = 20

Lines = Callable[[], Iterator[tuple[int, str]]]
"""Function that iterates over the numbered lines of a file from the start."""


@dataclass(frozen=True)
class ColumnLayout:
    r"""Layout of one columns file.

    Example:
        >>> layout = ColumnLayout(separator="\t", width=2)
        >>> layout.split("Peru\tB-LOC"), layout.is_comment("# genre = blog"), layout.is_boundary("\t")
        (['Peru', 'B-LOC'], True, True)

    Attributes:
        separator: a tab, a space (which stands for a run of spaces), or an empty string in a file with one column.
        width: usual number of columns.
        token: column of the token, 0-based.
        tag: column of the tag, 0-based; negative counts from the end.
        indexed: whether the first column counts the tokens of each sentence; rows may then differ in width.
        bare: whether tags are bare types (scheme io).
    """

    separator: str
    width: int
    token: int = 0
    tag: int = -1
    indexed: bool = False
    bare: bool = False

    def split(self, line: str) -> list[str]:
        """Returns the cells of a row."""
        return _split(line, self.separator)

    def is_comment(self, line: str) -> bool:
        """Returns whether a line is a comment; `#photography<TAB>O` and `# O` are tokens."""
        if not line.startswith("#"):
            return False
        if self.separator == "\t":
            return "\t" not in line
        if not line.startswith("# "):
            return False
        cells = self.split(line)
        is_row = len(cells) == self.width > 1 and (self.bare or is_valid_tag(cells[-1]))
        return is_assignment(line) or not is_row

    def is_boundary(self, line: str) -> bool:
        """Returns whether a line ends a sentence: it is empty or has tabs only."""
        return not line.strip("\t" if self.separator == "\t" else " \t")

    def is_space_row(self, line: str) -> bool:
        """Returns whether a line has spaces only; in a tab-separated file it does not end a sentence."""
        return not line.strip(" \t") and not self.is_boundary(line)

    def is_document_mark(self, line: str) -> bool:
        """Returns whether a line is a `-DOCSTART-` mark, with any number of columns."""
        cells = self.split(line)
        return cells[0] == DOCUMENT_MARK or (self.indexed and len(cells) > 1 and cells[1] == DOCUMENT_MARK)

    def is_extra_row(self, cells: list[str]) -> bool:
        """Returns whether a row of an indexed file is a CoNLL-U range or empty node instead of a token."""
        return self.indexed and bool(_EXTRA_INDEX.fullmatch(cells[0]))

    def row_problem(self, cells: list[str]) -> str | None:
        """Describes the problem with the columns of a row; None if there is none."""
        if self.indexed and not _INDEX.fullmatch(cells[0]):
            return "found no number in the first column, which counts the tokens"
        columns = [self.token, self.tag]
        least = max(column + 1 if column >= 0 else -column for column in columns)
        # A column counted from the end is only reliable in rows of the usual width.
        any_width = self.indexed or min(columns) >= 0
        fits = len(cells) >= least if any_width else len(cells) == self.width
        expected = f"at least {least}" if any_width else str(self.width)
        return None if fits else f"found {len(cells)} column{'s' * (len(cells) != 1)}, expected {expected}"


def find_layout(lines: Lines, path: str, settings: CorpusSettings) -> ColumnLayout | None:
    """Detects the layout of a file from all its lines; returns None if it has no row.

    Args:
        lines: numbered lines of the file.
        path: the file, for errors.
        settings: settings of the corpus; its columns, if set, replace the detected ones.

    Raises:
        CorpusError: the file has one column.
    """
    separator = _find_separator(lines())
    widths = Counter(len(cells) for _, cells in _rows(lines(), separator) if cells)
    if not widths:
        return None
    width = widths.most_common(1)[0][0]
    if width == 1:
        line, cells = next((line, cells) for line, cells in _rows(lines(), separator) if cells)
        raise CorpusError(
            path,
            line,
            f"found one column ({cells[0]!r}) and no tags",
            "Write token, tab, tag on each line. `ner predict` tags unlabelled text.",
        )
    indexed = width >= 3 and _counts_up(cells for _, cells in _rows(lines(), separator))
    token = settings.token_column if settings.token_column is not None else int(indexed)
    tag = settings.tag_column if settings.tag_column is not None else (2 if indexed else -1)
    return ColumnLayout(separator, width, token, tag, indexed=indexed, bare=settings.scheme == "io")


def _split(line: str, separator: str) -> list[str]:
    if separator == "\t":
        return line.split("\t")
    return _SPACES.split(line.strip(" ")) if separator else [line]


def _find_separator(lines: Iterable[tuple[int, str]]) -> str:
    """Returns the separator of most rows: a tab, else a space, else an empty string."""
    tabs = spaces = rows = 0
    for _, line in lines:
        if not line.strip(" \t") or line.startswith(DOCUMENT_MARK) or (line.startswith("# ") and "\t" not in line):
            continue
        rows += 1
        tabs += "\t" in line
        spaces += " " in line.strip(" ")
    if tabs * 2 > rows:
        return "\t"
    return " " if spaces * 2 > rows else ""


def _rows(lines: Iterable[tuple[int, str]], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yields (line, cells) of the rows, and (line, []) at each sentence boundary."""
    for number, line in lines:
        if not line.strip("\t" if separator == "\t" else " \t") or line.startswith(DOCUMENT_MARK):
            yield number, []
        elif line.strip(" \t") and ("\t" in line or not line.startswith("#" if separator == "\t" else "# ")):
            yield number, _split(line, separator)


def _counts_up(rows: Iterable[list[str]]) -> bool:
    """Returns whether the first column counts up by one within each sentence, with one exception per twenty rows.

    The exceptions allow for broken rows, which `row_problem` then reports. They must not turn the index into the token.
    """
    good, bad, expected = 0, 0, None
    for cells in rows:
        if not cells:
            expected = None
        elif _INDEX.fullmatch(cells[0]):
            number = int(cells[0])
            counts = expected in (None, number)
            good, bad, expected = good + counts, bad + (not counts), number + 1
        elif not _EXTRA_INDEX.fullmatch(cells[0]):
            bad += 1
    return good > 0 and bad * _TOLERANCE <= good
