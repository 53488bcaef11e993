"""Where the token and the tag stand in a columns file, found by looking at all of its lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.comments import is_assignment
from components.corpus_example_gen.readers.read_options import ReadOptions
from components.text.tags import is_legal_tag

DOCUMENT_MARK = "-DOCSTART-"
_INDEX = re.compile(r"[0-9]+")
# CoNLL-U: a range such as 8-9 repeats the words that follow, 8.1 is a word that was never written.
_EXTRA_INDEX = re.compile(r"[0-9]+[-.][0-9]+")
_SPACES = re.compile(" +")
_TOLERANCE = 20

Lines = Callable[[], Iterator[tuple[int, str]]]


@dataclass(frozen=True)
class ColumnLayout:
    """The shape of one columns file.

    Attributes:
        separator: a tab, a space (any run of them), or the empty string where the file has one column.
        width: the usual number of columns.
        token: column of the token, counted from 0, negative from the end.
        tag: column of the tag, None in an unlabelled file.
        indexed: the first column counts the tokens of each sentence; rows may then differ in width.
        bare: tags are bare types (scheme io).
    """

    separator: str
    width: int
    token: int = 0
    tag: int | None = None
    indexed: bool = False
    bare: bool = False

    def split(self, line: str) -> list[str]:
        """Returns the cells of a row."""
        return _split(line, self.separator)

    def is_comment(self, line: str) -> bool:
        """Says whether a line is a comment; `#photography<TAB>O` and `# O` are tokens."""
        if not line.startswith("#"):
            return False
        if self.separator == "\t":
            return "\t" not in line
        if not line.startswith("# "):
            return False
        cells = self.split(line)
        is_row = len(cells) == self.width > 1 and (self.bare or is_legal_tag(cells[-1]))
        return is_assignment(line) or not is_row

    def is_boundary(self, line: str) -> bool:
        """Says whether a line ends a sentence: blank, or nothing but tabs."""
        return not line.strip("\t" if self.separator == "\t" else " \t")

    def is_blank_row(self, line: str) -> bool:
        """Says whether a line holds spaces only, which in a tab separated file ends nothing."""
        return not line.strip(" \t") and not self.is_boundary(line)

    def is_document_mark(self, line: str) -> bool:
        """Says whether a line is a `-DOCSTART-` mark, in whatever number of columns."""
        cells = self.split(line)
        return cells[0] == DOCUMENT_MARK or (self.indexed and len(cells) > 1 and cells[1] == DOCUMENT_MARK)

    def is_extra_row(self, cells: list[str]) -> bool:
        """Says whether a row of an indexed file is a CoNLL-U range or empty node, which is no token."""
        return self.indexed and bool(_EXTRA_INDEX.fullmatch(cells[0]))

    def row_fault(self, cells: list[str]) -> str | None:
        """Says what is wrong with the columns of a row, None when it fits."""
        if self.indexed and not _INDEX.fullmatch(cells[0]):
            return "found no number in the first column, which counts the tokens"
        columns = [self.token] if self.tag is None else [self.token, self.tag]
        least = max(column + 1 if column >= 0 else -column for column in columns)
        # Counted from the end, or found by counting, a column is only sure in rows of the usual width.
        fits = len(cells) >= least if self.indexed or min(columns) >= 0 else len(cells) == self.width
        wanted = f"at least {least}" if self.indexed or min(columns) >= 0 else str(self.width)
        return None if fits else f"found {len(cells)} column{'s' * (len(cells) != 1)} where {wanted} belong"


def find_layout(lines: Lines, path: str, options: ReadOptions) -> ColumnLayout | None:
    """Looks at all lines and says how the file is laid out; None when it holds no row.

    Args:
        lines: gives the numbered lines anew at each call.
        path: the file, for errors.
        options: columns given there are taken as they are.

    Raises:
        CorpusError: one column where tags are wanted.
    """
    separator = _find_separator(lines())
    widths = Counter(len(cells) for _, cells in _rows(lines(), separator) if cells)
    if not widths:
        return None
    width = widths.most_common(1)[0][0]
    if options.labelled and width == 1:
        line, cells = next((line, cells) for line, cells in _rows(lines(), separator) if cells)
        raise CorpusError(
            path,
            line,
            f"found one column ({cells[0]!r}) and no tags",
            "Write token, tab, tag on each line; an unlabelled file can be tagged with `ner predict`, not trained on.",
        )
    indexed = width >= 3 and _counts_up(cells for _, cells in _rows(lines(), separator))
    token = options.token_column if options.token_column is not None else int(indexed)
    tag = options.tag_column if options.tag_column is not None else (2 if indexed else -1)
    return ColumnLayout(separator, width, token, tag if options.labelled else None, indexed, options.scheme == "io")


def _split(line: str, separator: str) -> list[str]:
    if separator == "\t":
        return line.split("\t")
    return _SPACES.split(line.strip(" ")) if separator else [line]


def _find_separator(lines: Iterable[tuple[int, str]]) -> str:
    """Returns the separator of most rows: a tab, else a space, else none."""
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
    """Says whether the first column counts up by one within each sentence, one row in twenty excepted.

    The exceptions are for broken rows, which `row_fault` then names: they must not turn the index into the token.
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
