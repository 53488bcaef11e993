"""Reader of the articles' format: one sentence per line, its tokens, a tab, its tags; in `.csv` files a comma."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from components.common.errors import quoted
from components.corpus_example_gen.cleaning.comments import Comments, is_assignment
from components.corpus_example_gen.cleaning.labels import is_tag_like
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.column_layout import CSV, Lines, is_document_mark, is_quoted, split_row
from components.corpus_example_gen.readers.column_roles import TAG_NAMES, TOKEN_NAMES
from components.corpus_example_gen.readers.records import items_or_words
from components.corpus_example_gen.settings import CorpusSettings
from components.text.tags import OUTSIDE_LABELS, is_valid_tag
from components.text.words import whitespace_offsets

_LISTS = "["
_SENTENCE_NAMES = (*TOKEN_NAMES, "sentence", "sentences")


@dataclass(frozen=True)
class _Layout:
    """Layout of a file.

    Attributes:
        separator: character between the cells.
        is_csv: whether cells are quoted as in CSV.
        header: the first line, if it names the columns; empty otherwise.
        width: number of columns.
        tokens, tags: columns of the sentence and its tags.
        tag_separator: a comma, a space, which stands for white space, or `[`: tags and tokens may be lists of Python.
    """

    separator: str = "\t"
    is_csv: bool = False
    header: str = ""
    width: int = 2
    tokens: int = 0
    tags: int = 1
    tag_separator: str = " "

    def split(self, line: str) -> list[str]:
        return split_row(line, self.separator, self.is_csv)

    def split_tokens(self, cell: str) -> list[str]:
        return items_or_words(cell) if self.tag_separator == _LISTS else _split(cell)

    def split_tags(self, cell: str) -> list[str]:
        if self.tag_separator == _LISTS:
            return items_or_words(cell)
        return _split(cell if self.tag_separator == " " else cell.replace(self.tag_separator, " "))


def read_tsv(lines: Lines, path: str, settings: CorpusSettings, report: IngestReport) -> Iterator[RawSentence]:
    """Yields the sentences of a file of `tokens<TAB>tags` lines as written, both separated by white space.

    In `.csv` files a comma or semicolon takes the place of the tab. Commas may separate the tags.

    Args:
        lines: numbered lines of the file.
        path: the file, for errors; `.csv` stands for commas and quoted cells.
        settings: settings of the corpus.
        report: receives the kind of each line and the document boundaries.
    """
    comments = Comments()
    layout = _find_layout(lines, path, settings) or _first_layout(lines, path)
    layout = replace(layout, is_csv=layout.is_csv or is_quoted(lines(), layout.separator))
    if layout.separator != "\t":
        report.note(path, f"read as CSV with the separator {layout.separator!r}")
    elif layout.is_csv:
        report.note(path, "read cells that are quoted as in CSV without their quotes")
    if layout.tag_separator == ",":
        report.note(path, "read tags that commas separate")
    elif layout.tag_separator == _LISTS:
        report.note(path, "read tags that are lists, as Python writes them")
    for number, line in lines():
        kind = _kind(line, number, settings, layout)
        report.line_kinds[kind] += 1
        if kind == "document_mark":
            comments.begin_document()
        elif kind == "header":
            report.note(f"{path}:{number}", f"read as a header: {', '.join(line.strip().split(layout.separator))}")
        elif kind == "comment":
            comments.add(line)
        elif kind == "sentence":
            raw = _read_line(line, layout, number, path)
            raw.key, raw.metadata = comments.take()
            raw.document = comments.document
            yield raw
    report.documents += comments.documents


def is_tsv(lines: Lines, path: str, settings: CorpusSettings) -> bool:
    """Returns whether a file is in this format: rows hold several tags, separated by spaces or by commas."""
    return _find_layout(lines, path, settings) is not None


def _find_layout(lines: Lines, path: str, settings: CorpusSettings) -> _Layout | None:
    """Returns the layout of a file, or None if it has another format.

    One row with several tags between spaces is enough. Commas also join the tags of several annotators of a token, so
    most rows need as many tags between them as words.
    """
    layout = _first_layout(lines, path)
    outside = OUTSIDE_LABELS | {settings.outside}
    rows = with_commas = with_lists = 0
    for _, line in lines():
        cells = split_row(line, layout.separator, quoted=layout.is_csv or line[:1] == '"' or line[-1:] == '"')
        if len(cells) != layout.width or line == layout.header:
            continue
        rows += 1
        words, cell = cells[layout.tokens].split(), cells[layout.tags]
        if cell.startswith(_LISTS):
            items = items_or_words(cell)
            is_same = len(items) == len(items_or_words(cells[layout.tokens]))
            with_lists += is_same and all(tag in outside or is_tag_like(tag) for tag in items)
            continue
        parts = [part.strip() for part in cell.split(",")]
        if len(parts) == len(words) > 1 and all(tag in outside or is_tag_like(tag) for tag in parts):
            with_commas += 1
            continue
        tags = cell.split()
        same = len(tags) == len(words)
        bare = settings.scheme == "io" and same and bool(outside & set(tags))
        if len(tags) > 1 and (
            bare
            or (all(map(is_valid_tag, tags)) and (same or layout.width == 2))
            or (same and all(tag in outside or is_tag_like(tag) for tag in tags))
        ):
            return layout
    separator = "," if with_commas >= with_lists else _LISTS
    return replace(layout, tag_separator=separator) if 2 * max(with_commas, with_lists) > rows else None


def _first_layout(lines: Lines, path: str) -> _Layout:
    """Returns the layout that the first line and the name of the file show."""
    first = next((line for _, line in lines() if line.strip()), "")
    is_csv = path.lower().endswith(CSV)
    separator = max("\t,;", key=first.count) if is_csv else "\t"
    names = [name.strip().casefold() for name in split_row(first, separator, quoted=is_csv or first[:1] == '"')]
    tokens = next((names.index(name) for name in _SENTENCE_NAMES if name in names), None)
    tags = next((names.index(name) for name in TAG_NAMES if name in names), None)
    if tokens is None or tags is None or tokens == tags:
        return _Layout(separator, is_csv)
    return _Layout(separator, is_csv, first, len(names), tokens, tags)


def _kind(line: str, number: int, settings: CorpusSettings, layout: _Layout) -> str:
    if not line.strip():
        return "boundary"
    if is_document_mark(line):
        return "document_mark"
    if number == 1 and line == layout.header:
        return "header"
    if not line.startswith("#") or layout.separator in line:
        return "sentence"
    words = line.split()
    tags = sum(word == settings.outside or is_valid_tag(word) for word in words)
    is_row = len(words) == 1 and words[0] != "#" and "=" not in line
    return "sentence" if not is_assignment(line) and (is_row or 2 * tags >= len(words) > 1) else "comment"


def _read_line(line: str, layout: _Layout, number: int, path: str) -> RawSentence:
    cells = layout.split(line)
    fits = len(cells) == layout.width
    tokens = layout.split_tokens(cells[layout.tokens if fits else 0])
    raw = RawSentence(number, tokens, lines=[number] * len(tokens))
    if "\r" in line:
        problem, fix = "found a carriage return inside the line", "Remove it, or end all lines with LF."
        raw.error = CorpusError(path, number, problem, fix)
        return raw
    if not fits:
        problem, fix = f"found {len(cells)} cells, expected sentence, tab, tags", "Write one tab, before the tags."
        if layout.separator != "\t" or layout.width != 2:
            problem = f"found {len(cells)} cells, expected {layout.width}, a sentence and its tags among them"
            fix = "Write a sentence on one line, and quote cells as in CSV."
        raw.error = CorpusError(path, number, problem, fix)
        return raw
    raw.tags = layout.split_tags(cells[layout.tags])
    if len(raw.tags) != len(tokens):
        problem = f"found {len(tokens)} tokens and {len(raw.tags)} tags: {quoted(line)}"
        raw.error = CorpusError(path, number, problem, "Write one tag per token, both separated by spaces.")
    return raw


def _split(text: str) -> list[str]:
    return [text[start:end] for start, end in whitespace_offsets(text)]
