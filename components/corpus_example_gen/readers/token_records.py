"""Records of tokens with tags or spans: Hugging Face, training JSON of spaCy, GLiNER, SpERT, DyGIE++, DocRED."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from components.common.errors import quoted, shortened
from components.corpus_example_gen.cleaning.labels import is_tag_like
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import DOCUMENTS, RawSentence
from components.corpus_example_gen.corpus.layout import label_name_files
from components.corpus_example_gen.errors import CorpusError, CorpusReadingError
from components.corpus_example_gen.readers.column_roles import TAG_NAMES, TOKEN_NAMES
from components.corpus_example_gen.readers.records import Records, items_or_words, parse_record
from components.text.spans import spans
from components.text.tags import OUTSIDE, to_iob2
from components.text.words import whitespace_offsets

_TEXTS = ("sentence", "text")  # a list of tokens, or a text with spaces between them
_TOKENS = ("tokens", "words", "token", "tokenized_text", *_TEXTS)
_TAGS = ("ner_tags", "tags", "labels", "ner", "ner_tag", "named_entity", "bio_tags", "iob_tags", "label")
_SPANS = ("entities", "entity_mentions", "spans", "ner")
_LABELS = ("type", "label", "entity_type", "entity_group")  # of a span that is an object
_SURFACES = ("text", "name", "word")
_DOCUMENT_NAMES = ("doc_key", "title", *DOCUMENTS)
_MASKED = -100  # transformers: a part of a word, or a mark such as [CLS]
_MISSING = "-"  # spaCy: nobody labelled the token
_MISC_FIELDS = ("pos_tags", "chunk_tags", "langs", "spans")
_ANY = (str, int, float, bool, type(None))  # a list of such values is one of tokens or tags, possibly with faults
_FRONT_MATTER = re.compile(r"\ufeff?---\s*\n(.*?)\n---\s*(?:\n|$)", re.DOTALL)


class TokenSpan(NamedTuple):
    """An entity in a record, not checked yet.

    Attributes:
        first: index of its first token.
        end: index after its last token.
        label: its type.
        shown: the span as written, for errors.
        surface: its text as the tool wrote it; None if the tool does not.
    """

    first: Any
    end: Any
    label: Any
    shown: str
    surface: str | None = None

    def has_surface(self, tokens: Sequence[str]) -> bool:
        """Returns whether its tokens are those of its text, if it has one."""
        parts = "".join(tokens[self.first : self.end]).split()
        return self.surface is None or "".join(self.surface.split()) == "".join(parts)


Rows = Iterator[tuple[Any, Any, Any, dict[str, str]]]
"""Sentences as (tokens, tags or `TokenSpan`s, id, metadata); tags may be numbers."""


class TokenTool(NamedTuple):
    """A tool whose records hold tokens.

    Attributes:
        name: value of `corpus.format`.
        title: name for people.
        matches: whether a record has the tool's fields.
        sentences: yields the sentences of a record.
        shape: form of its spans, for errors; empty if it has tags.
    """

    name: str
    title: str
    matches: Callable[[Any], bool]
    sentences: Callable[[Any], Rows]
    shape: str = ""


def _field(record: dict[str, Any], names: tuple[str, ...], kinds: tuple[type, ...]) -> str | None:
    """Returns the first field that is a list of values of some types."""
    for name in names:
        value = record.get(name)
        if isinstance(value, list) and all(type(item) in kinds for item in value):
            return name
    return None


def _fields(record: dict[str, Any]) -> tuple[str, str] | None:
    """Returns the fields with the tokens and the tags; None if the record lacks one of them."""
    tokens = _field(record, _TOKENS, (str,)) or _field(record, _TOKENS, _ANY)
    tags = _field(record, _TAGS, (int, str)) or _field(record, _TAGS, _ANY)
    if tags and not tokens and "entities" not in record and _are_tags(record[tags]):
        tokens = next((name for name in _TEXTS if isinstance(record.get(name), str)), None)
    return (tokens, tags) if tokens and tags else None


def _as_lists(record: dict[str, Any]) -> dict[str, Any]:
    """Returns a record with lists in the place of texts with spaces (`B-PER O`), and of tokens that are objects.

    A list that Python has written as a text (`['B-PER', 'O']`) counts as well.

    >>> _as_lists({"text": "Ida left", "labels": "B-PER O"})
    {'text': ['Ida', 'left'], 'labels': ['B-PER', 'O']}
    >>> _as_lists({"tokens": [{"word": "Ida", "ner": "B-PER"}]})
    {'tokens': ['Ida'], 'ner_tags': ['B-PER']}
    """
    for name in _TOKENS:
        items = record.get(name)
        if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
            continue
        fields = {token_and_tag(item) for item in items}
        if len(fields) == 1 and (pair := fields.pop()):
            return {**record, name: [item[pair[0]] for item in items], _TAGS[0]: [item[pair[1]] for item in items]}
    tag_name = next((name for name in _TAGS if isinstance(record.get(name), str)), "")
    tags = items_or_words(record[tag_name]) if tag_name else []
    if not tags or not all(map(is_tag_like, tags)):
        return record
    token_name = next((name for name in _TOKENS if isinstance(record.get(name), str)), "")
    if token_name:
        return {**record, token_name: items_or_words(record[token_name]), tag_name: tags}
    return {**record, tag_name: tags} if _field(record, _TOKENS, (str,)) else record


def _are_tags(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(value, str) and is_tag_like(value) for value in values)


def _rows(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the rows of a record that holds columns, as lists or (pandas) as objects by number, or sentences.

    Any other record is the only row.

    >>> _rows({"tokens": [["Oslo"], ["is"]], "tags": [["B-LOC"], ["O"]]})
    [{'tokens': ['Oslo'], 'tags': ['B-LOC']}, {'tokens': ['is'], 'tags': ['O']}]
    >>> _rows({"doc_id": "a", "sentences": [{"tokens": ["Oslo"], "tags": ["B-LOC"]}]})
    [{'document': 'a', 'tokens': ['Oslo'], 'tags': ['B-LOC']}]
    """
    sentences = record.get("sentences")
    if isinstance(sentences, list) and sentences and all(isinstance(one, dict) for one in sentences):
        is_row = _fields(_as_lists(record)) is not None  # the sentences are something else
        return [record] if is_row else [{**_document(record), **sentence} for sentence in sentences]
    lists = {name: [*value.values()] if isinstance(value, dict) else value for name, value in record.items()}
    lists = {name: value for name, value in lists.items() if isinstance(value, list)}
    tags = next((lists[name] for name in _TAGS if lists.get(name)), ())
    if not tags or not all(isinstance(one, list) for one in tags):
        return [record]
    columns = {name: value for name, value in lists.items() if len(value) == len(tags)}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _document(record: dict[str, Any]) -> dict[str, str]:
    """Returns the metadata that name the document of a record."""
    name = next((record[name] for name in _DOCUMENT_NAMES if isinstance(record.get(name), str)), "")
    return {"document": name} if name else {}


def _is_hugging_face(record: Any) -> bool:
    if not isinstance(record, dict) or _is_gliner(record) or (token_and_tag(record) and "entities" not in record):
        return False
    row = _as_lists(_rows(record)[0])
    fields = _fields(row)
    return fields is not None and bool(row[fields[1]] or fields[1] not in _SPANS)


def _hugging_face(record: dict[str, Any]) -> Rows:
    for row in _rows(record):
        yield _sentence_of(row)


def _sentence_of(record: dict[str, Any]) -> tuple[Any, Any, Any, dict[str, str]]:
    record = _as_lists(record)
    fields = _fields(record)
    if fields is None:
        raise ValueError(f"found no tokens and tags, fields are {', '.join(map(quoted, list(record)[:5])) or 'none'}")
    tokens, tags = fields
    length = len(record[tags])
    twice = [
        name for name in _TAGS if name != tags and _field(record, (name,), (int, str)) and len(record[name]) == length
    ]
    if twice and length:
        raise ValueError(f"found tags in the fields {tags!r} and {twice[0]!r}")
    used = {tokens, tags, "id", *_MISC_FIELDS}
    meta = {name: value for name, value in record.items() if name not in used and isinstance(value, str)}
    words = record[tokens]
    if isinstance(words, str):
        words = [words[start:end] for start, end in whitespace_offsets(words)]
    return words, record[tags], record.get("id"), meta


def _is_spacy_json(record: Any) -> bool:
    return isinstance(record, dict) and isinstance(record.get("paragraphs"), list)


def _spacy_json(record: dict[str, Any]) -> Rows:
    for paragraph in record["paragraphs"]:
        for sentence in paragraph["sentences"]:
            tokens = sentence["tokens"]
            yield [token["orth"] for token in tokens], [token.get("ner", _MISSING) for token in tokens], None, {}


# Spans of tokens. Ends are the last token (GLiNER, DyGIE++) or the one behind it (SpERT, DocRED).


def _is_gliner(record: Any) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("tokenized_text"), list):
        return False
    return isinstance(record.get("ner"), list) and all(isinstance(span, list) for span in record["ner"])


def _spans_field(record: dict[str, Any]) -> tuple[str, str] | None:
    """Returns the fields with the tokens and with spans of tokens; None if a text or tags may be meant."""
    tokens = _field(record, _TOKENS, (str,))
    for name in _SPANS if tokens else ():
        # Next to a text, offsets count its characters, except in the files of OneIE.
        has_text = any(isinstance(record.get(text), str) for text in _TEXTS) and name != "entity_mentions"
        spans = record.get(name)
        if has_text or not isinstance(spans, list) or not all(map(_is_span, spans)):
            continue
        if tokens and (spans or _field(record, _TAGS, (int, str)) in (None, name)):
            return tokens, name
    return None


def _is_span(span: Any) -> bool:
    if isinstance(span, dict):
        return {"start", "end"} <= span.keys() or isinstance(span.get("index"), list)
    return isinstance(span, list) and len(span) == 3 and type(span[0]) is type(span[1]) is int


def _is_spert(record: Any) -> bool:
    return isinstance(record, dict) and not _is_gliner(record) and _spans_field(record) is not None


def _token_spans(record: dict[str, Any], *, included: bool) -> Rows:
    fields = ("tokenized_text", "ner") if _is_gliner(record) else _spans_field(record)
    if fields is None:
        raise ValueError(f"found no tokens with spans, fields are {', '.join(map(quoted, list(record)[:5])) or 'none'}")
    meta = {name: record[name] for name in DOCUMENTS if isinstance(record.get(name), str)}
    key = next((record[name] for name in ("id", "sent_id") if record.get(name) is not None), None)
    yield record[fields[0]], [_span(span, included=included) for span in record[fields[1]]], key, meta


def _span(span: Any, *, included: bool, offset: int = 0) -> TokenSpan:
    """Returns a span that is an object or [start, end, label]; `offset` is the number of its sentence's first token."""
    shown = shortened(json.dumps(span, ensure_ascii=False))
    if isinstance(span, dict) and isinstance(index := span.get("index"), list):  # W2NER: the numbers of all tokens
        first, last = (index[0], index[-1]) if index and all(type(i) is int for i in index) else (0, -1)
        if index != list(range(first, last + 1)):
            raise ValueError(f"found span {shown}, which has a gap; a token has one tag, and an entity has no gap")
        start, end, included = first, last, True
    elif isinstance(span, dict):
        start, end = span.get("start"), span.get("end")
    else:
        start, end = (span[0], span[1]) if len(span) >= 3 else (None, None)
    label, surface = span[2] if isinstance(span, list) and len(span) >= 3 else None, None
    if isinstance(span, dict):
        label = next((span[name] for name in _LABELS if isinstance(span.get(name), str)), None)
        surface = next((span[name] for name in _SURFACES if isinstance(span.get(name), str)), None)
    if type(start) is not int or type(end) is not int:
        return TokenSpan(None, None, label, shown)
    return TokenSpan(start - offset, end - offset + included, label, shown, surface)


def _is_dygie(record: Any) -> bool:
    if not isinstance(record, dict) or not all(isinstance(record.get(name), list) for name in ("sentences", "ner")):
        return False
    sentences, ner = record["sentences"], record["ner"]
    return bool(sentences) and all(isinstance(one, list) for one in (*sentences, *ner))


def _dygie(record: dict[str, Any], *, of_document: bool = True) -> Rows:
    sentences, ner = record["sentences"], record["ner"]
    if len(sentences) != len(ner):
        raise ValueError(f"found {len(sentences)} sentences and {len(ner)} lists of spans")
    offset = 0
    for tokens, own in zip(sentences, ner, strict=True):
        yield tokens, [_span(span, included=True, offset=offset) for span in own], None, _document(record)
        offset += len(tokens) if of_document else 0


def _is_docred(record: Any) -> bool:
    return isinstance(record, dict) and all(isinstance(record.get(name), list) for name in ("sents", "vertexSet"))


def _docred(record: dict[str, Any]) -> Rows:
    sentences = record["sents"]
    spans: list[list[TokenSpan]] = [[] for _ in sentences]
    for mention in (mention for entity in record["vertexSet"] for mention in entity):
        shown = shortened(json.dumps(mention, ensure_ascii=False))
        number = mention["sent_id"]
        if not 0 <= number < len(sentences):
            raise ValueError(f"found span {shown} in a text of {len(sentences)} sentences")
        first, end = mention["pos"]
        spans[number].append(TokenSpan(first, end, mention["type"], shown))
    for tokens, own in zip(sentences, spans, strict=True):
        yield tokens, own, None, _document(record)


def _tags_of_spans(
    tokens: Sequence[str], spans: Sequence[TokenSpan], shape: str, drop: Callable[[str, TokenSpan], None] | None
) -> list[str]:
    """Returns the tags of a sentence.

    Args:
        tokens: its tokens.
        spans: its spans; equal ones count once.
        shape: form of a span, for errors.
        drop: takes kind and span of those that overlap a longer one; None: they are errors.

    Raises:
        ValueError: a span is not one of the tokens, or overlaps another one.
    """
    tags = [OUTSIDE] * len(tokens)
    kept = dict[tuple[int, int, str], TokenSpan]()
    for span in spans:
        first, end, label = span.first, span.end, span.label
        if type(first) is not int or type(end) is not int or not isinstance(label, str) or not label.strip():
            raise ValueError(f"found span {span.shown}, expected {shape}")
        if not 0 <= first < end <= len(tokens):
            raise ValueError(f"found span {span.shown} in a text of {len(tokens)} tokens, expected {shape}")
        if not span.has_surface(tokens):
            written = quoted(" ".join(tokens[first:end]), 60)
            raise ValueError(f"found span {span.shown}, whose tokens are {written}, expected {shape}")
        kept.setdefault((first, end, "_".join(label.split())), span)
    by_length = sorted(kept, key=lambda span: (span[0] - span[1], span[0])) if drop else kept
    for first, end, name in by_length:
        if set(tags[first:end]) == {OUTSIDE}:
            tags[first:end] = [f"B-{name}", *[f"I-{name}"] * (end - first - 1)]
        elif drop:
            drop(name, kept[first, end, name])
        else:
            raise ValueError(
                f"found span {kept[first, end, name].shown}, which overlaps another one; a token has one tag, and "
                "corpus.overlaps: longest keeps the longest span"
            )
    return tags


_INCLUDED, _EXCLUDED = "[first token, last token, label]", "[first token, token after the last one, label]"
_HUGGING_FACE = TokenTool("hugging_face", "Hugging Face (tokens and ner_tags)", _is_hugging_face, _hugging_face)
_GLINER = TokenTool(
    "gliner", "GLiNER (tokenized_text and ner)", _is_gliner, partial(_token_spans, included=True), _INCLUDED
)
_SPERT = TokenTool("spert", "SpERT (tokens and entities)", _is_spert, partial(_token_spans, included=False), _EXCLUDED)
_DYGIE = TokenTool("dygie", "DyGIE++ or SciERC (sentences and ner)", _is_dygie, _dygie, f"{_INCLUDED} of the document")

TOKEN_TOOLS = (
    _HUGGING_FACE,
    TokenTool("spacy_json", "spaCy (training JSON)", _is_spacy_json, _spacy_json),
    _GLINER,
    _SPERT,
    _DYGIE,
    TokenTool("docred", "DocRED (sents and vertexSet)", _is_docred, _docred, '{"pos": [first, end], "sent_id": …}'),
)
"""All tools with tokens."""


def resolve_span_offsets(tool: TokenTool, records: Records, path: str, report: IngestReport) -> TokenTool:
    """Returns the tool with the meaning of its spans, which all records decide.

    Spans of `tokens` and `entities` exclude their end as in SpERT, unless one needs it included. Those of `sentences`
    and `ner` count the tokens of the document as in DyGIE++, unless they only fit those of their sentence.

    Raises:
        CorpusReadingError: the records leave the meaning open.
    """
    if tool not in (_SPERT, _DYGIE):
        return tool
    sentence_tool = _DYGIE._replace(sentences=partial(_dygie, of_document=False), shape=f"{_INCLUDED} of the sentence")
    other = _GLINER._replace(title=tool.title) if tool is _SPERT else sentence_tool
    misfits: dict[str, tuple[int, str]] = {}  # first span that only the other reading allows, and the reverse
    is_sure, triple = False, (0, "")
    for number, item in records.numbered():
        try:
            value = parse_record(item) if not isinstance(item, str) or item.strip() else None
            both = zip(tool.sentences(value), other.sentences(value), strict=True) if tool.matches(value) else ()
            pairs = [(row[0], *ends) for row, again in both for ends in zip(row[1], again[1], strict=True)]
        except (ValueError, KeyError, TypeError, IndexError):
            continue  # the reader names the record
        for tokens, one, two in pairs:
            if type(one.first) is not int or type(one.end) is not int:
                continue
            fits, fits_other = (
                0 <= span.first < span.end <= len(tokens) and span.has_surface(tokens) for span in (one, two)
            )
            if fits != fits_other:
                misfits.setdefault(tool.name if fits else "other", (number, one.shown))
            is_sure = is_sure or one.shown.startswith("{")
            triple = triple if triple[0] else (number, one.shown)
    if tool is _SPERT:
        _refuse_characters(records, path)
    if tool is _SPERT and (len(misfits) > 1 or not (misfits or is_sure or not triple[0])):
        (line, shown), *more = misfits.values() or (triple,)
        against = f", but {more[0][1]} of {more[0][0]} only if it is not" if more else ""
        problem = f"leaves open whether the end of a span such as {shown} is its last token{against}"
        fix = "Set corpus.format to gliner if it is, or to spert if it is the token after the last one."
        raise CorpusReadingError(path, line, problem, fix)
    if "other" in misfits and len(misfits) == 1:
        report.note(path, f"read spans as {other.shape}: {misfits['other'][1]} fits only so")
        return other
    return tool


def _refuse_characters(records: Records, path: str) -> None:
    """Refuses spans next to tokens that count the characters of a text, which SpERT would take for tokens.

    The text is another field with the same characters, or the tokens joined by spaces. Nothing is refused if a span
    does not fit it.

    Raises:
        CorpusReadingError: one counts characters only, or means other tokens if it does.
    """
    of_characters, open_ones = (0, "", ""), (0, "", "")
    for number, item in records.numbered():
        try:
            record = parse_record(item) if not isinstance(item, str) or item.strip() else {}
            rows = [*_SPERT.sentences(record)] if _SPERT.matches(record) else []
        except (ValueError, KeyError, TypeError, IndexError):
            continue  # the reader names the record
        for tokens, own_spans, _, _ in rows:
            field = next((name for name, value in record.items() if _is_text_of(value, tokens)), "")
            text = record[field] if field else " ".join(tokens)
            starts, ends = _edges(text, tokens)
            for span in own_spans:
                own = (starts.get(span.first, len(tokens)), ends.get(span.end, 0))
                if own[0] >= own[1] or (span.surface and text[span.first : span.end] != span.surface):
                    return
                may_be = 0 <= span.first < span.end <= len(tokens) and span.has_surface(tokens)
                if not may_be:
                    of_characters = of_characters if of_characters[0] else (number, span.shown, field)
                elif field and own != (span.first, span.end):
                    open_ones = open_ones if open_ones[0] else (number, span.shown, field)
    line, shown, field = of_characters if of_characters[0] else open_ones
    if not line:
        return
    where = f"the field {quoted(field)}" if field else "the text that the tokens make"
    problem = f"found span {shown}, which {'counts' if of_characters[0] else 'may count'} characters of {where}"
    fix = "Add the text to each record as field 'text'" + (
        "." if of_characters[0] else ", or set corpus.format to spert."
    )
    raise CorpusReadingError(path, line, problem, fix)


def _is_text_of(value: Any, tokens: Sequence[str]) -> bool:
    return isinstance(value, str) and "".join(value.split()) == "".join("".join(tokens).split())


def _edges(text: str, tokens: Sequence[str]) -> tuple[dict[Any, int], dict[Any, int]]:
    """Returns the offsets in a text at which tokens start, with the number of tokens before, and end, with one more.

    >>> _edges("Ida left.", ["Ida", "left", "."])
    ({0: 0, 4: 1, 8: 2}, {3: 1, 8: 2, 9: 3})
    """
    starts, ends, at = dict[Any, int](), dict[Any, int](), 0
    for number, token in enumerate(tokens):
        at = text.find(token, at)
        if at < 0:
            return {}, {}
        starts.setdefault(at, number)
        at += len(token)
        ends[at] = number + 1
    return starts, ends


def token_and_tag(record: dict[str, Any]) -> tuple[str, str] | None:
    """Returns the fields of a record of one token and its tag, as in a table; None if it is something else.

    >>> token_and_tag({"Sentence #": 1, "Word": "Oslo", "Tag": "B-LOC"})
    ('Word', 'Tag')
    """
    names = {name.casefold(): name for name, value in record.items() if isinstance(value, str)}
    numbers = {name.casefold(): name for name, value in record.items() if type(value) is int}
    token = next((names[name] for name in TOKEN_NAMES if name in names), None)
    tag = next((names[name] for name in TAG_NAMES if name in names), None)
    if token and len(record[token].split()) > 1:
        return None
    if token == names.get("text") and tag and not is_tag_like(record[tag]):  # a text and its class
        return None
    tag = tag or next((numbers[name] for name in TAG_NAMES if name in numbers), None)
    return (token, tag) if token and tag else None


def read_tokens(
    records: Records, tool: TokenTool, path: str, report: IngestReport, *, keeps_longest: bool
) -> Iterator[RawSentence]:
    """Yields the sentences of all records as written.

    Args:
        records: records of the file.
        tool: the tool that wrote them.
        path: the file, for errors and the names of numbered labels.
        report: receives the kind of each record, and the spans that are dropped.
        keeps_longest: whether the longest of overlapping spans is kept (`corpus.overlaps`); otherwise they are errors.
    """
    names = label_names(records.features)
    report.note(path, f"read as an export of {tool.title}")
    for number, item in records.numbered():
        if isinstance(item, str) and not item.strip():
            report.line_kinds["boundary"] += 1
            continue
        report.line_kinds["record"] += 1
        try:
            value = parse_record(item)
            if tool.shape:
                report.leave_out({"relations": _count_relations(value)})
            for tokens, tags, key, meta in tool.sentences(value):
                if tags and all(tag in (_MISSING, None) for tag in tags) and tool.name == "spacy_json":
                    report.leave_out({"unlabelled sentences": 1})
                    continue
                if tool.shape:
                    drop = partial(_drop, report, path, number) if keeps_longest else None
                    tags = _tags_of_spans(tokens, tags, tool.shape, drop)
                tags = list(map(_whole, tags))
                if not names and any(type(tag) is int for tag in tags):
                    names = _names_near(path)
                    report.note(path, f"numbers of labels stand for {shortened(', '.join(names))}")
                yield _sentence(number, tokens, _named(tags, names), None if key is None else str(key), meta)
        except CorpusError:
            raise
        except ValueError as error:
            yield RawSentence(number, error=CorpusError(path, number, str(error), "Correct the record."))
        except (AttributeError, KeyError, TypeError, IndexError):
            problem = f"found a record that is not an export of {tool.title}: {shortened(repr(value))}"
            yield RawSentence(number, error=CorpusError(path, number, problem, "Correct the record."))


def _count_relations(record: Any) -> int:
    """Counts the relations of a record, which DyGIE++ lists by sentence."""
    if not isinstance(record, dict):
        return 0
    relations = next((record[name] for name in ("relations", "relation_mentions", "labels") if name in record), ())
    return sum(len(one) if isinstance(one, list) else 1 for one in relations or ())


def _drop(report: IngestReport, path: str, line: int, label: str, span: TokenSpan) -> None:
    report.drop_entity("overlapping_span", path, line, span.shown, label)


def entities_of(tool: TokenTool, record: Any, features: Any, path: str) -> tuple[str, set[tuple[int, int, str]]]:
    """Returns the text of a record without white space, and its entities as (start, end, type) in it.

    Example:
        >>> entities_of(TOKEN_TOOLS[0], {"tokens": ["Ida", "left"], "tags": ["B-PER", "O"]}, None, "a.json")
        ('Idaleft', {(0, 3, 'PER')})

    Args:
        tool: the tool that wrote the record.
        record: the record.
        features: description of its fields (`Records.features`).
        path: the file, for the names of numbered labels.

    Raises:
        ValueError: the record is not one of the tool; so do other errors of its type.
    """
    text, entities, names = "", set[tuple[int, int, str]](), label_names(features)
    for tokens, tags, _, _ in tool.sentences(record):
        tags = _tags_of_spans(tokens, tags, tool.shape, None) if tool.shape else tags
        if not names and any(type(tag) is int for tag in tags):
            names = _names_near(path)
        pieces = ["".join(token.split()) for token in tokens]
        starts = [len(text), *(len(text) + end for end in accumulate(map(len, pieces)))]
        tags = to_iob2(_named(list(map(_whole, tags)), names))
        entities |= {(starts[span.start], starts[span.end], span.type) for span in spans(tags)}
        text += "".join(pieces)
    return text, entities


def _sentence(line: int, tokens: list[str], tags: list[str], key: str | None, meta: dict[str, str]) -> RawSentence:
    if not all(isinstance(token, str) for token in tokens):
        raise ValueError(f"found tokens {quoted(tokens)}, expected texts")
    if len(tokens) != len(tags):
        raise ValueError(f"found {len(tokens)} tokens and {len(tags)} tags")
    if key is not None and (not key or not key.isprintable()):
        raise ValueError(f"found id {quoted(key)}, expected a text on one line or an integer")
    return RawSentence(line, tokens, tags, [line] * len(tokens), key, meta)


def _whole(tag: Any) -> Any:
    """Returns a whole number as an integer; pandas makes floats of integers if some are missing."""
    return int(tag) if isinstance(tag, float) and tag.is_integer() else tag


def _named(tags: list[Any], names: tuple[str, ...]) -> list[str]:
    """Returns tags as texts; numbers are places in the names of the labels."""
    result = []
    for place, tag in enumerate(tags, 1):
        if tag is None:
            raise ValueError(f"found no tag (null) for token {place} of {len(tags)}")
        if tag == _MASKED:
            raise ValueError(f"found the label {_MASKED}, which transformers gives to parts of words, expected words")
        if type(tag) is int:
            if not 0 <= tag < len(names):
                raise ValueError(f"found the label {tag}, but the file names {len(names)} labels")
            tag = names[tag]
        if not isinstance(tag, str):
            raise ValueError(f"found the tag {quoted(tag)}, expected a text or the number of a label")
        result.append(tag)
    return result


def label_names(features: Any) -> tuple[str, ...]:
    """Returns the names of the labels in a description of features; empty if there are none.

    Example:
        >>> label_names({"ner_tags": {"feature": {"names": ["O", "B-PER"], "_type": "ClassLabel"}}})
        ('O', 'B-PER')
        >>> label_names([{"name": "ner_tags", "type": {"feature": {"names": ["O", "B-PER"]}}}])
        ('O', 'B-PER')
    """
    if isinstance(features, list):  # of the dataset viewer
        features = {str(one.get("name")): one.get("type") for one in features if isinstance(one, dict)}
    if not isinstance(features, dict):
        return ()
    for field in _TAGS:
        names = _class_names(features.get(field))
        if names:
            return names
    return ()


def _class_names(feature: Any) -> tuple[str, ...]:
    """Returns the names of a ClassLabel, alone or in a sequence, as any version of datasets writes it."""
    while isinstance(feature, (dict, list)):
        if isinstance(feature, list):
            feature = feature[0] if feature else None
            continue
        names = feature.get("names")
        if not names and isinstance(feature.get("class_label"), dict):
            names = feature["class_label"].get("names")
        if isinstance(names, dict):  # {"0": "O", …}, in README.md
            names = [names[str(i)] if str(i) in names else names.get(i) for i in range(len(names))]
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return tuple(names)
        feature = next((feature[name] for name in ("feature", "sequence", "list", "dtype") if name in feature), None)
    return ()


def _names_near(path: str) -> tuple[str, ...]:
    """Returns the names of numbered labels from a file of the data set.

    Raises:
        CorpusError: no file has them.
    """
    for file in label_name_files(Path(path)):
        try:
            text = file.read_text(encoding="utf-8")
            description = _card_infos(text) if file.suffix == ".md" else json.loads(text)
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            problem = f"cannot be read ({' '.join(str(error).split())})"
            raise CorpusError(str(file), None, problem, "Correct or remove the file.") from error
        if isinstance(description, list) and all(isinstance(one, str) for one in description):
            return tuple(description)
        if names := _class_names({"names": description}):  # {"0": "O", …}
            return names
        infos = [description, *(description.values() if isinstance(description, dict) else ())]
        named = (label_names(info.get("features")) for info in infos if isinstance(info, dict))
        if names := next(filter(None, named), ()):
            return names
    problem = "the tags are numbers, and no file names the labels"
    fix = (
        "Add dataset_infos.json or README.md of the data set, or label_names.json with the list of the labels: "
        '["O", "B-PER", …].'
    )
    raise CorpusError(path, None, problem, fix)


def _card_infos(text: str) -> dict[str, Any]:
    r"""Returns the descriptions in the YAML of a card (README.md), in the form of dataset_infos.json.

    >>> card = "---\ndataset_info:\n  features:\n  - name: ner_tags\n    sequence: string\n---\n# Card"
    >>> _card_infos(card)
    {'0': {'features': {'ner_tags': {'name': 'ner_tags', 'sequence': 'string'}}}}
    """
    match = _FRONT_MATTER.match(text)
    card = yaml.safe_load(match[1]) if match else None
    infos = card.get("dataset_info") if isinstance(card, dict) else None
    described = {}
    for number, info in enumerate(infos if isinstance(infos, list) else [infos]):
        features = info.get("features") if isinstance(info, dict) else None
        if isinstance(features, list):
            by_name = {str(feature.get("name")): feature for feature in features if isinstance(feature, dict)}
            described[str(number)] = {"features": by_name}
    return described
