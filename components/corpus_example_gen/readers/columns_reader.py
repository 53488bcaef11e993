"""Reader of column files: CoNLL-2003, CoNLL-U (UNER), WNUT, pandas and similar formats.

No library fits: the available ones read one fixed layout each, and stop or silently misread at the irregularities of
published files (a tab as a boundary, tokens that start with `#`, rows of 3 and 5 columns).
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections import Counter
from collections.abc import Iterator

from components.common.errors import counted, quoted, shortened
from components.corpus_example_gen.cleaning.comments import Comments
from components.corpus_example_gen.cleaning.labels import looks_outside
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence
from components.corpus_example_gen.errors import CorpusError, CorpusReadingError
from components.corpus_example_gen.readers.column_layout import (
    ColumnLayout,
    Lines,
    document_name,
    find_layout,
    is_document_comment,
    is_document_mark,
)
from components.corpus_example_gen.readers.column_roles import NO_VALUE, TAG_SPACES, column_text
from components.corpus_example_gen.settings import CorpusSettings
from components.text.tags import OUTSIDE, split_tag

# CoNLL-2012 (OntoNotes): eleven columns or more, entities as brackets in the eleventh.
_NUMBER, _TOKEN, _ENTITY = 2, 3, 10
_CELL = re.compile(r"(?:\((?P<label>[^()*\s]+))?\*?(?P<closes>\)?)")
_SAMPLE = 20  # rows that decide on the format
# A row of a mark of a sentence, behind the number of the row. EOS and BOS may be words, so they stand alone.
_MARK_ROW = re.compile(
    r"(?:[0-9]+[\t ,;]+)?(</?s>|[<\[-](?:bos|eos|sep|end)[>\]-]|<\|endoftext\|>|[be]os(?=[\t ,;]*$))(?:[\t ,;]+(.*))?",
    re.IGNORECASE,
)
_EMPTY_TOKEN = re.compile(r'""[\t,;]""|[\t,;]([^\t,;]+)')
_PIECE = re.compile(r"(?:^|[\t ,;])(?:##\w|\u2581|\u0120)")  # begins a token of a model's tokenizer


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
        ends, row = kind in ("boundary", "document_mark", "header") or layout.is_first_comment(line), None
        if kind == "token":
            row = rows.cells(number, line)
            kind, ends = ("token", rows.begins_sentence(row)) if row is not None else ("extra_row", False)
        report.line_kinds[kind] += 1
        if ends and raw:
            raw.key, raw.metadata = comments.take()
            yield raw
            raw = None
        if row is not None:
            if name := rows.begun_document():
                comments.begin_document(name)
            raw = raw or RawSentence(number, document=comments.document)
            rows.add(raw, number, line, row)
        elif kind == "document_mark" or (kind == "comment" and is_document_comment(line)):
            comments.begin_document(document_name(line))
        elif kind == "comment" and raw is None:
            comments.add(line)
        elif kind == "space_row":
            report.repair("space_row", path, number, "dropped a line of spaces, which does not end a sentence")
    if raw:
        raw.key, raw.metadata = comments.take()
        yield raw
    report.documents += comments.documents


def without_sentence_marks(lines: Lines, path: str, settings: CorpusSettings, report: IngestReport) -> Lines:
    """Returns lines in which rows such as `</s>` or `<EOS> O` are empty ones, if they separate sentences.

    A row that holds only a mark is a boundary. A mark with an outside tag is one if each sentence ends with such a row,
    or if the file has neither empty lines nor numbers of sentences and more than one such row, or one at its end.
    Otherwise it is a token. Files with pieces of words are unchanged: the check for tokens of a model refuses them.
    """
    if not any(_mark_of(line)[1] for _, line in lines()):
        return lines
    table = None  # rows with numbers of sentences
    with contextlib.suppress(CorpusReadingError):  # rows of marks may hide the columns
        table = _Rows(find_layout(lines, path, settings), path, IngestReport())
    rows, first, shown = Counter[str](), 0, ""
    # Sentences by empty lines or numbers, those that end with a mark, and marks within them.
    blocks = complete = inner = 0
    last, may_separate = "", True  # last: kind of the previous row of the sentence
    for number, line in itertools.chain(lines(), [(0, "")]):
        kind, mark = _mark_of(line)
        if table and table.layout.is_header(line):
            continue
        cells = table.cells(number, line) if table else None
        if kind == "empty" or (table and cells and table.begins_sentence(cells)):
            complete += last == "marked"
            last = ""
        if kind == "empty":
            continue
        if not is_document_mark(line):
            blocks += not last
            inner += last == "marked"
            may_separate = may_separate and kind != "entity" and not _PIECE.search(line)
            may_separate = may_separate and not (blocks > 1 and not last and kind == "marked")
            last = kind
        if mark and kind != "entity":
            rows[kind] += 1
            first, shown = first or number, shown or mark
    kinds = {"alone"} if rows["alone"] else set[str]()
    is_sure = (complete or rows["marked"] > 1) if blocks == 1 else (complete == blocks and not inner)
    if rows["marked"] and may_separate and is_sure:
        kinds.add("marked")
    if not kinds:
        return lines
    count = sum(rows[kind] for kind in kinds)
    report.note(f"{path}:{first}", f"read {counted(count, 'row')} such as {quoted(shown)} as boundaries of sentences")
    return lambda: ((number, "" if _mark_of(line)[0] in kinds else line) for number, line in lines())


def _mark_of(line: str) -> tuple[str, str]:
    """Returns the kind of a line and its mark: `empty`, `token`, `alone` (a mark without cells), `marked` or `entity`.

    >>> _mark_of("<EOS>"), _mark_of("</s> SYM O"), _mark_of("<s> B-PER"), _mark_of("EOS O")
    (('alone', '<EOS>'), ('marked', '</s>'), ('entity', '<s>'), ('token', ''))
    """
    match = _MARK_ROW.fullmatch(line)
    if empty := _EMPTY_TOKEN.fullmatch(line):
        cell = (empty[1] or "").strip('"')
        return ("token", "") if not looks_outside(cell) else ("marked" if cell else "alone", line)
    if match is None:
        return "token" if line.strip(" \t,;") else "empty", ""
    mark, others = match[1], (match[2] or "").replace(",", " ").replace(";", " ").split()
    if not others:
        return "alone", mark
    is_outside = others[-1] == mark or looks_outside(others[-1])
    return ("marked" if is_outside and not any(split_tag(cell)[0] for cell in others) else "entity"), mark


def _kind(layout: ColumnLayout, line: str, *, is_open: bool) -> str:
    """Returns the kind of a line; a comment stands before a sentence, as in CoNLL-U, or is one inside a table."""
    if layout.is_boundary(line):
        return "boundary"
    if layout.is_document_mark(line):
        return "document_mark"
    if layout.is_space_row(line):
        return "space_row"
    if layout.is_header(line):
        return "header"
    if is_open:
        return "comment" if layout.is_inner_comment(line) or layout.is_first_comment(line) else "token"
    return "comment" if layout.is_comment(line) else "token"


def _note(layout: ColumnLayout, path: str, report: IngestReport) -> None:
    roles = layout.roles
    if roles.header:
        report.note(f"{path}:{roles.header_line}", f"read as a header: {shortened(', '.join(roles.header))}")
    if layout.separator in (",", ";"):
        report.note(path, f"read as CSV with the separator {layout.separator!r}")
    elif layout.quoted:
        report.note(path, "read cells that are quoted as in CSV without their quotes")
    if layout.note:
        report.note(path, layout.note)
    if roles.document is not None:
        report.note(path, f"{column_text(roles.document)} names the documents; a new name begins a sentence")
    if roles.sentence is not None:
        again = f" ({counted(roles.returns, 'sentence')} with the value of an earlier one)" if roles.returns else ""
        report.note(path, f"{column_text(roles.sentence)} numbers the sentences; a new value begins a sentence{again}")
    if roles.attribute:
        report.note(path, f"the tags are the attribute {roles.attribute} of {column_text(roles.tag)}")
    for column, entity_type in layout.others:
        tag = roles.tag % layout.width
        report.note(
            path,
            f"{column_text(column)} holds tags, too, such as {quoted(entity_type)}; the tags are those of "
            f"{column_text(tag)}; corpus.tag_column chooses another",
        )
    if roles.restarts and roles.index is not None:
        report.note(
            path, f"numbers in {column_text(roles.index)} that restart begin a sentence, also without an empty line"
        )


class _Rows:
    """Appends the rows of a file to sentences."""

    def __init__(self, layout: ColumnLayout, path: str, report: IngestReport) -> None:
        self.layout, self.path, self.report = layout, path, report
        self._sentence = self._document = self._number = ""
        self._begun = False  # whether the row begins a document

    def cells(self, number: int, line: str) -> list[str] | None:
        """Returns the cells of a row; None for a row that is not a token."""
        cells = self.layout.split(line)
        if not self.layout.is_extra_row(cells):
            return cells
        self.report.repair("extra_row", self.path, number, f"dropped row {shortened(cells[0])}, which is not a token")
        return None

    def begins_sentence(self, cells: list[str]) -> bool:
        """Returns whether a row begins a sentence by its document, sentence number or row number."""
        roles = self.layout.roles
        document, sentence = _value(cells, roles.document), _value(cells, roles.sentence)
        self._begun = document not in ("", self._document)
        if self._begun:
            self._document, self._sentence = document, ""
        if roles.restarts and roles.index is not None and roles.index < len(cells):
            previous, self._number = self._number, cells[roles.index]
            return self._begun or self._number == "0" or (self._number == "1" and previous != "0")
        begins = sentence not in ("", self._sentence)
        self._sentence = sentence if begins else self._sentence
        return self._begun or begins

    def begun_document(self) -> str:
        """Returns the name of the document that the row of `begins_sentence` begins; empty if it begins none."""
        return self._document if self._begun else ""

    def add(self, raw: RawSentence, number: int, line: str, cells: list[str]) -> None:
        """Adds one row to a sentence."""
        problem = "found a carriage return inside the line" if "\r" in line else self.layout.row_problem(cells)
        if problem and raw.error is None:
            fix = "Correct the row, or set corpus.token_column and corpus.tag_column."
            if line.startswith("#"):
                fix = "Correct the row. Comments stand before a sentence, behind an empty line: `# name = value`."
            if "\r" in line:
                fix = "Remove it, or end all lines with LF."
            raw.error = CorpusError(self.path, number, f"{problem}: {quoted(line)}", fix)
        raw.lines.append(number)
        raw.tokens.append(cells[0] if problem else cells[self.layout.roles.token])
        tag = OUTSIDE if problem else self.layout.roles.tag_of(cells)
        if tag != tag.strip(TAG_SPACES):
            self.report.repair(
                "stripped_tag", self.path, number, f"read tag {quoted(tag)} as {quoted(tag.strip(TAG_SPACES))}"
            )
        raw.tags.append(tag.strip(TAG_SPACES))


def _value(cells: list[str], column: int | None) -> str:
    """Returns the value of a cell; empty if the row or the file lacks it."""
    value = "" if column is None or column >= len(cells) else cells[column].strip()
    return "" if value in NO_VALUE else value


def is_conll2012(lines: Lines) -> bool:
    """Returns whether a file is in this format: its rows have a number in the third column, and brackets or stars.

    >>> row = "a/b 0 0 Oslo NNP * - - - - (GPE) -"
    >>> is_conll2012(lambda: iter([(1, "#begin document (a/b); part 000"), (2, row)]))
    True
    """
    rows = 0
    for _, line in lines():
        cells = line.split()
        if not cells or line.startswith("#"):
            continue
        if len(cells) <= _ENTITY or not cells[_NUMBER].isdecimal() or not _is_entity(cells[_ENTITY]):
            return False
        rows += 1
        if rows == _SAMPLE:
            break
    return rows > 0


def read_conll2012(lines: Lines, path: str, report: IngestReport) -> Iterator[RawSentence]:
    """Yields the sentences of a file with the tags of the eleventh column as B-, I- and O.

    Args:
        lines: numbered lines of the file.
        path: the file, for errors.
        report: receives the kind of each line and the documents.
    """
    report.note(path, f"read as CoNLL-2012: entities are the brackets of {column_text(_ENTITY)}")
    raw: RawSentence | None = None
    label = ""  # of the open bracket
    document: str | int | None = None
    for number, line in lines():
        if not line.strip() or line.startswith(("#begin document", "#end document")):
            if raw:
                _close(raw, label, path)
                yield raw
                raw, label = None, ""
            begins = is_document_comment(line)
            report.line_kinds["comment" if line.startswith("#") else "boundary"] += 1
            report.documents += begins
            document = (document_name(line) or report.documents) if begins else document
            continue
        report.line_kinds["token"] += 1
        raw = raw or RawSentence(number, document=document)
        cells = line.split()
        token, tag = cells[min(_TOKEN, len(cells) - 1)], OUTSIDE
        match = _CELL.fullmatch(cells[_ENTITY]) if len(cells) > _ENTITY else None
        if token == "[WORD]":
            problem = "found [WORD] instead of a word"
            raw.error = raw.error or CorpusError(path, number, problem, "Add the words of OntoNotes (skeleton2conll).")
        elif match is None or not _fits(match, label):
            problem = f"found {quoted(line)}, expected brackets such as (GPE) or * in {column_text(_ENTITY)}"
            raw.error = raw.error or CorpusError(path, number, problem, "Correct the row.")
        else:
            tag = f"B-{match['label']}" if match["label"] else f"I-{label}" if label else OUTSIDE
            label = "" if match["closes"] else match["label"] or label
        raw.tokens.append(token)
        raw.tags.append(tag)
        raw.lines.append(number)
    if raw:
        _close(raw, label, path)
        yield raw


def _fits(match: re.Match[str], label: str) -> bool:
    """Returns whether the brackets of a cell fit the open one, of which there may be one."""
    opens, closes = bool(match["label"]), bool(match["closes"])
    return _is_entity(match[0]) and not (opens and label) and not (closes and not (opens or label))


def _is_entity(cell: str) -> bool:
    return cell != "" and bool(_CELL.fullmatch(cell)) and ("*" in cell or cell.startswith("("))


def _close(raw: RawSentence, label: str, path: str) -> None:
    if label and raw.error is None:
        problem = f"found the entity {quoted(label)} without its closing bracket"
        raw.error = CorpusError(path, raw.lines[-1], problem, "Correct the rows of the sentence.")
