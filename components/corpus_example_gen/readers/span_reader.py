"""Reader of texts with character spans, in JSON lines and in the exports of annotation tools."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from components.common.errors import quoted, shortened
from components.corpus_example_gen.cleaning.labels import is_tag_like
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence
from components.corpus_example_gen.digest_map import DigestMap, text_digest
from components.corpus_example_gen.errors import CorpusError, InsideWordError
from components.corpus_example_gen.readers.records import Records, parse_record
from components.corpus_example_gen.readers.span_offsets import (
    NAMES,
    Offsets,
    Unit,
    find_unit,
    fitting_units,
    has_astral,
    text_length,
    to_characters,
)
from components.corpus_example_gen.readers.span_tools import BRAT, PLAIN, Annotated, ConversionError, SpanTool
from components.corpus_example_gen.readers.token_records import token_and_tag
from components.corpus_example_gen.settings import CorpusSettings
from components.text.char_traits import CONNECTOR, SPACE, char_class
from components.text.scripts import has_hangul, is_unspaced, script_of
from components.text.tags import OUTSIDE, OUTSIDE_LABELS
from components.text.words import CHARACTERS, OFFSETS, SYLLABLES, WHITESPACE, WORDS, whitespace_offsets

_SHAPE = '{"text": "…", "entities": [[start, end, "label"], …], "meta": {…}}'
_OTHER_SPANS = ("spans", "label", "labels", "annotations", "ner")  # of other tools
_CONTENT = frozenset({"text", "sentence", "content", "tokens", "words"})  # fields of a record
_MOST_NAMES = 5  # of fields in an error
_MARKS = frozenset(
    "\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_REJECTED = {
    "reject": "records with the answer reject or ignore (Prodigy) are left out",
    "ignore": "records with the answer reject or ignore (Prodigy) are left out",
    "unlabelled": "records that nobody labelled are left out",
    "repeated": "of records with the same id (one for each annotator), the first one is read",
}


def read_spans(
    records: Records,
    tool: SpanTool,
    path: str,
    settings: CorpusSettings,
    report: IngestReport,
    tokenizer: str | None,
) -> Iterator[RawSentence]:
    """Yields one sentence per record, whose text the tokenizer cuts.

    Args:
        records: records of the file.
        tool: the tool that wrote them.
        path: the file, for errors and the report.
        settings: settings of the corpus; `offsets` is what the offsets count, `auto` finds it out.
        report: receives the repairs of spans, counts of parts left out, and the unit if it is not characters.
        tokenizer: its name, as in the graph; text for `whitespace` is cut as for `words`, so that spans need no spaces.
            None: for no model, so characters of scripts without spaces are cut, and Hangul where a span needs it.

    Raises:
        CorpusReadingError: the file leaves open what its offsets count.
    """
    if tool is not PLAIN:
        report.note(path, tool.reading or f"read as an export of {tool.title}")
    unit = (
        find_unit(_informative(records, tool, path), path, report) if settings.offsets == "auto" else settings.offsets
    )
    file = _File(path, report, unit, records=records, tool=tool, settings=settings, tokenizer=tokenizer)
    keys = DigestMap()
    for number, item in records.numbered():
        if isinstance(item, str) and not item.strip():
            report.line_kinds["boundary"] += 1
            continue
        record = _Record(file, number)
        raw = record.read(item)
        has_key = raw and tool.repeats and raw.key is not None and raw.error is None
        if has_key and keys.count(text_digest(record.key)):
            record.rejected, raw = "repeated", None
        report.line_kinds["record" if raw else _rejected_kind(record.rejected)] += 1
        if raw:
            yield raw
        else:
            report.note(path, _REJECTED[record.rejected])


def _as_csv(path: str) -> str:
    """Returns the remedy for a table with a row for each token."""
    name = Path(path).name
    is_table, has_lines = name.lower().endswith((".parquet", ".arrow")), ".jsonl" in name.lower()
    read = f"read_parquet('{name}')" if is_table else f"read_json('{name}'{', lines=True' * has_lines})"
    target = f"{Path(path).stem}.csv"
    return (
        f"Write the table as CSV, with a column that numbers the sentences and the tags as texts: "
        f"`pandas.{read}.to_csv('{target}', index=False)`."
    )


def _lists_of(value: Any) -> list[str]:
    """Returns the fields of an object that hold lists of records, such as the splits of a corpus."""
    lists = {name: part for name, part in value.items() if isinstance(part, list) and part and name.isidentifier()}
    return [name for name, part in lists.items() if isinstance(part[0], dict) and _CONTENT & part[0].keys()]


def _jq_of_list(item: Any, path: str) -> str:
    """Returns the filter of jq for records that are lists: pairs of a token and its tag, or the tokens and the tags."""
    try:
        value = json.loads(item) if isinstance(item, str) else None
    except (ValueError, RecursionError):
        return ""
    if not isinstance(value, list) or not value or not all(isinstance(one, list) for one in value):
        return ""
    each = "" if ".jsonl" in path.lower() else ".[] | "
    if all(len(pair) == 2 and all(isinstance(part, str) for part in pair) for pair in value) and all(
        is_tag_like(tag) for _, tag in value
    ):
        return f"{each}{{tokens: map(.[0]), tags: map(.[1])}}"
    if len(value) == 2 and len(value[0]) == len(value[1]) and all(isinstance(part, str) for part in value[0]):
        return f"{each}{{tokens: .[0], tags: .[1]}}"
    return ""


def _rejected_kind(reason: str) -> str:
    return reason if reason in ("unlabelled", "repeated") else "rejected"


def _informative(records: Records, tool: SpanTool, path: str) -> Iterator[tuple[int, str, Offsets]]:
    """Yields (line, text, spans) of the records in which the units of offsets differ."""
    for number, item in records.numbered():
        if isinstance(item, str) and item.isascii() and "\\u" not in item and tool.name != "azure":
            continue
        try:
            annotated = _convert(parse_record(item), tool, path)
        except ValueError:
            continue
        text, entities = annotated.text, annotated.entities
        if annotated.rejected or not isinstance(text, str) or text.isascii() or not isinstance(entities, list):
            continue
        spans = [(one[0], one[1]) for one in entities if _has_offsets(one)]
        if spans and len(spans) == len(entities):
            yield number, text, spans


def _has_offsets(entity: Any) -> bool:
    return isinstance(entity, list) and len(entity) == 3 and type(entity[0]) is int and type(entity[1]) is int


def _convert(value: Any, tool: SpanTool, path: str) -> Annotated:
    """Converts a record.

    Raises:
        ConversionError: the tool would not write this record.
    """
    if value is None and tool.name == "spacy_pairs":  # NER Annotator: a text that nobody labelled
        return Annotated("", [], rejected="unlabelled")
    try:
        if isinstance(value, list) and tool.name != "spacy_pairs":
            raise ConversionError("found a JSON list, not an object")
        if tool is not PLAIN and tool is not BRAT and not tool.matches(value):
            raise ConversionError(f"found a record without the fields of {tool.title}: {shortened(repr(value))}")
        return tool.read(value, path)
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        raise ConversionError(
            f"found a record that is not an export of {tool.title}: {shortened(repr(value))}"
        ) from error


class _Span(NamedTuple):
    """Entity of a record.

    Attributes:
        start: index of its first character.
        end: index after its last character.
        label: its type.
        written: start and end as in the file.
    """

    start: int
    end: int
    label: str
    written: tuple[int, int]


class _File:
    """Settings and state that the records of a file share."""

    def __init__(
        self,
        path: str,
        report: IngestReport,
        unit: Unit,
        *,
        records: Records,
        tool: SpanTool,
        settings: CorpusSettings,
        tokenizer: str | None,
    ) -> None:
        self.tokenizer = WORDS if tokenizer == WHITESPACE else tokenizer or CHARACTERS
        self.has_model = tokenizer is not None
        self.path, self.report, self.unit, self.tool = path, report, unit, tool
        self.certain, self.overlaps = settings.offsets != "auto", settings.overlaps
        self.records = records
        self._labels: dict[str, str] = {}

    @cached_property
    def includes_ends(self) -> bool:
        """True if most spans of the file end with a word only if their last character is at their end."""
        total, plain, included = 0, 0, 0
        for _, item in self.records.numbered():
            try:
                annotated = _convert(parse_record(item), self.tool, self.path)
            except ValueError:
                continue
            if not isinstance(annotated.text, str) or not isinstance(annotated.entities, list):
                continue
            ends = {end for _, end in OFFSETS[self.tokenizer](annotated.text)}
            spans = [entity[1] for entity in annotated.entities if _has_offsets(entity)]
            total += len(spans)
            plain += sum(end in ends for end in spans)
            included += sum(end + 1 in ends for end in spans)
        return included > max(plain, total / 2)

    def label(self, written: str) -> str | None:
        """Returns a label without white space; None if there is none, or if it would become another label."""
        label = "_".join(written.split())
        if self._labels.setdefault(label, written) != written or not label:
            return None
        if label != written:
            self.report.note(self.path, f"read the label {quoted(written)} as {label}")
        return label


class _Record:
    """Reads one record; its methods raise `CorpusError`, which `read` attaches to the sentence."""

    def __init__(self, file: _File, line: int) -> None:
        self.file, self.line = file, line
        self.path, self.report, self.unit, self.tool = file.path, file.report, file.unit, file.tool
        self.certain, self.overlaps = file.certain, file.overlaps
        self.text = ""
        self.key, self.rejected = "", ""

    def read(self, item: Any) -> RawSentence | None:
        """Returns the sentence as written, with its error if it has one; None if it is left out (`rejected`)."""
        raw = RawSentence(self.line)
        try:
            value = self._parse(item)
            record = self._converted(value)
            if record.rejected:
                self.rejected = record.rejected
                self.report.leave_out(record.left_out)
                return None
            raw.text = self.text = self._text(record, value)
            words = OFFSETS[self.file.tokenizer](self.text)
            self._set_tokens(raw, words)
            spans = self._spans(record, value)
            if not self.file.has_model and self._is_hangul_cut(words, spans):
                words = OFFSETS[SYLLABLES](self.text)
            raw.key, raw.metadata = self._key(record), self._metadata(record)
            self.key = raw.key or ""
            raw.document = record.document
            spans = self._over_marks(spans, words)
            raw.lost_spans = self._lost(spans, words)
            pieces = self._pieces(words, spans)
            self._set_tokens(raw, pieces)
            raw.tags = self._tags(spans, pieces)
            self.report.leave_out(record.left_out)
            for surface, label in record.discontinuous:
                shown = f"{quoted(label, 40)} {quoted(surface, 60)}, which has a gap"
                self.report.drop_entity("discontinuous_span", self.path, self.line, shown, label)
        except CorpusError as error:
            raw.error = error
        return raw

    def _over_marks(self, spans: Sequence[_Span], words: Sequence[tuple[int, int]]) -> list[_Span]:
        """Returns the spans, those that begin or end between a word and its invisible marks with these marks.

        Such marks set the direction of a text or join letters; tools for labels do not show them.
        """
        starts, ends = {start for start, _ in words}, {end for _, end in words}
        widened = []
        for span in spans:
            start, end = span.start, span.end
            while start not in starts and start > 0 and self.text[start - 1] in _MARKS:
                start -= 1
            while end not in ends and end < len(self.text) and self.text[end] in _MARKS:
                end += 1
            start, end = start if start in starts else span.start, end if end in ends else span.end
            if (start, end) != (span.start, span.end):
                name = quoted(self.text[span.start : span.end])
                problem = f"read the invisible marks at the word as part of span {name}"
                self.report.repair("marks_at_span", self.path, self.line, problem)
            widened.append(span._replace(start=start, end=end))
        return widened

    def _is_hangul_cut(self, words: Sequence[tuple[int, int]], spans: Sequence[_Span]) -> bool:
        """Returns whether a span begins or ends between two letters of Hangul, as before a particle."""
        edges = {edge for word in words for edge in word}
        inside = {edge for span in spans for edge in (span.start, span.end)} - edges
        return any(has_hangul(self.text[edge - 1 : edge + 1]) for edge in inside)

    def _error(self, problem: str, fix: str) -> CorpusError:
        return CorpusError(self.path, self.line, problem, fix)

    def _set_tokens(self, raw: RawSentence, offsets: Sequence[tuple[int, int]]) -> None:
        raw.tokens = [self.text[start:end] for start, end in offsets]
        raw.lines = [self.line] * len(offsets)

    def _parse(self, item: Any) -> Any:
        try:
            return parse_record(item)
        except ValueError as error:
            if command := _jq_of_list(item, self.path):
                raise self._error("found lists of tokens and tags", f"Write objects: `jq -c '{command}'`.") from error
            syntax = str(error).startswith(("invalid JSON", "a JSON"))
            jq = "`jq -c '.[]'` converts an array, `jq -c .` objects of several lines"
            advice = f"Write one object per line ({jq})" if syntax else "Correct the record"
            raise self._error(f"found {error}", f"{advice}: {_SHAPE}.") from error

    def _converted(self, value: Any) -> Annotated:
        try:
            return _convert(value, self.tool, self.path)
        except ConversionError as error:
            tool = f"The file is read as one of {self.tool.title}. corpus.format sets another format."
            fix = error.fix or "Correct the record, or export it again."
            raise self._error(str(error), f"{fix} {tool}") from error

    def _text(self, record: Annotated, value: Any) -> str:
        if not isinstance(record.entities, list) and self.tool is PLAIN and (fields := token_and_tag(value)):
            raise self._error(
                f"found one token and its tag in the fields {quoted(fields[0], 20)} and {quoted(fields[1], 20)}, "
                "expected a sentence",
                _as_csv(self.path),
            )
        if self.tool is PLAIN and record.text is None and record.entities is None and (lists := _lists_of(value)):
            fix = f"Write each list of records to a file: `jq -c '.{lists[0]}[]' FILE > {lists[0]}.jsonl`."
            raise self._error(f"found one object with the lists {', '.join(map(quoted, lists[:_MOST_NAMES]))}", fix)
        if not isinstance(record.text, str):
            forward = " (`ner predict --forward` repeats it)" if isinstance(record.entities, list) else ""
            raise self._error(
                f"found no string in field 'text', fields are {_names(value)}",
                f"Add the text to each object{forward}: {_SHAPE}.",
            )
        return record.text

    def _key(self, record: Annotated) -> str | None:
        key = record.key
        valid = type(key) in (int, type(None)) or (isinstance(key, str) and key != "" and key.isprintable())
        if not valid:
            raise self._error(f"found id {quoted(key)}", "Use a string on one line or an integer as id, or none.")
        return None if key is None else str(key)

    def _metadata(self, record: Annotated) -> dict[str, str]:
        meta = record.meta
        if meta is None:
            return {}
        if not isinstance(meta, dict):
            raise self._error(f"found {quoted(meta)} in field 'meta'", 'Write an object: {"name": "value", …}.')
        return {
            name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for name, value in meta.items()
            if value is not None
        }

    def _spans(self, record: Annotated, value: Any) -> list[_Span]:
        """Returns the spans in characters, sorted and without overlaps."""
        entities = record.entities
        plain = value if self.tool is PLAIN else {}
        others = [name for name in _OTHER_SPANS if _has_items(plain.get(name))]
        if entities == [] and others:
            problem = f"found no span in field 'entities', but {len(plain[others[0]])} in field {others[0]!r}"
            raise self._error(problem, f"Write the spans in the first one: {_SHAPE}.")
        if not isinstance(entities, list):
            raise self._error(
                f"found no list in field {record.spans_field!r}, fields are {_names(value)}",
                f"Add the spans to each object, an empty list if it has none: {_SHAPE}.",
            )
        written = [self._written(entity, value, record.spans_field) for entity in entities]
        self._written_offsets = [(start, end) for start, end, _ in written]
        offsets = to_characters(self._written_offsets, self.text, self.unit)
        unsorted = [self._trimmed(start, end, triple) for (start, end), triple in zip(offsets, written, strict=True)]
        for span, surface in zip(unsorted, record.surfaces or [None] * len(unsorted), strict=True):
            self._check_surface(span, surface)
        unsorted = self._without_repeated(unsorted)
        spans = self._longest(unsorted) if self.overlaps == "longest" else sorted(unsorted)
        for one, other in pairwise(spans):
            if other.start < one.end:
                raise self._error(
                    f"found overlapping spans {self._format(one)} and {self._format(other)}",
                    "Keep one of them: a token has one tag, so nested entities are not supported. "
                    "corpus.overlaps: longest keeps the longest one.",
                )
        return spans

    def _check_surface(self, span: _Span, surface: Any) -> None:
        """Compares a span with its text as the tool wrote it; white space may differ."""
        if not isinstance(surface, str):
            return
        text = self.text[span.start : span.end]
        if surface.split() != text.split():
            # Label Studio writes line breaks as `\\n`.
            if surface.replace("\\n", " ").split() == text.split():
                return
            problem = f"found span {self._format(span)}, whose text in the file is {quoted(surface, 60)}"
            raise self._misplaced(problem, "Correct the offsets, or export the file again.")

    def _without_repeated(self, spans: Sequence[_Span]) -> list[_Span]:
        """Returns each span once: tools save a span again that two annotators drew, or that was suggested."""
        kept: dict[_Span, None] = {}
        for span in spans:
            if span in kept:
                self.report.drop_entity("repeated_span", self.path, self.line, self._format(span), span.label)
            kept[span] = None
        return list(kept)

    def _longest(self, spans: Sequence[_Span]) -> list[_Span]:
        """Returns the spans without those that overlap a longer one, or an earlier one of the same length."""
        kept: list[_Span] = []
        for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
            at = bisect_left(kept, span)
            before, after = kept[at - 1 : at] if at else [], kept[at : at + 1]
            if (before and before[0].end > span.start) or (after and after[0].start < span.end):
                self.report.drop_entity("overlapping_span", self.path, self.line, self._format(span), span.label)
            else:
                insort(kept, span)
        return kept

    def _written(self, entity: Any, value: Any, field: str) -> tuple[int, int, str]:
        is_triple = isinstance(entity, list) and len(entity) == 3
        start, end, label = entity if is_triple else (None, None, None)
        if type(start) is not int or type(end) is not int or not isinstance(label, str):
            items = value.get(field) if isinstance(value, dict) else None
            objects = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
            shown = next((item for item in objects if is_triple and _has_parts(item, entity)), entity)
            fix = "Write whole numbers as its offsets, and a text as its label."
            if shown is entity:
                fix = 'Write spans as [start, end, "label"].'
            raise self._error(f"found span {shortened(json.dumps(shown, ensure_ascii=False))}", fix)
        known = self.file.label(label)
        if known is None:
            raise self._error(f"found label {quoted(label)}", "Use a label without white space, such as PER.")
        label = known
        if label.upper() in OUTSIDE_LABELS:
            problem = f"found label {label!r}, which stands for text outside entities"
            raise self._error(problem, "Write no span there, or give the type another name.")
        return start, end, label

    def _trimmed(self, start: int | None, end: int | None, written: tuple[int, int, str]) -> _Span:
        """Checks one span and trims white space at its ends."""
        first, last, label = written
        shown = f"[{shortened(str(first), 12)}, {shortened(str(last), 12)}, {quoted(label, 40)}]"
        if not 0 <= first < last <= self._length:
            problem = f"found span {shown} in a text of {self._length} {NAMES[self.unit]}"
            raise self._misplaced(problem, "Spans need 0 <= start < end <= length.")
        if start is None or end is None:
            problem = f"found span {shown}, which begins or ends inside a character"
            raise self._misplaced(problem, f"Move the span to the edges of the word, in {NAMES[self.unit]}.")
        trimmed = self._without_spaces(start, end)
        if trimmed is None:
            raise self._misplaced(f"found a span of white space only, {shown}", "Remove the span.")
        if trimmed != (start, end):
            span = quoted(self.text[start:end])
            if self._is_in_doubt:
                problem = f"found span {shown} {span}, which begins or ends in white space"
                fix = "Move the span to the edges of the word, or set corpus.offsets, which is in doubt in this text."
                raise self._misplaced(problem, fix)
            self.report.repair("trimmed_span", self.path, self.line, f"trimmed white space at the ends of span {span}")
        return _Span(*trimmed, label, (first, last))

    def _without_spaces(self, start: int, end: int) -> tuple[int, int] | None:
        """Returns a span without the white space at its ends; None if it holds nothing else."""
        if SPACE not in (char_class(self.text[start]), char_class(self.text[end - 1])):
            return start, end
        starts, ends = self._runs
        first, last = bisect_right(ends, start), bisect_left(starts, end) - 1
        return (max(start, starts[first]), min(end, ends[last])) if first <= last else None

    # What depends on the record only is computed once: a document may have tens of thousands of spans.

    @cached_property
    def _length(self) -> int:
        return text_length(self.text, self.unit)

    @cached_property
    def _runs(self) -> tuple[list[int], list[int]]:
        """Starts and ends of the runs without white space."""
        runs = whitespace_offsets(self.text)
        return [start for start, _ in runs], [end for _, end in runs]

    @cached_property
    def _is_in_doubt(self) -> bool:
        """True if the spans may count another unit."""
        return bool(self._other_units) or (not self.certain and has_astral(self.text))

    @cached_property
    def _other_units(self) -> list[Unit]:
        """The other units in which all spans of the record fit, if the configuration leaves it open."""
        if self.certain or self.text.isascii():
            return []
        return [unit for unit in fitting_units(self._written_offsets, self.text) if unit != self.unit]

    def _misplaced(self, problem: str, fix: str) -> CorpusError:
        """Returns the error of a span in the wrong place, which names another unit if that one fits."""
        if self._other_units:
            unit = self._other_units[0]
            problem += f"; all spans of the text fit its words if they count {NAMES[unit]}"
            fix = f"Correct the spans, or set corpus.offsets to {unit} if all records count so."
        elif not self.text.isascii():
            name = "characters (code points)" if self.unit == "characters" else NAMES[self.unit]
            fix += f" Offsets count {name} (corpus.offsets)."
        return self._error(problem, fix)

    def _lost(self, spans: Sequence[_Span], words: Sequence[tuple[int, int]]) -> int:
        """Counts the spans that the tokenizer does not cut out of the raw text."""
        starts, ends = {start for start, _ in words}, {end for _, end in words}
        return sum(span.start not in starts or span.end not in ends for span in spans)

    def _pieces(self, words: Sequence[tuple[int, int]], spans: Sequence[_Span]) -> list[tuple[int, int]]:
        """Returns the words, with those such as "Peru-Chile" split where a span ends at a connector inside them."""
        edges = sorted({edge for span in spans for edge in (span.start, span.end)})
        pieces: list[tuple[int, int]] = []
        position = 0
        for start, end in words:
            while position < len(edges) and edges[position] <= start:
                position += 1
            cuts = [start]
            while position < len(edges) and edges[position] < end:
                edge = edges[position]
                if CONNECTOR in map(char_class, self.text[edge - 1 : edge + 1]):
                    cuts.append(edge)
                position += 1
            if len(cuts) > 1:
                word = quoted(self.text[start:end])
                description = f"split word {word} at the edge of a span; serving does not split it"
                self.report.repair("word_cut_at_span", self.path, self.line, description)
            pieces += pairwise([*cuts, end])
        return pieces

    def _tags(self, spans: Sequence[_Span], pieces: Sequence[tuple[int, int]]) -> list[str]:
        """Returns one IOB2 tag per piece."""
        starts = {start: i for i, (start, _) in enumerate(pieces)}
        ends = {end: i for i, (_, end) in enumerate(pieces)}
        tags = [OUTSIDE] * len(pieces)
        for span in spans:
            first, last = starts.get(span.start), ends.get(span.end)
            if first is None or last is None:
                raise self._inside_word(span, pieces, starts)
            tags[first : last + 1] = [f"B-{span.label}"] + [f"I-{span.label}"] * (last - first)
        return tags

    def _inside_word(self, span: _Span, pieces: Sequence[tuple[int, int]], starts: dict[int, int]) -> CorpusError:
        verb, edge = ("ends", span.end) if span.start in starts else ("starts", span.start)
        word = next(self.text[first:last] for first, last in pieces if first < edge < last)
        problem = f"found span {self._format(span)}, which {verb} inside the word {quoted(word, 40)}"
        around = self.text[edge - 1 : edge + 1]
        if is_unspaced(around) and self.file.tokenizer == WORDS:
            script = script_of("".join(filter(is_unspaced, word)))
            problem += f": the tokenizer words does not cut text in the script {script}"
            return self._error(problem, "Set transform.tokenizer to characters.")
        if has_hangul(around) and self.file.tokenizer != SYLLABLES:
            return self._error(
                problem, "Set transform.tokenizer to syllables, or move the span to the edges of the word."
            )
        edges = {last for _, last in pieces}
        if verb == "ends" and all(end + 1 in edges for _, end in self._written_offsets) and self.file.includes_ends:
            fix = "Add 1 to the ends of all spans of the file: most name their last character, not the index after it."
            return InsideWordError(self.path, self.line, problem, fix)
        error = self._misplaced(problem, "Move the span to the edges of the word.")
        return InsideWordError(self.path, self.line, error.problem, error.fix)

    def _format(self, span: _Span) -> str:
        first, last = span.written
        return f"[{first}, {last}, {quoted(span.label, 40)}] {quoted(self.text[span.start : span.end], 60)}"


def _has_parts(item: dict[str, Any], entity: list[Any]) -> bool:
    """Returns whether an object has the offsets and the label of a span that was made of it."""
    values = [str(value) for value in item.values()]
    return all(part is None or str(part) in values for part in entity)


def _has_items(value: Any) -> bool:
    """Returns whether a value is a list with items, or an object with such a list."""
    return bool(value) if isinstance(value, list) else isinstance(value, dict) and any(map(_has_items, value.values()))


def _names(record: dict[str, Any]) -> str:
    names = [quoted(name, 20) for name in list(record)[:_MOST_NAMES]]
    return ", ".join([*names, *["…"] * (len(record) > _MOST_NAMES)]) or "none"
