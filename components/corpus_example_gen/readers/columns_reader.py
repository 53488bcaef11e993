"""Reader of column files: CoNLL-2003, CoNLL-U style (UNER), WNUT, and their relatives.

No library served: those at hand read one fixed layout each and stop, or misread in silence, at the first oddity of
the published files (a lone tab as boundary, tokens that begin with `#`, rows of 3 and 5 columns).
"""

from __future__ import annotations

from collections.abc import Iterator

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.column_layout import ColumnLayout, Lines, find_layout
from components.corpus_example_gen.readers.comments import Comments
from components.corpus_example_gen.readers.read_options import ReadOptions
from components.text.tags import OUTSIDE


def read_columns(lines: Lines, path: str, options: ReadOptions, report: IngestReport) -> Iterator[RawSentence]:
    """Yields the sentences of a columns file as written.

    Args:
        lines: gives the numbered lines anew at each call.
        path: the file, for errors and the report.
        options: how to read it.
        report: gets the document boundaries and the rows that are no token.

    Raises:
        CorpusError: the file has one column where tags are wanted.
    """
    layout = find_layout(lines, path, options)
    if layout is None:
        return
    comments = Comments()
    raw: RawSentence | None = None
    for number, line in lines():
        if layout.is_boundary(line) or layout.is_document_mark(line):
            report.documents += layout.is_document_mark(line)
            if raw:
                yield _with_comments(raw, comments)
            raw = None
        elif layout.is_comment(line):
            comments.add(line)
        elif layout.is_blank_row(line):
            report.repair("blank_row", path, number, "line of spaces, which ends no sentence, dropped")
        else:
            raw = _add_row(raw, layout, line, number, path, report)
    if raw:
        yield _with_comments(raw, comments)
    report.documents += comments.documents


def _add_row(
    raw: RawSentence | None, layout: ColumnLayout, line: str, number: int, path: str, report: IngestReport
) -> RawSentence | None:
    """Adds one row to the sentence that is being read, beginning it where there is none."""
    cells = layout.split(line)
    if layout.is_extra_row(cells):
        report.repair("extra_row", path, number, f"row {cells[0]}, which is no word of its own, dropped")
        return raw
    raw = raw or RawSentence(number, tags=None if layout.tag is None else [])
    fault = layout.row_fault(cells)
    if fault and raw.error is None:
        raw.error = CorpusError(
            path,
            number,
            f"{fault}: {line!r}",
            "Mend the row, or name the columns in [corpus -> token_column, tag_column].",
        )
    raw.lines.append(number)
    raw.tokens.append(cells[0] if fault else cells[layout.token])
    if raw.tags is not None and layout.tag is not None:
        tag = OUTSIDE if fault else cells[layout.tag]
        if tag != tag.strip(" "):
            report.repair("stripped_tag", path, number, f"tag {tag!r} read as {tag.strip(' ')!r}")
        raw.tags.append(tag.strip(" "))
    return raw


def _with_comments(raw: RawSentence, comments: Comments) -> RawSentence:
    raw.key, raw.metadata = comments.take()
    return raw
