"""Reader of column files: CoNLL-2003, CoNLL-U (UNER), WNUT, pandas and similar formats.

No library fits: the available ones read one fixed layout each, and stop or silently misread at the irregularities of
published files (a tab as a boundary, tokens that start with `#`, rows of 3 and 5 columns).
"""

from __future__ import annotations

from collections.abc import Iterator

from components.common.errors import quoted, shortened
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.column_layout import ColumnLayout, Lines, is_document_comment
from components.corpus_example_gen.readers.column_roles import NO_VALUE
from components.corpus_example_gen.readers.comments import Comments
from components.text.tags import OUTSIDE


def read_columns(lines: Lines, path: str, layout: ColumnLayout, report: IngestReport) -> Iterator[RawSentence]:
    """Yields the sentences of a columns file as written.

    Args:
        lines: numbered lines of the file.
        path: the file, for errors and the report.
        layout: its layout.
        report: receives the kind of each line, the document boundaries, the rows that are not tokens, and notes.
    """
    _note(layout, path, report)
    rows = _Rows(layout, path, report)
    comments = Comments()
    raw: RawSentence | None = None
    for number, line in lines():
        kind = _kind(layout, line, is_open=raw is not None)
        ends, row = kind in ("boundary", "document_mark", "header"), None
        if kind == "token":
            row = rows.cells(number, line)
            kind, ends = ("token", rows.begins_sentence(row)) if row is not None else ("extra_row", False)
        report.line_kinds[kind] += 1
        if ends and raw:
            raw.key, raw.metadata = comments.take()
            yield raw
            raw = None
        if row is not None:
            raw = raw or RawSentence(number)
            rows.add(raw, number, line, row)
        elif kind == "document_mark":
            report.documents += 1
        elif kind == "comment":
            report.documents += is_document_comment(line)
            comments.add(line)
        elif kind == "space_row":
            report.repair("space_row", path, number, "dropped a line of spaces, which does not end a sentence")
    if raw:
        raw.key, raw.metadata = comments.take()
        yield raw
    report.documents += comments.documents


def _kind(layout: ColumnLayout, line: str, *, is_open: bool) -> str:
    """Returns the kind of a line; a comment stands before a sentence, as in CoNLL-U."""
    if layout.is_boundary(line):
        return "boundary"
    if layout.is_document_mark(line):
        return "document_mark"
    if layout.is_space_row(line):
        return "space_row"
    if layout.is_header(line):
        return "header"
    return "comment" if not is_open and layout.is_comment(line) else "token"


def _note(layout: ColumnLayout, path: str, report: IngestReport) -> None:
    roles = layout.roles
    if roles.header:
        report.note(f"{path}:{roles.header_line}", f"read as a header: {shortened(', '.join(roles.header))}")
    if layout.separator in (",", ";"):
        report.note(path, f"read as CSV with the separator {layout.separator!r}")
    elif layout.quoted:
        report.note(path, "read cells that are quoted as in CSV without their quotes")
    if roles.sentence is not None:
        report.note(path, f"column {roles.sentence} numbers the sentences; a new value begins a sentence")
    if roles.restarts:
        report.note(path, f"no line separates the sentences; a 0 or 1 in column {roles.index} begins one")


class _Rows:
    """Appends the rows of a file to sentences."""

    def __init__(self, layout: ColumnLayout, path: str, report: IngestReport) -> None:
        self.layout, self.path, self.report = layout, path, report
        self._sentence = ("", "")  # document and sentence

    def cells(self, number: int, line: str) -> list[str] | None:
        """Returns the cells of a row; None for a row that is not a token."""
        cells = self.layout.split(line)
        if not self.layout.is_extra_row(cells):
            return cells
        self.report.repair("extra_row", self.path, number, f"dropped row {shortened(cells[0])}, which is not a token")
        return None

    def begins_sentence(self, cells: list[str]) -> bool:
        """Returns whether a row begins a sentence by its sentence number or row number."""
        roles = self.layout.roles
        if roles.restarts and roles.index is not None and roles.index < len(cells):
            return cells[roles.index] in ("0", "1")
        if roles.sentence is None or roles.sentence >= len(cells):
            return False
        value = cells[roles.sentence].strip()
        document = "" if roles.document is None or roles.document >= len(cells) else cells[roles.document].strip()
        begins = value not in NO_VALUE and (document, value) != self._sentence
        self._sentence = (document, value) if begins else self._sentence
        return begins

    def add(self, raw: RawSentence, number: int, line: str, cells: list[str]) -> None:
        """Adds one row to a sentence."""
        problem = "found a carriage return inside the line" if "\r" in line else self.layout.row_problem(cells)
        if problem and raw.error is None:
            fix = "Correct the row, or set corpus.token_column and corpus.tag_column."
            if line.startswith("#"):
                fix = "Correct the row. Comments stand before a sentence, as `# text` or `# name = value`."
            if "\r" in line:
                fix = "Remove it, or end all lines with LF."
            raw.error = CorpusError(self.path, number, f"{problem}: {quoted(line)}", fix)
        raw.lines.append(number)
        raw.tokens.append(cells[0] if problem else cells[self.layout.roles.token])
        tag = OUTSIDE if problem else cells[self.layout.roles.tag]
        if tag != tag.strip(" "):
            self.report.repair("stripped_tag", self.path, number, f"read tag {quoted(tag)} as {quoted(tag.strip(' '))}")
        raw.tags.append(tag.strip(" "))
