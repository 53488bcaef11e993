"""Reader of column files: CoNLL-2003, CoNLL-U (UNER), WNUT and similar formats.

No library fits: the available ones read one fixed layout each, and stop or silently misread at the irregularities of
published files (a tab as a boundary, tokens that start with `#`, rows of 3 and 5 columns).
"""

from __future__ import annotations

from collections.abc import Iterator

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.column_layout import ColumnLayout, Lines, find_layout
from components.corpus_example_gen.readers.comments import Comments
from components.corpus_example_gen.settings import CorpusSettings
from components.text.tags import OUTSIDE


def read_columns(lines: Lines, path: str, settings: CorpusSettings, report: IngestReport) -> Iterator[RawSentence]:
    """Yields the sentences of a columns file as written.

    Args:
        lines: numbered lines of the file.
        path: the file, for errors and the report.
        settings: settings of the corpus.
        report: receives the document boundaries and the rows that are not tokens.

    Raises:
        CorpusError: the file has one column.
    """
    layout = find_layout(lines, path, settings)
    if layout is None:
        return
    rows = _Rows(layout, path, report)
    comments = Comments()
    raw: RawSentence | None = None
    for number, line in lines():
        if layout.is_boundary(line) or layout.is_document_mark(line):
            report.documents += layout.is_document_mark(line)
            if raw:
                raw.key, raw.metadata = comments.take()
                yield raw
            raw = None
        elif layout.is_comment(line):
            comments.add(line)
        elif layout.is_space_row(line):
            report.repair("space_row", path, number, "dropped a line of spaces, which does not end a sentence")
        else:
            raw = rows.add(raw, number, line)
    if raw:
        raw.key, raw.metadata = comments.take()
        yield raw
    report.documents += comments.documents


class _Rows:
    """Appends the rows of a file to sentences."""

    def __init__(self, layout: ColumnLayout, path: str, report: IngestReport) -> None:
        self.layout, self.path, self.report = layout, path, report

    def add(self, raw: RawSentence | None, number: int, line: str) -> RawSentence | None:
        """Returns the sentence with one more row; a row without a sentence starts one."""
        cells = self.layout.split(line)
        if self.layout.is_extra_row(cells):
            self.report.repair("extra_row", self.path, number, f"dropped row {cells[0]}, which is not a token")
            return raw
        raw = raw or RawSentence(number)
        problem = self.layout.row_problem(cells)
        if problem and raw.error is None:
            fix = "Correct the row, or set corpus.token_column and corpus.tag_column."
            raw.error = CorpusError(self.path, number, f"{problem}: {line!r}", fix)
        raw.lines.append(number)
        raw.tokens.append(cells[0] if problem else cells[self.layout.token])
        tag = OUTSIDE if problem else cells[self.layout.tag]
        if tag != tag.strip(" "):
            self.report.repair("stripped_tag", self.path, number, f"read tag {tag!r} as {tag.strip(' ')!r}")
        raw.tags.append(tag.strip(" "))
        return raw
