"""Records of a file: JSON lines, JSON arrays, tables with JSON cells, and the values that binary formats hold."""

from __future__ import annotations

import ast
import contextlib
import csv
import io
import itertools
import json
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from components.common.errors import quoted
from components.common.json_lines import json_members, parse_json_object
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.corpus_text import CorpusText
from components.keys import TEXT_NAMES
from components.text.tags import OUTSIDE_LABELS, is_valid_tag
from components.text.words import whitespace_offsets

_SPACES = " \t\n\r"
_CONTAINERS = (("assets", "documents"), ("annotations",), ("data",), ("examples",), ("rows",), ("documents",))
"""Members of an object that hold the records: Azure, spaCy annotators, tables, the dataset viewer of Hugging Face."""

_RECORD_FIELDS = frozenset({"text", "tokens", "words", "tokenized_text", "sentence", "sentences", "sents"})
"""Fields of which a record has one, and an object with a list of records none."""

_TEXTS = frozenset({"text", "sentence", "data", "content"})
_SPANS = ("label", "labels", "entities", "spans", "annotations")
_SAMPLE = 50  # rows that may have spans
_MANY = 10_000  # rows that show that each is a span: none is a token outside entities
# Columns of a table with a row for each span, in lower case with underscores; of several, the first name counts.
_STARTS = (
    *("start", "begin", "start_offset", "begin_offset", "startoffset", "start_char", "char_start", "start_index"),
    *("start_idx", "start_pos", "offset_start", "off0", "from"),
)
_ENDS = (
    *("end", "stop", "end_offset", "endoffset", "end_char", "char_end", "end_index", "end_idx", "end_pos"),
    *("offset_end", "off1", "to"),
)
_LABEL_NAMES = (
    *("label", "type", "entity_type", "entity_label", "ner_label"),
    *("labels", "tag", "class", "category", "ner"),
)
_SURFACE_NAMES = ("entity", "span", "mention", "surface", "entity_text", "span_text", "mention_text", "value", "term")
_KEYS = ("sentence_id", "sent_id", "text_id", "doc_id", "document_id", "document", "doc", "filename", "file", "id")
# Names of numbers, of texts or of the spans in each text.
_NUMBERS = (
    *("key", "nr", "no", "num", "number", "#", "index", "idx", "row", "row_id", "record", "record_id"),
    *("item_id", "sample_id", "example_id", "uid", "uuid", "guid", "sentence_nr", "sentence_no", "sentence_number"),
)
_OFFSET = re.compile(r"([0-9]{1,18})(?:\.0)?")  # pandas makes floats of integers if some are missing
_NAME = r"[^\W\d_]\w*(?:[ ./&-][^\W\d_]\w*)*"
# `0-3 PER`, `0:3:PER`, `0,3,PER`, `PER(0,3)`, `PER: 0-3`, and what separates it from the next one
_WRITTEN_SPAN = re.compile(
    rf"[(\[<]?\s*(?:([0-9]{{1,18}})\s*[-–:,\s]\s*([0-9]{{1,18}})\s*[-–:,=\s]\s*['\"]?({_NAME})['\"]?"
    rf"|['\"]?({_NAME})['\"]?\s*[-–:,=(\[\s]\s*([0-9]{{1,18}})\s*[-–:,\s]\s*([0-9]{{1,18}}))\s*[)\]>]?\s*"
    r"(?:[;,|\n]|(?<=\s)|$)\s*"
)
_TABLE_FIELDS = frozenset({"annotation_id", "annotator", "lead_time", "updated_at", "created_at", "completed_by"})


@dataclass(frozen=True)
class Records:
    """Records of one file.

    Attributes:
        numbered: function that iterates over (line or number, JSON text) or (number, value) from the start.
        count: number of lines, or of records in files without lines.
        notes: how the file is read, if not in the usual way.
        features: description of the fields, as datasets or its viewer writes it, with names of numbered labels.
    """

    numbered: Callable[[], Iterator[tuple[int, Any]]]
    count: int
    features: Any = None
    notes: tuple[str, ...] = ()


def parse_record(item: Any) -> Any:
    """Returns the value of a record, which is an object or (spaCy) a list or null.

    Of a row of the dataset viewer of Hugging Face these are its cells. Spans may be a text that JSON or Python wrote.

    Example:
        >>> parse_record('{"text": "a"}'), parse_record({"text": "a"}), parse_record('["a", {}]', )
        ({'text': 'a'}, {'text': 'a'}, ['a', {}])

    Raises:
        ValueError: the JSON is not valid; see `parse_json_object`.
    """
    value = _parsed(item)
    if isinstance(value, dict) and "text" not in value and isinstance(value.get("Text"), str):
        value = dict(zip(_folded([*value]), map(_with_folded_names, value.values()), strict=True))
    for name in _SPANS if isinstance(value, dict) else ():
        text = value.get(name)
        if isinstance(text, str) and text[:1] in ("[", "{") and _are_spans(spans := _value_of(text)):
            value = {**value, name: spans}
    return value


def _with_folded_names(spans: Any) -> Any:
    """Returns spans that are objects with names in lower case, such as those of Amazon Comprehend."""
    if not isinstance(spans, list):
        return spans
    return [{name.lower(): part for name, part in span.items()} if isinstance(span, dict) else span for span in spans]


def _are_spans(value: Any) -> bool:
    """Returns whether a value is a list of lists and objects, or an object of lists."""
    if isinstance(value, dict):
        return all(isinstance(part, list) for part in value.values())
    return isinstance(value, list) and all(isinstance(part, list | dict) for part in value)


def _parsed(item: Any) -> Any:
    if not isinstance(item, str):
        return item
    if item.strip() == "null":
        return None
    if item.lstrip().startswith("[") and _whole_value(item) is not None:
        value = parse_json_object(f'{{"list": {item}}}')["list"]
        if len(value) >= 2 and isinstance(value[0], str) and isinstance(value[1], dict):
            return value
        if len(value) == 2 and isinstance(value[0], str) and _are_spans(value[1]):
            return [value[0], {"entities": value[1]}]
    value = parse_json_object(item)
    if not {"row_idx", "row"} <= value.keys() or not isinstance(value["row"], dict):
        return value
    cut = value.get("truncated_cells")  # the dataset viewer shortens long cells
    if isinstance(cut, list) and cut:
        raise ValueError(f"cell {quoted(cut[0])}, which the dataset viewer truncated (its Parquet file has all of it)")
    return value["row"]


def json_records(text: CorpusText, path: str) -> Records:
    """Returns the records of a JSON file: the elements of an array, the only object, or the lines.

    Lines are read as a stream, an array or an object as a whole.

    Raises:
        CorpusError: a document that is not JSON lines has a syntax error.
    """
    lines = Records(text.lines, text.line_count)
    if (document := _document(text)) is None:
        first = text.head.lstrip(_SPACES).split("\n", 1)[0].strip()
        if lines.count > 1 and first in ("[", "{", "[{"):
            _raise_syntax(text.read(), path)
        return lines
    start = len(document.text) - len(document.text.lstrip(_SPACES))
    if isinstance(document.value, list):
        return _elements(document.text, start)
    begin = _container(document.text, document.value)
    if begin is not None:
        return replace(_elements(document.text, begin), features=document.value.get("features"))
    if "\n" not in document.text.strip(_SPACES) or ".jsonl" in path.lower():
        return lines
    return Records(lambda: iter([(document.text.count("\n", 0, start) + 1, document.text)]), 1)


def is_json(text: CorpusText) -> bool:
    """Returns whether a text is one JSON list or object, or begins with a line that is an object."""
    if text.head.lstrip(_SPACES)[:1] not in ("{", "["):
        return False
    if document := _document(text):
        whole = document.value
        return isinstance(whole, dict) or (bool(whole) and isinstance(whole[0], (dict, list)))
    line = text.head.lstrip()[:1_000_000].split("\n", 1)[0]
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
    except RecursionError:  # the reader says where
        return line.startswith("{")


def span_table_separator(text: str) -> str:
    r"""Returns the separator of a table of texts and spans; empty if the text has another form.

    Its header has fields of Label Studio, or names a text and spans, which are lists, objects or texts such as
    `0-3 PER; 8-12 LOC`, or each row is one span.

    >>> span_table_separator("text,id,label,annotator,annotation_id\n"), span_table_separator("token\tlabel\n")
    (',', '')
    >>> span_table_separator("text,start,end,label\nIda left,0,3,PER\n")
    ','
    """
    header = text[: text.find("\n") + 1].rstrip("\r\n")
    for separator in ",\t;":
        names = _cells(header, separator)
        folded = _folded(names)
        if len(_TABLE_FIELDS & {*names}) >= 2 or (_TEXTS & {*folded} and _has_spans(text, separator, folded)):
            return separator
        columns = _SpanColumns.find(names)
        if columns and columns.hold_spans(_rows(text, separator)):
            return separator
    return ""


class _SpanColumns(NamedTuple):
    """Columns of a table with a row for each span; None: there is none.

    Attributes:
        text, start, end, label: columns of the text and of the span in it.
        surface: column of the text of the span.
        keys: columns that may name the text or its document.
        numbers: columns that may number the texts.
    """

    text: int | None
    start: int | None
    end: int | None
    label: int
    surface: int | None
    keys: tuple[int, ...]
    numbers: tuple[int, ...]

    @classmethod
    def find(cls, header: list[str]) -> _SpanColumns | None:
        """Returns the columns that a header names, if it names those of spans."""
        names = ["_".join(re.split(r"[\s_-]+", name.strip().casefold().removeprefix("\ufeff"))) for name in header]

        def first(known: tuple[str, ...]) -> int | None:
            return next((names.index(name) for name in known if name in names), None)

        label, text, surface = first((*_LABEL_NAMES, "entity")), first(TEXT_NAMES), first(_SURFACE_NAMES)
        start, end = first(_STARTS), first(_ENDS)
        surface = None if surface == label else surface
        if label is None or (start is None) != (end is None):
            return None
        if start is None and (text is None or surface is None):
            return None
        keys, numbers = (tuple(names.index(name) for name in known if name in names) for known in (_KEYS, _NUMBERS))
        return cls(text, start, end, label, surface, keys, numbers)

    def hold_spans(self, rows: list[list[str]]) -> bool:
        """Returns whether rows are spans: labels are types, and offsets numbers, or texts parts of another one."""
        spans = [row for row in rows if len(row) > max(filter(None, self[:5]), default=0) and row[self.label].strip()]
        labels = {row[self.label].strip() for row in spans}
        if not spans or any(map(_are_tags, labels)):
            return False
        if self.start is not None and self.end is not None:
            fitting = sum(_edge(row[self.start]) is not None and _edge(row[self.end]) is not None for row in spans)
            return 2 * fitting > len(spans)
        pairs = [(row[self.text or 0], row[self.surface or 0]) for row in spans]
        return all(surface and surface in text for text, surface in pairs) and any(
            " " in text and text != surface for text, surface in pairs
        )


def _are_tags(cell: str) -> bool:
    """Returns whether a cell is a tag, or a list of them in any form.

    >>> _are_tags("B-PER"), _are_tags("B-PER,O O"), _are_tags("['B-PER', 'O']"), _are_tags("PER")
    (True, True, True, False)
    """
    words = [word for item in items_or_words(cell) for word in item.split(",") if word]
    return all(is_valid_tag(word) or word.upper() in OUTSIDE_LABELS for word in words)


def _edge(cell: str) -> int | None:
    match = _OFFSET.fullmatch(cell.strip())
    return int(match[1]) if match else None


def _rows(text: str, separator: str) -> list[list[str]]:
    """Returns the rows of a table without its header, up to a fault."""
    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        rows.extend(itertools.islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), 1, _MANY))
    return rows


def _folded(names: list[str]) -> list[str]:
    """Returns the names of columns or fields, those of texts and spans in lower case.

    >>> _folded(["Text", "Labels", "Source"]), _folded(["text", "Text"])
    (['text', 'labels', 'Source'], ['text', 'Text'])
    """
    folded = [name.casefold() for name in names]
    return [
        low if low in _TEXTS.union(_SPANS) and folded.count(low) == 1 else name
        for name, low in zip(names, folded, strict=True)
    ]


def _has_spans(text: str, separator: str, names: list[str]) -> bool:
    """Returns whether a column with a name of spans holds spans in one of the first rows."""
    columns = [column for column, name in enumerate(names) if name in _SPANS]
    if not columns:
        return False
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    with contextlib.suppress(csv.Error):
        for cells in itertools.islice(rows, 1, _SAMPLE):
            values = [_spans_in(cells[column]) for column in columns if column < len(cells)]
            if any(items and all(isinstance(item, list | dict) for item in items) for items in values):
                return True
    return False


def _spans_in(cell: str) -> list[Any] | None:
    """Returns the spans in a cell, or other items of a list; None if it has another form.

    >>> _spans_in("0-3 PER; 8-12 LOC"), _spans_in("PER(0,3), LOC(8,12)"), _spans_in("0:3:Job Title|8:12:LOC")
    ([[0, 3, 'PER'], [8, 12, 'LOC']], [[0, 3, 'PER'], [8, 12, 'LOC']], [[0, 3, 'Job Title'], [8, 12, 'LOC']])
    >>> _spans_in("{'LOC': [[0, 4]]}"), _spans_in("1990-2000"), _spans_in("B-PER O")
    ([{'LOC': [[0, 4]]}], None, None)
    """
    value = _value_of(cell)
    if value is not None:
        return [value] * bool(value) if isinstance(value, dict) else value
    text = cell.strip()
    text = text[1:-1] if text[:1] == "[" and text[-1:] == "]" else text
    spans, at = list[Any](), 0
    while at < len(text) and (match := _WRITTEN_SPAN.match(text, at)):
        start, end, label = match.group(1, 2, 3) if match[3] else match.group(5, 6, 4)
        spans.append([int(start), int(end), label])
        at = match.end()
    return spans if spans and at == len(text) else None


def table_records(text: str, separator: str, path: str) -> Records:
    """Returns one record per row of a table with a header; a cell with a JSON list is a list, an empty one None.

    Rows that are spans are joined to a record of their text.

    Args:
        text: the table, quoted as CSV; cells may contain line ends.
        separator: its separator.
        path: the file, for errors.

    Raises:
        CorpusError: a row has another number of cells than the header, a quote is not closed, or the table lacks the
            text or offsets of its spans.
    """
    try:
        header, rows = _table(text, separator, path)
    except CorpusError:
        if separator != "\t":
            raise
        header, rows = _table(text, separator, path, quoting=csv.QUOTE_NONE)  # a text may begin with a quotation mark
        if not _SpanColumns.find(header):
            raise
    is_studio = len(_TABLE_FIELDS & {*header}) >= 2
    columns = None if is_studio else _SpanColumns.find(header)
    if columns and columns.hold_spans([cells for _, cells in rows[:_MANY]]):
        return _joined(rows, header, columns, path)
    header = _folded(header)
    columns_of_spans = [] if is_studio else [column for column, name in enumerate(header) if name in _SPANS]
    written = [column for column in columns_of_spans if _are_written([cells[column] for _, cells in rows])]
    records = []
    for line, cells in rows:
        record = dict(zip(header, map(_cell, cells), strict=True))
        for column in columns_of_spans:
            if isinstance(value := _value_of(cells[column]), dict):
                record[header[column]] = value.get("entities", value) or []
        for column in written:
            spans = _spans_in(cells[column]) if cells[column].strip() else []
            if spans is None:
                problem = f"found {quoted(cells[column], 60)} in column {quoted(header[column])}, expected spans"
                raise CorpusError(path, line, problem, 'Write them as `0-3 PER; 8-12 LOC` or `[[0, 3, "PER"]]`.')
            record[header[column]] = spans
        records.append((line, record))
    notes = tuple(f"read spans such as {quoted(next(filter(None, (c[column].strip() for _, c in rows))), 60)} "
                  f"in column {quoted(header[column])}" for column in written)  # fmt: skip
    return Records(lambda: iter(records), len(records), notes=notes)


def _are_written(cells: list[str]) -> bool:
    """Returns whether a column has spans that are texts, such as `0-3 PER`."""
    return any(_value_of(cell) is None and _spans_in(cell) for cell in cells if cell.strip())


def _table(
    text: str, separator: str, path: str, *, quoting: Literal[0, 3] = csv.QUOTE_MINIMAL
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Returns the header and the rows of a table, with their lines."""
    rows: list[tuple[int, list[str]]] = []
    limit = csv.field_size_limit(sys.maxsize)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, quoting=quoting)
        header, line = next(reader), reader.line_num + 1
        for cells in reader:
            if len(cells) != len(header) and cells:
                problem = f"found {len(cells)} cells, but the header has {len(header)}"
                raise CorpusError(path, line, problem, "Quote cells as in CSV, or export the file again.")
            if cells:
                rows.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise CorpusError(path, line, f"found invalid CSV ({error})", "Export the file again.") from error
    finally:
        csv.field_size_limit(limit)
    return header, rows


def _joined(rows: list[tuple[int, list[str]]], header: list[str], columns: _SpanColumns, path: str) -> Records:
    """Returns one record per text of a table with a row for each span.

    Raises:
        CorpusError: the table lacks the text or the offsets, or a row is not a span.
    """
    text, start, end, label, surface, keys, numbers = columns
    if start is None or end is None:
        problem = f"found a row for each entity, with its text ({quoted(header[surface or 0])}) but without its offsets"
        fix = "Add columns `start` and `end`: the number of characters before the entity, and before its end."
        raise CorpusError(path, 1, problem, fix)
    edges = [(_edge(cells[start]), _edge(cells[end]), cells) for _, cells in rows]
    spans = [(first, last, cells) for first, last, cells in edges if first is not None and last is not None]
    if text is None or (
        any(last > len(cells[text]) for _, last, cells in spans)
        and all(len(cells[text]) in (last - first, last - first + 1) for first, last, cells in spans)
    ):
        of = "" if text is None else f" (column {quoted(header[text])} holds those of the spans)"
        problem = f"found a row for each span, but not the text in which {quoted(header[start])} counts{of}"
        fix = (
            "Add it to each row as column `text`, such as with `spans.merge(texts, on='id')` of pandas. If the texts "
            "are files, write a .ann of brat next to each: T1, tab, label start end, tab, text."
        )
        raise CorpusError(path, 1, problem, fix)
    # A key that each row has for itself is the number of the row, and a number with several texts that of the span.
    candidates = (*keys, *(one for one in numbers if _is_number_of_text(rows, one, text)))
    key = next((one for one in candidates if len({cells[one] for _, cells in rows}) < len(rows)), None)
    includes = (
        surface is not None
        and bool(spans)
        and all(cells[surface] == cells[text][first : last + 1] for first, last, cells in spans)
    )
    texts: dict[tuple[str, str], tuple[int, list[dict[str, Any]]]] = {}
    for line, cells in rows:
        _, entities = texts.setdefault(("" if key is None else cells[key], cells[text]), (line, []))
        if not any(cells[column].strip() for column in (start, end, label)):
            continue  # a text without entities
        first, last, name = _edge(cells[start]), _edge(cells[end]), cells[label].strip()
        if first is None or last is None or not name:
            shown = ", ".join(quoted(cells[column], 40) for column in (start, end, label))
            raise CorpusError(path, line, f"found {shown}, expected start, end and label of a span", "Correct the row.")
        span = {"start": first, "end": last + includes, "label": name}
        entities.append(span if surface is None or not cells[surface].strip() else {**span, "text": cells[surface]})
    named = Counter(name for name, _ in texts)
    records = [
        (line, {"text": sentence, "entities": entities, **_name_of(name, named)})
        for (name, sentence), (line, entities) in texts.items()
    ]
    used = [header[column] for column in (text, start, end, label)]
    notes = (f"read each row as a span: {', '.join(used)}{', the end included' if includes else ''}",)
    return Records(lambda: iter(records), len(records), notes=notes)


def _is_number_of_text(rows: list[tuple[int, list[str]]], number: int, text: int) -> bool:
    texts: dict[str, str] = {}
    return all(texts.setdefault(cells[number], cells[text]) == cells[text] for _, cells in rows)


def _name_of(name: str, named: Counter[str]) -> dict[str, Any]:
    """Returns the id of a text, or the metadata of a text of a document with several."""
    if not name:
        return {}
    return {"id": name} if named[name] == 1 else {"meta": {"document": name}}


def items_or_words(text: str) -> list[str]:
    """Returns the items of a list of texts that Python, NumPy or JSON has written; the words of any other text.

    >>> items_or_words("['B-PER', 'O']"), items_or_words("['B-PER' 'O']"), items_or_words("[ B-PER")
    (['B-PER', 'O'], ['B-PER', 'O'], ['[', 'B-PER'])
    """
    items = _list_of(text)
    if items is not None and all(isinstance(item, str) for item in items):
        return items
    return [text[start:end] for start, end in whitespace_offsets(text)]


def _value_of(text: str) -> Any:
    """Returns the list or object that a text is, as JSON or Python writes it; None if it is something else."""
    if not (text.startswith("{") and text.endswith("}")):
        return _list_of(text)
    with contextlib.suppress(ValueError, RecursionError):
        return parse_json_object(text)
    with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
        value = ast.literal_eval(text)
        return json.loads(json.dumps(value)) if isinstance(value, dict) else None  # tuples become lists
    return None


def _list_of(text: str) -> list[Any] | None:
    """Returns the list that a text is, as JSON, Python or (of texts) NumPy writes it; None if it is something else."""
    if not (text.startswith("[") and text.endswith("]")):
        return None
    with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
        return list(parse_json_object(f'{{"list": {text}}}')["list"])
    with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError, tokenize.TokenError):
        tokens = [token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.string.strip()]
        if not any(one.type == other.type == tokenize.STRING for one, other in itertools.pairwise(tokens)):
            return [list(item) if isinstance(item, tuple) else item for item in ast.literal_eval(text)]
        if {token.type for token in tokens[1:-1]} == {tokenize.STRING}:  # NumPy; Python would join them
            return [ast.literal_eval(token.string) for token in tokens[1:-1]]
    return None


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _cell(text: str) -> Any:
    """Returns the list in a cell of JSON, None for an empty cell, and any other cell as it is."""
    items = _list_of(text)
    return items if items is not None else text or None


class _Document(NamedTuple):
    """Text of one JSON list or object, and its value with numbers as texts."""

    text: str
    value: Any


def _document(text: CorpusText) -> _Document | None:
    """Returns the only JSON list or object of a file; None if the file is something else, such as JSON lines.

    It reads the whole file only if the first lines are the beginning of a list or object that goes on, or all of it.
    """
    head = text.head
    if head.lstrip(_SPACES)[:1] not in ("{", "["):
        return None
    try:
        _LENIENT.decode(head)
    except json.JSONDecodeError as error:
        # No token goes over a line end, so only an error at the end may be due to what follows.
        if error.pos < len(head.rstrip(_SPACES)):
            return None
    except RecursionError:
        return None
    whole = text.read()
    value = _whole_value(whole)
    return None if value is None else _Document(whole, value)


def _whole_value(text: str) -> Any:
    """Returns the value if a text is one JSON list or object; None otherwise. Numbers stay texts."""
    if text.lstrip(_SPACES)[:1] not in ("{", "["):
        return None
    try:
        return _LENIENT.decode(text)
    except (ValueError, RecursionError):
        return None


def _raise_syntax(text: str, path: str) -> None:
    try:
        _LENIENT.decode(text)
    except RecursionError:
        raise CorpusError(path, 1, "found JSON with too many levels", "Write one object per line.") from None
    except json.JSONDecodeError as error:
        if "Extra data" in error.msg:
            problem = f"found a second JSON value in line {error.lineno}, after one of several lines"
            fix = "Write one object per line (`jq -c .`), or an array."
            raise CorpusError(path, error.lineno, problem, fix) from error
        problem = f"found invalid JSON ({error.msg} at character {error.colno})"
        raise CorpusError(path, error.lineno, problem, "Correct the file, or export it again.") from error


def _container(text: str, value: dict[str, Any]) -> int | None:
    """Returns the offset of the list of records in an object; None if the object is a record."""
    for names in _CONTAINERS if _RECORD_FIELDS.isdisjoint(value) else ():
        part: Any = value
        for name in names:
            part = part.get(name) if isinstance(part, dict) else None
        if not isinstance(part, list) or (names == ("annotations",) and "classes" not in value):
            continue
        if names in (("data",), ("examples",), ("rows",), ("documents",)) and not all(
            isinstance(one, dict) for one in part
        ):
            continue
        begin, raw = 0, text
        for name in names:
            try:
                member = json_members(raw)[name]
            except (ValueError, RecursionError, IndexError):
                return None
            begin += raw.index(member, raw.index(json.dumps(name)) if json.dumps(name) in raw else 0)
            raw = member
        return begin
    return None


def _elements(text: str, begin: int) -> Records:
    """Returns the elements of the list at an offset, each with the line of its first character.

    In a text of one line, as `json.dump` and pandas write it, each has its number instead.
    """
    has_lines = "\n" in text.strip(_SPACES)

    def numbered() -> Iterator[tuple[int, str]]:
        at, line, counted = _skip(text, begin + 1), 1, 0
        for number in itertools.count(1):
            if text[at] == "]":
                return
            _, end = _LENIENT.scan_once(text, at)  # type: ignore[attr-defined]  # typeshed lacks it
            line, counted = line + text.count("\n", counted, at), at
            yield line if has_lines else number, text[at:end]
            at = _skip(text, end)
            at = _skip(text, at + 1) if text[at] == "," else at

    return Records(numbered, sum(1 for _ in numbered()))


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACES:
        at += 1
    return at


# Finds the ends of records only; `parse_record` then reads each of them strictly.
_LENIENT = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
