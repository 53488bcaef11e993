"""Reader of the articles' format: one sentence per line, its tokens, a tab, its tags."""

from __future__ import annotations

from collections.abc import Iterator

from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.column_layout import DOCUMENT_MARK, Lines
from components.corpus_example_gen.readers.comments import Comments
from components.corpus_example_gen.settings import CorpusSettings
from components.text.tags import OUTSIDE_LABELS, is_valid_tag
from components.text.words import whitespace_offsets


def read_tsv(lines: Lines, path: str, settings: CorpusSettings, report: IngestReport) -> Iterator[RawSentence]:
    """Yields the sentences of a file of `tokens<TAB>tags` lines as written, both separated by white space.

    Args:
        lines: numbered lines of the file.
        path: the file, for errors.
        settings: settings of the corpus, unused.
        report: receives the document boundaries.
    """
    del settings
    comments = Comments()
    for number, line in lines():
        if line.startswith(DOCUMENT_MARK):
            report.documents += 1
        elif line.startswith("#") and "\t" not in line:
            comments.add(line)
        elif line.strip():
            raw = _read_line(line, number, path)
            raw.key, raw.metadata = comments.take()
            yield raw
    report.documents += comments.documents


def is_tsv(lines: Lines, settings: CorpusSettings) -> bool:
    """Returns whether a file is in this format: a line has two cells, and several tags in the second one."""
    for _, line in lines():
        cells = line.split("\t")
        if len(cells) != 2:
            continue
        tags = cells[1].split()
        bare = settings.scheme == "io" and len(tags) == len(cells[0].split()) and bool(OUTSIDE_LABELS & set(tags))
        if len(tags) > 1 and (bare or all(map(is_valid_tag, tags))):
            return True
    return False


def _read_line(line: str, number: int, path: str) -> RawSentence:
    cells = line.split("\t")
    tokens = _split(cells[0])
    raw = RawSentence(number, tokens, lines=[number] * len(tokens))
    if len(cells) != 2:
        problem, fix = f"found {len(cells)} cells, expected sentence, tab, tags", "Write one tab, before the tags."
        raw.error = CorpusError(path, number, problem, fix)
        return raw
    raw.tags = _split(cells[1])
    if len(raw.tags) != len(tokens):
        problem = f"found {len(tokens)} tokens and {len(raw.tags)} tags: {line!r}"
        raw.error = CorpusError(path, number, problem, "Write one tag per token, both separated by spaces.")
    return raw


def _split(text: str) -> list[str]:
    return [text[start:end] for start, end in whitespace_offsets(text)]
