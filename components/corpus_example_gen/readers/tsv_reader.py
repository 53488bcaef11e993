"""Reader of the articles' format: one sentence a line, its tokens, a tab, its tags."""

from __future__ import annotations

from collections.abc import Iterator

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.column_layout import DOCUMENT_MARK, Lines
from components.corpus_example_gen.readers.comments import Comments
from components.corpus_example_gen.readers.read_options import ReadOptions
from components.text.tags import OUTSIDE_LABELS, is_legal_tag
from components.text.words import whitespace_offsets


def read_tsv(lines: Lines, path: str, options: ReadOptions, report: IngestReport) -> Iterator[RawSentence]:
    """Yields the sentences of a file of `tokens<TAB>tags` lines as written, both separated by white space.

    In an unlabelled file each line is a sentence; what follows a tab is passed over.

    Args:
        lines: gives the numbered lines anew at each call.
        path: the file, for errors.
        options: how to read it.
        report: gets the document boundaries.
    """
    comments = Comments()
    for number, line in lines():
        if line.startswith(DOCUMENT_MARK):
            report.documents += 1
        elif line.startswith("#") and "\t" not in line and (options.labelled or line.startswith("# ")):
            comments.add(line)
        elif line.strip():
            raw = _read_line(line, number, path, options)
            raw.key, raw.metadata = comments.take()
            yield raw
    report.documents += comments.documents


def is_tsv(lines: Lines, options: ReadOptions) -> bool:
    """Says whether a file is in this format: some line has two cells and several tags in the second."""
    for _, line in lines():
        cells = line.split("\t")
        if len(cells) != 2:
            continue
        tags = cells[1].split()
        bare = options.scheme == "io" and len(tags) == len(cells[0].split()) and bool(OUTSIDE_LABELS & set(tags))
        if len(tags) > 1 and (bare or all(map(is_legal_tag, tags))):
            return True
    return False


def _read_line(line: str, number: int, path: str, options: ReadOptions) -> RawSentence:
    cells = line.split("\t")
    tokens = [cells[0][start:end] for start, end in whitespace_offsets(cells[0])]
    raw = RawSentence(number, tokens, lines=[number] * len(tokens))
    if not options.labelled:
        return raw
    if len(cells) != 2:
        raw.error = CorpusError(
            path,
            number,
            f"found {len(cells)} cells where sentence, tab, tags belong",
            "Write one tab a line, before the tags.",
        )
        return raw
    raw.tags = [cells[1][start:end] for start, end in whitespace_offsets(cells[1])]
    if len(raw.tags) != len(tokens):
        raw.error = CorpusError(
            path,
            number,
            f"found {len(tokens)} tokens and {len(raw.tags)} tags: {line!r}",
            "Give one tag for each token, both separated by spaces.",
        )
    return raw
