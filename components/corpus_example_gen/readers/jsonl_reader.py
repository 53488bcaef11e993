"""Reader of JSON lines with character spans, as exported (with little conversion) by Doccano and Label Studio."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from components.common.json_lines import parse_json_object
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.column_layout import Lines
from components.corpus_example_gen.settings import CorpusSettings
from components.text.char_traits import CONNECTOR, char_class
from components.text.tags import OUTSIDE
from components.text.words import whitespace_offsets, word_offsets

_SHAPE = '{"text": "…", "entities": [[start, end, "label"], …], "meta": {…}}'


def read_jsonl(lines: Lines, path: str, settings: CorpusSettings, report: IngestReport) -> Iterator[RawSentence]:
    """Yields one sentence per line `{"text": …, "entities": [[start, end, label], …], "meta": {…}, "id": …}`.

    Offsets count code points, and `words.word_offsets` tokenizes the text. `meta` and `id` are optional.

    Args:
        lines: numbered lines of the file.
        path: the file, for errors and the report.
        settings: settings of the corpus, unused.
        report: receives the repairs of spans.
    """
    del settings
    for number, line in lines():
        if line.strip():
            yield _Record(path, number, report).read(line)


class _Record:
    """Reads one line; its methods raise `CorpusError`, which `read` attaches to the sentence."""

    def __init__(self, path: str, line: int, report: IngestReport) -> None:
        self.path, self.line, self.report = path, line, report
        self.text = ""

    def read(self, line: str) -> RawSentence:
        """Returns the sentence as written, with its error if it has one."""
        raw = RawSentence(self.line)
        try:
            record = self._parse(line)
            self.text = self._text(record)
            offsets = word_offsets(self.text)
            spans = self._spans(record)
            offsets = [part for word in offsets for part in self._parts(*word, spans)]
            raw.tokens = [self.text[start:end] for start, end in offsets]
            raw.lines = [self.line] * len(offsets)
            raw.key, raw.metadata = self._key(record), self._metadata(record)
            self._check_words(spans, offsets)
            raw.tags = _tags(spans, offsets)
        except CorpusError as error:
            raw.error = error
        return raw

    def _error(self, problem: str, fix: str) -> CorpusError:
        return CorpusError(self.path, self.line, problem, fix)

    def _parse(self, line: str) -> dict[str, Any]:
        try:
            return parse_json_object(line)
        except ValueError as error:
            fix = f"Write one object per line (`jq -c '.[]'` converts an array): {_SHAPE}."
            raise self._error(f"found {error}", fix) from error

    def _text(self, record: dict[str, Any]) -> str:
        text = record.get("text")
        if not isinstance(text, str):
            raise self._error(
                f"found no string in field 'text', fields are {', '.join(map(repr, record)) or 'none'}",
                f"Add the text to each object: {_SHAPE}.",
            )
        invalid = next((c for c in text if c == "\0" or "\ud800" <= c <= "\udfff"), None)
        if invalid is not None:
            problem = f"found U+{ord(invalid):04X} in the text, which is not a character"
            raise self._error(problem, "Remove it from the text.")
        return text

    def _key(self, record: dict[str, Any]) -> str | None:
        key = record.get("id")
        if key is not None and (isinstance(key, bool) or not isinstance(key, (str, int)) or key == ""):
            raise self._error(f"found id {key!r}", "Use a string or an integer as id, or none.")
        return None if key is None else str(key)

    def _metadata(self, record: dict[str, Any]) -> dict[str, str]:
        meta = record.get("meta")
        if meta is None:
            return {}
        if not isinstance(meta, dict):
            raise self._error(
                f"found a {type(meta).__name__} in field 'meta'", 'Write an object: {"name": "value", …}.'
            )
        return {
            name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for name, value in meta.items()
            if value is not None
        }

    def _spans(self, record: dict[str, Any]) -> list[tuple[int, int, str]]:
        """Returns the spans, (start, end, type) in code points, sorted and without overlaps."""
        entities = record.get("entities")
        if not isinstance(entities, list):
            raise self._error(
                f"found no list in field 'entities', fields are {', '.join(map(repr, record))}",
                f"Add the spans to each object, an empty list if it has none: {_SHAPE}.",
            )
        spans = sorted(self._span(entity) for entity in entities)
        for one, other in pairwise(spans):
            if other[0] < one[1]:
                raise self._error(
                    f"found overlapping spans {self._format_span(*one)} and {self._format_span(*other)}",
                    "Keep one of them: a token has one tag, so nested entities are not supported.",
                )
        return spans

    def _span(self, entity: Any) -> tuple[int, int, str]:
        """Checks one span and trims white space at its ends."""
        is_triple = isinstance(entity, list) and len(entity) == 3
        start, end, label = entity if is_triple else (None, None, None)
        if type(start) is not int or type(end) is not int or not isinstance(label, str):
            raise self._error(
                f"found span {json.dumps(entity)}", 'Write spans as [start, end, "label"], in characters.'
            )
        if label.split() != [label]:
            raise self._error(f"found label {label!r}", "Use a label without white space, such as PER.")
        if not 0 <= start < end <= len(self.text):
            raise self._error(
                f"found span [{start}, {end}, {label!r}] in a text of {len(self.text)} characters",
                "Spans need 0 <= start < end <= length; offsets count characters (code points), not bytes.",
            )
        pieces = whitespace_offsets(self.text[start:end])
        if not pieces:
            raise self._error(f"found a span of white space only, [{start}, {end}, {label!r}]", "Remove the span.")
        trimmed = start + pieces[0][0], start + pieces[-1][1]
        if trimmed != (start, end):
            description = f"trimmed white space at the ends of span {self.text[start:end]!r}"
            self.report.repair("trimmed_span", self.path, self.line, description)
        return *trimmed, label

    def _parts(self, start: int, end: int, spans: list[tuple[int, int, str]]) -> list[tuple[int, int]]:
        """Splits a word such as "Peru-Chile" where a span ends at a connector inside it."""
        edges = {edge for span in spans for edge in span[:2] if start < edge < end}
        cuts = sorted(edge for edge in edges if CONNECTOR in map(char_class, self.text[edge - 1 : edge + 1]))
        if cuts:
            description = f"split word {self.text[start:end]!r} at the edge of a span; serving does not split it"
            self.report.repair("word_cut_at_span", self.path, self.line, description)
        return list(pairwise([start, *cuts, end]))

    def _check_words(self, spans: list[tuple[int, int, str]], offsets: list[tuple[int, int]]) -> None:
        """Checks that spans start and end at the edges of words."""
        starts, ends = {start for start, _ in offsets}, {end for _, end in offsets}
        for start, end, label in spans:
            for edge, allowed, verb in ((start, starts, "starts"), (end, ends, "ends")):
                if edge in allowed:
                    continue
                word = next(self.text[first:last] for first, last in offsets if first < edge < last)
                raise self._error(
                    f"found span {self._format_span(start, end, label)}, which {verb} inside the word {word!r}",
                    "Move the span to the edges of the word; offsets count characters (code points), not bytes.",
                )

    def _format_span(self, start: int, end: int, label: str) -> str:
        return f"[{start}, {end}, {label!r}] {self.text[start:end]!r}"


def _tags(spans: list[tuple[int, int, str]], offsets: list[tuple[int, int]]) -> list[str]:
    """Returns one IOB2 tag per word; spans start and end at the edges of words."""
    tags = [OUTSIDE] * len(offsets)
    for start, end, label in spans:
        inside = [i for i, (first, last) in enumerate(offsets) if start <= first and last <= end]
        tags[inside[0] : inside[-1] + 1] = [f"B-{label}"] + [f"I-{label}"] * (len(inside) - 1)
    return tags
