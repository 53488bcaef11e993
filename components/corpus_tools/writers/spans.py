"""Writers of texts with character spans: JSON lines, doccano, Prodigy and Label Studio.

Offsets count characters (code points). So do doccano and Prodigy, which are written in Python, and Label Studio, whose
editor converts the UTF-16 units of the browser.
"""

from __future__ import annotations

import abc
from typing import Any

from components.corpus_tools.sentence import AnnotatedSentence, Entity
from components.corpus_tools.writers.writer import RecordWriter


class SpanWriter(RecordWriter):
    """Writer of texts with spans."""

    def record(self, sentence: AnnotatedSentence, number: int) -> dict[str, Any]:
        """Returns the object of a sentence."""
        return self.annotated(as_text(self, sentence), number)

    @abc.abstractmethod
    def annotated(self, sentence: AnnotatedSentence, number: int) -> dict[str, Any]:
        """Returns the object of a sentence whose entities begin and end at words."""


def as_text(writer: RecordWriter | Any, sentence: AnnotatedSentence) -> AnnotatedSentence:
    """Returns a sentence whose entities begin and end at words of its text, so that readers of texts accept it."""
    if not sentence.cuts_words():
        return sentence
    writer.lose("texts in which entities end inside words (the tokens stand there, with spaces between them)")
    return sentence.spaced()


class JsonLinesWriter(SpanWriter):
    """Writes `{"id": …, "text": …, "entities": [[start, end, label], …], "meta": {…}}`."""

    name = "jsonl"
    title = "JSON lines with text and entities"

    def annotated(self, sentence: AnnotatedSentence, number: int) -> dict[str, Any]:
        """Returns the object of a sentence."""
        del number
        self.lose_scores(sentence)
        return {
            **_id(sentence),
            "text": sentence.text,
            "entities": [[*entity[:3]] for entity in sentence.entities],
            **_meta(sentence),
        }


class DoccanoWriter(SpanWriter):
    """Writes doccano's JSONL for sequence labeling: `text` and `label`."""

    name = "doccano"
    title = "doccano (JSONL)"

    def annotated(self, sentence: AnnotatedSentence, number: int) -> dict[str, Any]:
        """Returns the object of a sentence."""
        del number
        self.lose_scores(sentence)
        spans = [[*entity[:3]] for entity in sentence.entities]
        return {**_id(sentence), "text": sentence.text, "label": spans, **_meta(sentence)}


class ProdigyWriter(SpanWriter):
    """Writes Prodigy's JSONL: `text`, `tokens`, `spans` and, for labels of people, `answer`."""

    name = "prodigy"
    title = "Prodigy (JSONL)"

    def annotated(self, sentence: AnnotatedSentence, number: int) -> dict[str, Any]:
        """Returns the object of a sentence."""
        del number
        tokens = [
            {"text": word, "start": start, "end": end, "id": i, "ws": sentence.text[end : end + 1] == " "}
            for i, (word, (start, end)) in enumerate(zip(sentence.words, sentence.offsets, strict=True))
        ]
        spans = []
        for entity, (first, last) in zip(sentence.entities, sentence.token_spans, strict=True):
            places = {"token_start": first, "token_end": last - 1}
            span = {"start": entity.start, "end": entity.end, **places, "label": entity.label}
            if self.suggestions:
                span["source"] = self.suggestions
            spans.append(span if entity.score is None else {**span, "score": entity.score})
        answer = {} if self.suggestions else {"answer": "accept"}
        return {
            **_id(sentence),
            "text": sentence.text,
            "tokens": tokens,
            "spans": spans,
            **_meta(sentence),
            "_view_id": "ner_manual",
            **answer,
        }


class LabelStudioWriter(SpanWriter):
    """Writes Label Studio's tasks (JSON) for its named entity template: `<Labels name="label" toName="text">`.

    Labels of people are annotations, those of a model are predictions.
    """

    name = "label-studio"
    title = "Label Studio (JSON)"
    extension = "json"
    opening, separator, closing = "[\n", ",", "]\n"

    def annotated(self, sentence: AnnotatedSentence, number: int) -> dict[str, Any]:
        """Returns the object of a sentence."""
        data: dict[str, Any] = {"text": sentence.text}
        for name, value in sentence.metadata.items():
            if name != "text" and value != sentence.text:
                data[name] = value
            else:
                self.lose("metadata")
        if sentence.key not in (None, str(number)):  # Label Studio numbers the tasks itself
            data.setdefault("id", sentence.key)
        result = [self._region(sentence, entity, i) for i, entity in enumerate(sentence.entities)]
        scores = [entity.score for entity in sentence.entities if entity.score is not None]
        if not self.suggestions:
            return {"id": number, "data": data, "annotations": [{"result": result}]}
        prediction: dict[str, Any] = {"model_version": self.suggestions, "result": result}
        if scores:
            prediction["score"] = min(scores)
        return {"id": number, "data": data, "annotations": [], "predictions": [prediction]}

    @staticmethod
    def _region(sentence: AnnotatedSentence, entity: Entity, number: int) -> dict[str, Any]:
        text = sentence.text[entity.start : entity.end]
        value = {"start": entity.start, "end": entity.end, "text": text, "labels": [entity.label]}
        region = {"id": f"entity-{number}", "from_name": "label", "to_name": "text", "type": "labels", "value": value}
        return region if entity.score is None else {**region, "score": entity.score}


def _id(sentence: AnnotatedSentence) -> dict[str, str]:
    return {} if sentence.key is None else {"id": sentence.key}


def _meta(sentence: AnnotatedSentence) -> dict[str, Any]:
    return {"meta": dict(sentence.metadata)} if sentence.metadata else {}
