"""Exports of annotation tools that mark spans of characters, each converted to text and spans.

A tool is recognized by the fields of its records, not by the name of the file. Reading is strict: what a converter does
not understand is an error of its record, and what it leaves out on purpose is counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from components.common.errors import counted, quoted
from components.corpus_example_gen.readers.span_offsets import is_word_edge

_OFFSETS = (("start_offset", "end_offset"), ("startOffset", "endOffset"), ("start", "end"))
# Of a span that is an object; the first one counts. Next to another one, `entity` is the text of the span.
_LABELS = ("label", "type", "entity_type", "entity_group", "tag", "labels", "category", "class", "entity")


class Annotated(NamedTuple):
    """A text with spans, not checked yet.

    Attributes:
        text: the text.
        entities: spans as [start, end, label].
        key: id of the record.
        meta: metadata of the record.
        surfaces: text of each span as the tool wrote it; empty if the tool does not.
        left_out: number of parts that are not entities, by kind.
        rejected: why the whole record is left out; empty if it is read.
        spans_field: name of the field with the spans, for errors.
        discontinuous: entities with a gap, as (text, label); a token sequence cannot hold them.
        document: name of its document, or the number of one without a name; None: the metadata name it, or nothing.
    """

    text: Any
    entities: Any
    key: Any = None
    meta: Any = None
    surfaces: tuple[Any, ...] = ()
    left_out: Mapping[str, int] = MappingProxyType({})
    rejected: str = ""
    spans_field: str = "entities"
    discontinuous: tuple[tuple[str, str], ...] = ()
    document: str | int | None = None


class SpanTool(NamedTuple):
    """A tool, or one form of its exports.

    Attributes:
        name: value of `corpus.format`.
        title: name for people.
        matches: whether a record has the tool's fields.
        convert: converts a record of a file at a path.
        repeats: whether each annotator has a record; ids then repeat.
        reading: how a file is read, for the report; empty for an export of the tool.
    """

    name: str
    title: str
    matches: Callable[[Any], bool]
    convert: Callable[[Any, str], Annotated]
    repeats: bool = False
    reading: str = ""

    def read(self, record: Any, path: str) -> Annotated:
        """Converts a record; a span whose label is a list is one for each of the labels."""
        annotated = self.convert(record, path)
        spans = annotated.entities
        if not isinstance(spans, list) or not any(map(_has_labels, spans)):
            return annotated
        surfaces = annotated.surfaces or (None,) * len(spans)
        pairs = [
            ([*span[:2], label], surface)
            for span, surface in zip(spans, surfaces, strict=True)
            for label in (span[2] if _has_labels(span) else span[2:])
        ]
        unlabelled = sum(_has_labels(span) and not span[2] for span in spans)
        return annotated._replace(
            entities=[span for span, _ in pairs],
            surfaces=tuple(surface for _, surface in pairs),
            left_out=Counter(annotated.left_out) + Counter({"spans without a label": unlabelled}),
        )


class ConversionError(ValueError):
    """A record that its tool would not write.

    Attributes:
        fix: the remedy, if it is not to correct or export the record.
    """

    def __init__(self, problem: str, fix: str = "") -> None:
        """Takes problem and remedy."""
        super().__init__(problem)
        self.fix = fix


def _has_labels(span: Any) -> bool:
    return isinstance(span, list) and len(span) == 3 and isinstance(span[2], list)


def _list(record: dict[str, Any], *names: str) -> Any:
    """Returns the first of some fields that is a list, or None."""
    return next((record[name] for name in names if isinstance(record.get(name), list)), None)


def _items(value: Any, kind: type, name: str) -> list[Any]:
    """Returns a list of values of one type; None stands for an empty list."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
        word = "objects" if kind is dict else "lists"
        raise ConversionError(f"found {quoted(value)} in field {name!r}, expected a list of {word}")
    return value


def _number(value: Any) -> Any:
    """Returns an offset; protobuf writes 64-bit integers as texts, and omits zeros."""
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 19 else value


def _triples(spans: list[Any], label: str, names: tuple[str, str]) -> list[list[Any]]:
    """Returns [start, end, label] of spans that are objects."""
    return [[_number(span.get(names[0])), _number(span.get(names[1])), span.get(label)] for span in spans]


def _names_of(span: Any) -> tuple[str, str] | None:
    return next((names for names in _OFFSETS if isinstance(span, dict) and set(names) <= span.keys()), None)


def _has_text(record: Any) -> bool:
    return isinstance(record, dict) and isinstance(record.get("text"), str)


# The format of this project: {"text": …, "entities": [[start, end, label], …], "meta": {…}, "id": …}. `ner predict` and
# other libraries write each entity as an object.


def _is_plain(record: Any) -> bool:
    if not isinstance(record, dict) or not isinstance(_plain_text(record), str) or {"starts", "ends"} <= record.keys():
        return False  # `ner predict --tokens` writes the tokens as well
    spans = record.get("entities")
    return isinstance(spans, list) and all(
        (isinstance(span, list) and not _is_label_first(span)) or _is_object(span) for span in spans
    )


def _plain(record: Any, path: str) -> Annotated:
    del path
    entities, surfaces = _objects_as_lists(record.get("entities"))
    return Annotated(
        _plain_text(record), entities, record.get("id"), record.get("meta"), surfaces, rejected=_answer(record)
    )


def _plain_text(record: dict[str, Any]) -> Any:
    return record.get("text", record.get("sentence"))


def _is_object(span: Any) -> bool:
    return _names_of(span) == _OFFSETS[2]


def _objects_as_lists(spans: Any) -> tuple[Any, tuple[Any, ...]]:
    """Returns spans as [start, end, label], and the texts of those that are objects; other values stay."""
    if not isinstance(spans, list) or not any(map(_is_object, spans)):
        return spans, ()
    lists = [_object_as_list(span) if _is_object(span) else span for span in spans]
    return lists, tuple(span.get("text") if _is_object(span) else None for span in spans)


def _object_as_list(span: dict[str, Any]) -> list[Any]:
    label = next((span[name] for name in _LABELS if span.get(name) is not None), None)
    return [_number(span["start"]), _number(span["end"]), label]


# doccano: `label` or `labels` with lists; with relations `entities` with objects; before 1.0 `annotations`.


def _is_doccano(record: Any) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("text", record.get("data")), str):
        return False
    lists = _list(record, "label", "labels")
    if lists is not None and all(isinstance(span, list) for span in lists):
        return bool(lists) or not record.get("entities")
    objects = _list(record, "entities", "annotations")
    if objects is None or not all(_names_of(span) == _OFFSETS[0] for span in objects):
        return False
    return bool(objects) or "relations" in record or "annotation_approver" in record


def _doccano(record: dict[str, Any], path: str) -> Annotated:
    del path
    text = record.get("text", record.get("data"))
    left_out = Counter(relations=len(_items(record.get("relations"), dict, "relations")))
    left_out["comments"] = len(record.get("Comments") or record.get("comments") or ())
    lists = _list(record, "label", "labels")
    entities, name = lists, "label" if isinstance(record.get("label"), list) else "labels"
    if lists is None:
        name = "entities" if "entities" in record else "annotations"
        spans = _items(record.get(name), dict, name)
        entities = _triples(spans, "label", _OFFSETS[0])
        if any(type(label) is int for *_, label in entities):
            raise ConversionError("found numbers instead of labels; the export with the texts of the labels has names")
    _require_same_spans(record, name, "entities" if name != "entities" else "label")
    meta = record.get("meta")
    return Annotated(text, entities, record.get("id"), meta or None, left_out=left_out, spans_field=name)


# Prodigy: `spans` with objects; `answer`. Its `tokens` repeat what the text says.


def _answer(record: dict[str, Any]) -> str:
    return record["answer"] if record.get("answer") in ("reject", "ignore") else ""


def _is_prodigy(record: Any) -> bool:
    if not _has_text(record):
        return False
    spans = record.get("spans")
    if spans is None:
        is_null = "spans" in record and not any(isinstance(record.get(name), list) for name in ("entities", "label"))
        return is_null or ("_input_hash" in record and "answer" in record)
    if not isinstance(spans, list) or not all(_names_of(span) == _OFFSETS[2] for span in spans):
        return False
    return bool(spans) or not record.get("entities")


def _require_same_spans(record: dict[str, Any], name: str, other: str) -> None:
    """Refuses a second field of spans that differ from those of the first one.

    Raises:
        ConversionError: the fields have different spans.
    """
    if record.get(other) and _spans_of_field(record, name) != _spans_of_field(record, other):
        fix = f"Keep one of them, for example with `jq -c 'del(.{other})'`."
        raise ConversionError(f"found different spans in the fields {name!r} and {other!r}", fix)


def _spans_of_field(record: dict[str, Any], name: str) -> Counter[tuple[int | None, int | None, str]] | None:
    """Returns the spans of a field in any form; None if its form is unknown."""
    parts = _text_and_spans({field: value for field, value in record.items() if field not in _SPANS or field == name})
    return None if parts is None else Counter((start, end, str(label)) for start, end, label, _ in parts[2])


def _prodigy(record: dict[str, Any], path: str) -> Annotated:
    del path
    spans = _items(record.get("spans"), dict, "spans")
    _require_same_spans(record, "spans", "entities")
    if "spans" not in record and (classes := [name for name in ("accept", "options", "label") if name in record]):
        fix = "Remove it: the reader takes labelled spans (ner.manual), not classes of texts."
        raise ConversionError(f"found the class of a text in field {classes[0]!r} and no field 'spans'", fix)
    if record.get("answer", "accept") not in ("accept", "reject", "ignore"):
        raise ConversionError(f"found {quoted(record['answer'], 40)} in field 'answer', which Prodigy does not write")
    # The spans of a rejected suggestion (ner.teach) or with another answer would be wrong labels.
    answers = [span.get("answer", "accept") for span in spans]
    kept = [span for span, answer in zip(spans, answers, strict=True) if answer == "accept"]
    left_out = Counter({"relations": len(record.get("relations") or ())})
    left_out["rejected spans"] = len(spans) - len(kept)
    surfaces = tuple(span.get("text") for span in kept)
    entities = _triples(kept, "label", _OFFSETS[2])
    meta = record.get("meta") if isinstance(record.get("meta"), dict) else None
    return Annotated(
        record["text"], entities, record.get("id"), meta, surfaces, left_out, _answer(record), spans_field="spans"
    )


# Label Studio: tasks with `annotations` (before 1.0 `completions`), or one flat object for each annotation (JSON-MIN).


def _is_label_studio(record: Any) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("data"), dict):
        return False
    return _list(record, "annotations", "completions") is not None


def _label_studio(record: dict[str, Any], path: str) -> Annotated:
    del path
    name = "annotations" if isinstance(record.get("annotations"), list) else "completions"
    annotations = _items(record.get(name), dict, name)
    kept = [one for one in annotations if not (one.get("was_cancelled") or one.get("skipped"))]
    left_out = Counter({"cancelled annotations": len(annotations) - len(kept)})
    if not kept:
        return Annotated("", [], rejected="unlabelled", left_out=left_out)
    truth = [one for one in kept if one.get("ground_truth") or one.get("honeypot")]
    chosen = max(truth or kept, key=lambda one: str(one.get("created_at") or ""))  # JSON-MIN has the newest one first
    left_out["annotations of others"] = len(kept) - 1
    spans, surfaces, of_texts = [], [], dict[Any, None]()
    for region in _items(chosen.get("result"), dict, "result"):
        kind, value = region.get("type"), region.get("value")
        if kind == "paragraphlabels":
            raise ConversionError("found labels of a dialogue (paragraphlabels)", "Label each of its texts as a task.")
        if kind not in ("labels", "hypertextlabels"):
            left_out["relations" if kind == "relation" else "other regions"] += 1
            continue
        if kind == "hypertextlabels" and isinstance(value, dict) and "globalOffsets" in value:
            value = {**value, **value["globalOffsets"]}
        if not isinstance(value, dict) or type(value.get("start")) is not int:
            raise ConversionError(f"found region {quoted(value)}, whose offsets do not count characters of a text")
        labels = value.get(kind, value.get("labels"))
        if not labels:  # a region whose label was removed
            left_out["regions without a label"] += 1
        for label in labels or ():
            spans.append([value["start"], value.get("end"), label])
            surfaces.append(value.get("text"))
            of_texts[region.get("to_name")] = None
    if len(of_texts) > 1:
        names = ", ".join(map(str, of_texts))
        raise ConversionError(f"found labels of several texts ({names})", "Label each text in a task for itself.")
    text = _label_studio_text(record["data"], spans, surfaces, ".data")
    meta = {key: value for key, value in record["data"].items() if value != text}
    # The id that people gave; that of the task is a number of Label Studio's.
    own = meta.pop("id") if isinstance(meta.get("id"), str | int) else record.get("id")
    return Annotated(text, spans, own, meta or None, tuple(surfaces), left_out, spans_field="result")


def _label_studio_text(data: dict[str, Any], spans: list[list[Any]], surfaces: Sequence[Any], place: str = "") -> str:
    """Returns the labelled text: the field `text`, the only text, the one of the spans, or the only one of words.

    Raises:
        ConversionError: the task leaves it open.
    """
    if isinstance(data.get("text"), str):
        return str(data["text"])
    texts = {name: value for name, value in data.items() if isinstance(value, str)}
    ranges = [
        (start, end, surface)
        for (start, end, _), surface in zip(spans, surfaces, strict=True)
        if type(start) is int and type(end) is int and isinstance(surface, str)
    ]
    choices = (
        [*texts.values()],
        [text for text in texts.values() if ranges and all(text[start:end] == cut for start, end, cut in ranges)],
        [text for text in texts.values() if len(text.split()) > 1],
    )
    if chosen := next((texts for texts in choices if len(texts) == 1), None):
        return chosen[0]
    if not texts:
        raise ConversionError(f"found no text in the fields {', '.join(map(quoted, data)) or 'of data'}")
    raise ConversionError(
        f"found {len(texts)} texts, in the fields {', '.join(map(quoted, texts))}, and none of them is named 'text'",
        "Give the labelled one this name, for example with "
        f"`jq 'map({place}.text = {place}.{next(iter(texts))})'`, or in the header of a table.",
    )


_SPAN_JSON = re.compile(r"\[\s*\{\s*\"(?:start|end|text|labels)\"")
_MIN_FIELDS = {"annotation_id", "annotator", "lead_time", "updated_at", "completed_by"}


def _min_labels(record: dict[str, Any]) -> dict[str, list[Any]]:
    return {
        name: value
        for name, value in record.items()
        if isinstance(value, list) and value and all(isinstance(one, dict) and "labels" in one for one in value)
    }


def _is_label_studio_min(record: Any) -> bool:
    if not isinstance(record, dict) or "annotations" in record:
        return False
    return len(_MIN_FIELDS & record.keys()) >= 2 or (bool(_min_labels(record)) and "annotation_id" in record)


def _label_studio_min(record: dict[str, Any], path: str) -> Annotated:
    del path
    if record.get("annotation_id", 0) is None:
        return Annotated("", [], rejected="unlabelled")
    lists = _min_labels(record)
    if len(lists) > 1:
        raise ConversionError(f"found spans in the fields {', '.join(map(repr, lists))}, expected one")
    for name, value in record.items():
        if isinstance(value, str) and _SPAN_JSON.match(value):  # a cell of a table that was cut or changed
            raise ConversionError(f"found {quoted(value, 60)} in column {name!r}, which is not valid JSON")
    name, spans = next(iter(lists.items()), ("label", []))
    fields = {key: value for key, value in record.items() if key not in _MIN_FIELDS | {name, "created_at", "id"}}
    data = {key: value for key, value in fields.items() if isinstance(value, str)}
    entities = [[span.get("start"), span.get("end"), label] for span in spans for label in span["labels"]]
    surfaces = tuple(span.get("text") for span in spans for _ in span["labels"])
    text = _label_studio_text(data, entities, surfaces)
    meta = {key: value for key, value in data.items() if value != text} or None
    return Annotated(text, entities, record.get("id"), meta, surfaces, spans_field=name)


# UBIAI: `document` with `tokens` (entities) or `annotation`.


def _is_ubiai(record: Any) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("document"), str):
        return False
    spans = _list(record, "tokens", "annotation", "annotations")
    return spans is not None and all(_names_of(span) == _OFFSETS[2] for span in spans)


def _ubiai(record: dict[str, Any], path: str) -> Annotated:
    del path
    spans = _list(record, "tokens", "annotation", "annotations") or []
    label = "entityLabel" if any("entityLabel" in span for span in spans) else "label"
    left_out = Counter(relations=len(record.get("relations") or ()))
    meta = {"documentName": record["documentName"]} if "documentName" in record else None
    surfaces = tuple(span.get("text") for span in spans)
    entities = _triples(spans, label, _OFFSETS[2])
    return Annotated(record["document"], entities, None, meta, surfaces, left_out, spans_field="tokens")


# Amazon SageMaker Ground Truth: an output manifest; the job names the field with the annotations.


def _sagemaker_jobs(record: Any) -> list[str]:
    return [
        name
        for name, value in record.items()
        if isinstance(value, dict) and isinstance(value.get("annotations"), dict) and "entities" in value["annotations"]
    ]


def _is_sagemaker(record: Any) -> bool:
    if not isinstance(record, dict) or not ("source" in record or "source-ref" in record):
        return False
    return bool(_sagemaker_jobs(record)) or any(name.endswith("-metadata") for name in record)


def _sagemaker(record: dict[str, Any], path: str) -> Annotated:
    del path
    if "source" not in record:
        raise ConversionError("found 'source-ref' without the text, expected 'source'")
    jobs = _sagemaker_jobs(record)
    if not jobs:  # no worker labelled it, or the job failed
        return Annotated("", [], rejected="unlabelled")
    if len(jobs) > 1:
        raise ConversionError(f"found the annotations of {len(jobs)} jobs ({', '.join(jobs)}), expected one")
    spans = _items(record[jobs[0]]["annotations"]["entities"], dict, "entities")
    return Annotated(record["source"], _triples(spans, "label", _OFFSETS[1]), record.get("id"))


# Azure AI Language: a labels file; the texts are files next to it.


def _is_azure(record: Any) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("location"), str):
        return False
    regions = record.get("entities", record.get("extractors"))
    return isinstance(regions, list) and all(
        isinstance(one, dict) and ("regionOffset" in one or "regionStart" in one) for one in regions
    )


def _azure(record: dict[str, Any], path: str) -> Annotated:
    location = record["location"]
    file = Path(path).parent / location
    if Path(location).name != location:
        raise ConversionError(f"found the location {quoted(location)}, expected the name of a file next to this one")
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise ConversionError(f"cannot read the text {quoted(location)} ({reason})") from error
    entities = []
    for region in record.get("entities", []):
        for label in _items(region.get("labels"), dict, "labels"):
            start, length = label.get("offset"), label.get("length")
            end = start + length if type(start) is int and type(length) is int else length
            entities.append([start, end, label.get("category")])
    return Annotated(text, entities, location)


# Google: Vertex AI (`textSegmentAnnotations`) and, before it, AutoML (`text_snippet`).


def _is_google(record: Any) -> bool:
    if not isinstance(record, dict):
        return False
    return "textContent" in record or "textGcsUri" in record or isinstance(record.get("text_snippet"), dict)


def _google(record: dict[str, Any], path: str) -> Annotated:
    del path
    if "textGcsUri" in record:
        raise ConversionError("found 'textGcsUri' without the text, expected 'textContent'")
    if "textContent" in record:
        spans = _items(record.get("textSegmentAnnotations"), dict, "textSegmentAnnotations")
        shown = [{"startOffset": 0, **span} for span in spans]
        return Annotated(record["textContent"], _triples(shown, "displayName", _OFFSETS[1]))
    entities = []
    for one in _items(record.get("annotations"), dict, "annotations"):
        extraction = one.get("text_extraction")
        segment = extraction.get("text_segment") if isinstance(extraction, dict) else None
        if not isinstance(segment, dict):
            raise ConversionError(f"found annotation {quoted(one)} without a text segment")
        start, end = segment.get("start_offset", 0), segment.get("end_offset")
        entities.append([_number(start), _number(end), one.get("display_name")])
    return Annotated(record["text_snippet"].get("content"), entities)


# spaCy: pairs of text and annotations (training data in code, saved as JSON), and `Doc.to_json`.


def _is_spacy_pair(record: Any) -> bool:
    pair = isinstance(record, list) and len(record) >= 2 and isinstance(record[0], str)
    return pair and isinstance(record[1], dict) and isinstance(record[1].get("entities"), list | dict)


def _spacy_pair(record: Any, path: str) -> Annotated:
    if isinstance(record[1]["entities"], dict):
        return _other_form({"text": record[0], "entities": record[1]["entities"]}, path)
    entities, surfaces = _objects_as_lists(record[1]["entities"])
    return Annotated(record[0], entities, surfaces=surfaces)


def _is_spacy_doc(record: Any) -> bool:
    return _has_text(record) and isinstance(record.get("ents"), list)


def _spacy_doc(record: dict[str, Any], path: str) -> Annotated:
    del path
    if record.get("unlabelled"):  # a document of a DocBin
        return Annotated("", [], rejected="unlabelled")
    if "partly_labelled" in record:
        raise ConversionError(f"found the word {quoted(record['partly_labelled'])}, of which nobody said what it is")
    spans = _items(record["ents"], dict, "ents")
    document = record.get("document")
    return Annotated(
        record["text"], _triples(spans, "label", _OFFSETS[2]), spans_field="ents",
        document=document if isinstance(document, (str, int)) else None,
    )  # fmt: skip


# brat: records of `brat_reader`.


def _brat(record: dict[str, Any], path: str) -> Annotated:
    del path
    spans = record["spans"]
    gaps = tuple((span["text"], span["label"]) for span in record["discontinuous"])
    surfaces = tuple(span["text"] for span in spans)
    return Annotated(
        record["text"],
        _triples(spans, "label", _OFFSETS[2]),
        surfaces=surfaces,
        discontinuous=gaps,
        document=record["document"],
    )


# Other forms: spans with other names, the label first, a length, in lists by type, or with their last character.

_PAIRS = (
    *_OFFSETS,
    *(("begin", "end"), ("from", "to"), ("start_char", "end_char"), ("begin_offset", "end_offset")),
    ("beginoffset", "endoffset"),  # Amazon Comprehend
)
_TEXTS = ("text", "sentence", "content", "document", "data")
_SURFACES = ("text", "word", "name", "mention", "surface", "entity")
_NO_OFFSETS = frozenset({*_LABELS, *_SURFACES, "score", "confidence", "id"})  # fields of a span without offsets
_SPANS = ("entities", "annotations", "annotation", "spans", "label", "labels", "ner", "named_entities")


def _is_label_first(span: Any) -> bool:
    return isinstance(span, list) and [type(part) for part in span] == [str, int, int]


def _is_other_form(record: Any) -> bool:
    return isinstance(record, dict) and _text_and_spans(record) is not None


def _other_form(record: dict[str, Any], path: str) -> Annotated:
    del path
    parts = _text_and_spans(record)
    if parts is None:
        raise ConversionError(f"found no text with spans, fields are {', '.join(map(quoted, list(record)[:5]))}")
    text, field, spans = parts
    if record[field] is None:
        return Annotated("", [], rejected="unlabelled")
    if rejected := _answer(record):
        return Annotated("", [], rejected=rejected)
    if field in ("label", "labels") and isinstance(record[field], dict):
        for key, value in record[field].items():
            if isinstance(value, str):
                raise ConversionError(
                    f"found {quoted({key: value})} in {quoted(field)}, which may be a class of the whole text",
                    "Name the field `entities` if it is an entity, or write it as [start, end, label].",
                )
    spans = _placed(spans, record[text])
    entities = [[start, end, label] for start, end, label, _ in spans]
    return Annotated(
        record[text], entities, record.get("id"), surfaces=tuple(span[3] for span in spans), spans_field=field
    )


_Form = tuple[int | None, int | None, Any, Any]  # start, end, label or labels, text; without offsets the text is known


def _placed(spans: list[_Form], text: str) -> list[_Form]:
    """Returns spans with offsets; those that have a text only are at the words that are this text.

    >>> _placed([(None, None, "LOC", "York"), (None, None, "ORG", "New York")], "New York is not York")
    [(0, 8, 'ORG', 'New York'), (16, 20, 'LOC', 'York')]

    Raises:
        ConversionError: the text has the words another number of times than there are such spans.
    """
    placed = [span for span in spans if span[0] is not None]
    names = Counter((surface, str(label)) for start, _, label, surface in spans if start is None and surface.strip())
    labels = {(surface, str(label)): label for _, _, label, surface in spans}
    known = {surface for surface, _ in names}
    taken = [False] * len(text)
    for surface in sorted(known, key=lambda name: (-len(name), name)):
        own = [name for name in names if name[0] == surface]
        edges = [match.span() for match in re.finditer(r"\s+".join(map(re.escape, surface.split())), text)]
        edges = [
            (start, end)
            for start, end in edges
            if is_word_edge(text, start) and is_word_edge(text, end) and not any(taken[start:end])
        ]
        count = sum(names[name] for name in own)
        if len(edges) != count or len(own) > 1:
            has = f"has it {counted(len(edges), 'time')}" if edges else "does not have these words"
            of = " and ".join(quoted(name[1], 40) for name in own)
            problem = f"found {quoted(surface, 60)} as {of} {counted(count, 'time')}, but the text {has}"
            raise ConversionError(problem, "Write spans with their offsets: [start, end, label].")
        for start, end in edges:
            taken[start:end] = [True] * (end - start)
            placed.append((start, end, labels[own[0]], surface))
    return placed


def _text_and_spans(record: dict[str, Any]) -> tuple[str, str, list[_Form]] | None:
    """Returns the fields of text and spans, and the spans; None if a part is unknown."""
    text = next((name for name in _TEXTS if isinstance(record.get(name), str)), None)
    if text == "content" and record.get("annotation", ()) is None:  # DataTurks
        return text, "annotation", []
    fields = [name for name in _SPANS if isinstance(record.get(name), list | dict)]
    field = next((name for name in fields if record[name]), fields[0] if fields else None)
    if text is None or field is None:
        return None
    value, spans = record[field], list[_Form]()
    # Columns, as datasets writes a sequence of objects.
    if isinstance(value, dict) and value and any({*names} <= value.keys() for names in _PAIRS):
        lists = [part for part in value.values() if isinstance(part, list)]
        if len(lists) < len(value) or len({*map(len, lists)}) > 1:
            return None
        items = [dict(zip(value, row, strict=True)) for row in zip(*lists, strict=True)]
    elif isinstance(value, dict):  # lists by type: GATE, CLUENER, answers of a language model
        pairs = [(label, one) for label, group in value.items() for one in _of_type(group)]
        if any(one is None for _, one in pairs):
            return None
        items = [{"label": label, **one} for label, one in pairs if one is not None]
    else:
        items = value
    for item in items:
        own = _spans_of_item(item, record[text])
        if not own:
            return None
        spans += own
    return text, field, spans


def _of_type(group: Any) -> list[dict[str, Any] | None]:
    """Returns the spans of a type: objects, offsets, texts, or lists of offsets by text; None for something else."""
    if isinstance(group, str) or group is None:
        return [{"text": group}] if group else []
    if isinstance(group, list) and len(group) >= 2 and _are_offsets(group):
        return [{"span": group}]
    if isinstance(group, dict):
        lists = {surface: pairs if isinstance(pairs, list) and pairs else [None] for surface, pairs in group.items()}
        return [{"text": surface, "indices": pair} for surface, pairs in lists.items() for pair in pairs]
    if not isinstance(group, list):
        return [None]
    return [
        one if isinstance(one, dict)
        else {"text": one} if isinstance(one, str)
        else {"span": one} if _are_offsets(one)
        else None
        for one in group
    ]  # fmt: skip


def _are_offsets(span: Any) -> bool:
    """Returns whether a span is its offsets, and may have its text behind them."""
    kinds = [type(part) for part in span] if isinstance(span, list) else []
    return kinds[:2] == [int, int] and kinds[2:] in ([], [str])


def _spans_of_item(span: Any, text: str) -> list[_Form]:
    """Returns the spans of an item, of which DataTurks has several in `points`; empty if its form is unknown."""
    if _is_label_first(span):
        return [(span[1], span[2], span[0], None)]
    if _are_offsets(span) and len(span) == 3:
        return [(*span, None)]
    if not isinstance(span, dict):
        return []
    field = next((name for name in _LABELS if span.get(name) is not None), "")
    label = span.get(field)
    if not isinstance(label, str) and not (isinstance(label, list) and all(isinstance(one, str) for one in label)):
        return []
    surface = span.get("text")
    surface = surface[0] if isinstance(surface, list) and len(surface) == 1 else surface
    pairs: list[Any] = []
    if isinstance(span.get("points"), list):
        pairs = [[one.get("start"), one.get("end"), one.get("text")] for one in span["points"] if isinstance(one, dict)]
    elif names := next((names for names in _PAIRS if set(names) <= span.keys()), None):
        pairs = [[_number(span[name]) for name in names]]
    elif indices := _list(span, "indices", "span"):
        pairs = [indices]
    elif isinstance(offsets := span.get("offsets"), list) and len(offsets) == 1:  # several are an entity with gaps
        pairs = offsets
    elif type(span.get("offset")) is type(span.get("length")) is int:
        pairs = [[span["offset"], span["offset"] + span["length"]]]
    elif span.keys() <= _NO_OFFSETS:
        surface = next((span[name] for name in _SURFACES if name != field and isinstance(span.get(name), str)), None)
        return [] if surface is None else [(None, None, label, surface)]
    spans = list[_Form]()
    for pair in pairs:
        start, end, own = (*pair, surface)[:3] if isinstance(pair, list) and len(pair) >= 2 else (None, None, None)
        if type(start) is not int or type(end) is not int:
            return []
        includes = isinstance(own, str) and own != text[start:end] and own == text[start : end + 1]
        spans.append((start, end + includes, label, own))
    return spans


OTHER_FORMS = SpanTool(
    "spans",
    "texts with entities",
    _is_other_form,
    _other_form,
    reading="read as records of a text and its entities, by type or in another form than JSON lines with spans",
)
"""Forms of spans that no tool before it has, such as those of GATE, CLUENER, DataTurks, Argilla and BigBio."""

BRAT = SpanTool("brat", "brat", lambda record: False, _brat)
"""Records of `brat_reader`, which other files do not have."""

PLAIN = SpanTool("jsonl", "JSON lines with text and entities", _is_plain, _plain)
"""The format of this project."""

SPAN_TOOLS = (
    PLAIN,
    SpanTool("doccano", "doccano", _is_doccano, _doccano),
    SpanTool(
        "prodigy",
        "Prodigy",
        _is_prodigy,
        _prodigy,
        reading="read as JSON lines with character spans (the field spans, as of Prodigy)",
    ),
    SpanTool("label_studio", "Label Studio (JSON)", _is_label_studio, _label_studio),
    SpanTool(
        "label_studio_min", "Label Studio (JSON-MIN, CSV or TSV)", _is_label_studio_min, _label_studio_min, repeats=True
    ),
    SpanTool("ubiai", "UBIAI", _is_ubiai, _ubiai),
    SpanTool("sagemaker", "Amazon SageMaker Ground Truth", _is_sagemaker, _sagemaker),
    SpanTool("azure", "Azure AI Language", _is_azure, _azure),
    SpanTool("google", "Google Vertex AI or AutoML", _is_google, _google),
    SpanTool("spacy_pairs", "spaCy (pairs of text and entities)", _is_spacy_pair, _spacy_pair),
    SpanTool("spacy_docs", "spaCy (DocBin or Doc.to_json)", _is_spacy_doc, _spacy_doc),
)
"""All tools with spans."""
