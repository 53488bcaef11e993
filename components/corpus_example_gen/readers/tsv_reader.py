"""Reader of the articles' format: one sentence per line, its tokens, a tab, its tags."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from components.common.errors import quoted
from components.corpus_example_gen.cleaning.labels import is_tag_like
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.column_layout import Lines, is_document_mark, is_quoted, split_row
from components.corpus_example_gen.readers.column_roles import TAG_NAMES, TOKEN_NAMES
from components.corpus_example_gen.readers.comments import Comments, is_assignment
from components.corpus_example_gen.settings import CorpusSettings
from components.text.tags import OUTSIDE_LABELS, is_valid_tag
from components.text.words import whitespace_offsets

_HEADERS = frozenset(itertools.product((*TOKEN_NAMES, "sentence", "sentences"), TAG_NAMES))


def read_tsv(lines: Lines, path: str, settings: CorpusSettings, report: IngestReport) -> Iterator[RawSentence]:
    """Yields the sentences of a file of `tokens<TAB>tags` lines as written, both separated by white space.

    Args:
        lines: numbered lines of the file.
        path: the file, for errors.
        settings: settings of the corpus.
        report: receives the kind of each line and the document boundaries.
    """
    comments = Comments()
    quoted_cells = is_quoted(lines(), "\t")
    if quoted_cells:
        report.note(path, "read cells that are quoted as in CSV without their quotes")
    for number, line in lines():
        kind = _kind(line, number, settings)
        report.line_kinds[kind] += 1
        if kind == "document_mark":
            comments.begin_document()
        elif kind == "header":
            report.note(f"{path}:{number}", f"read as a header: {line.strip()}")
        elif kind == "comment":
            comments.add(line)
        elif kind == "sentence":
            raw = _read_line(line, split_row(line, "\t", quoted_cells), number, path)
            raw.key, raw.metadata = comments.take()
            raw.document = comments.document
            yield raw
    report.documents += comments.documents


def is_tsv(lines: Lines, settings: CorpusSettings) -> bool:
    """Returns whether a file is in this format: a line has two cells, and several tags in the second one."""
    outside = OUTSIDE_LABELS | {settings.outside}
    for _, line in lines():
        cells = split_row(line, "\t", quoted=line.startswith('"') or line.endswith('"'))
        if len(cells) != 2:
            continue
        tags = cells[1].split()
        same = len(tags) == len(cells[0].split())
        bare = settings.scheme == "io" and same and bool(outside & set(tags))
        if len(tags) > 1 and (
            bare or all(map(is_valid_tag, tags)) or (same and all(tag in outside or is_tag_like(tag) for tag in tags))
        ):
            return True
    return False


def _kind(line: str, number: int, settings: CorpusSettings) -> str:
    if not line.strip():
        return "boundary"
    if is_document_mark(line):
        return "document_mark"
    if number == 1 and tuple(line.casefold().split("\t")) in _HEADERS:
        return "header"
    if not line.startswith("#") or "\t" in line:
        return "sentence"
    words = line.split()
    tags = sum(word == settings.outside or is_valid_tag(word) for word in words)
    is_row = len(words) == 1 and words[0] != "#" and "=" not in line
    return "sentence" if not is_assignment(line) and (is_row or 2 * tags >= len(words) > 1) else "comment"


def _read_line(line: str, cells: list[str], number: int, path: str) -> RawSentence:
    tokens = _split(cells[0])
    raw = RawSentence(number, tokens, lines=[number] * len(tokens))
    if "\r" in line:
        problem, fix = "found a carriage return inside the line", "Remove it, or end all lines with LF."
        raw.error = CorpusError(path, number, problem, fix)
        return raw
    if len(cells) != 2:
        problem, fix = f"found {len(cells)} cells, expected sentence, tab, tags", "Write one tab, before the tags."
        raw.error = CorpusError(path, number, problem, fix)
        return raw
    raw.tags = _split(cells[1])
    if len(raw.tags) != len(tokens):
        problem = f"found {len(tokens)} tokens and {len(raw.tags)} tags: {quoted(line)}"
        raw.error = CorpusError(path, number, problem, "Write one tag per token, both separated by spaces.")
    return raw


def _split(text: str) -> list[str]:
    return [text[start:end] for start, end in whitespace_offsets(text)]
