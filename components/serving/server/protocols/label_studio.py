"""Messages of a Label Studio ML backend: labelling configuration and tasks in, predictions out.

https://github.com/HumanSignal/label-studio-ml-backend. Offsets count characters (code points), as the editor of Label
Studio stores them; it converts from and to the UTF-16 units of the browser.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from components.common.errors import NerError, quoted
from components.exporter.validator.probe.saved_graph import TensorInfo
from components.serving.saved_model_tagger import Model, SavedModelTagger, Signatures, TaggedSentence
from components.serving.server.engine import ServedVersion
from components.serving.server.errors import InvalidArgumentError

LABEL_STUDIO = "/label-studio"
"""Prefix of the routes for Label Studio."""

_CONTROL, _OBJECT = "Labels", "Text"


@dataclasses.dataclass(frozen=True)
class Labelling:
    """The part of a labelling configuration that marks entities in a text.

    Attributes:
        from_name: name of the control with the labels.
        to_name: name of the text.
        field: of a task's data that holds the text.
        labels: type of the model, in lower case where only that is known -> label.
    """

    from_name: str
    to_name: str
    field: str
    labels: Mapping[str, str]

    @classmethod
    def parse(cls, config: Any) -> Labelling:
        """Reads a labelling configuration (XML): the first `Labels` that belong to a `Text`.

        Raises:
            InvalidArgumentError: it is not XML, or has no such pair.

        Example:
            >>> config = ('<View><Labels name="label" toName="text"><Label value="Person" predicted_values="PER"/>'
            ...           '</Labels><Text name="text" value="$text"/></View>')
            >>> Labelling.parse(config).labels
            {'person': 'Person', 'PER': 'Person'}
        """
        root = _parse_xml(config)
        texts = {each.get("name"): each for each in root.iter(_OBJECT)}
        for control in root.iter(_CONTROL):
            text = texts.get(control.get("toName"))
            if text is None:
                continue
            value = text.get("value", "")
            if not value.startswith("$") or not value[1:] or text.get("valueType", "text") != "text":
                raise InvalidArgumentError(
                    f"label_config: the text {quoted(text.get('name'))} has the value {quoted(value)} of the type "
                    f'{quoted(text.get("valueType", "text"))}. Write value="$field" for a field that holds the text.'
                )
            return cls(control.get("name", ""), text.get("name", ""), value[1:], _labels(control))
        raise InvalidArgumentError(
            "label_config: no <Labels> whose toName is the name of a <Text>. Use the template for named entities."
        )

    def label(self, entity_type: str) -> str | None:
        """Returns the label of an entity type: by `predicted_values`, else by its own name in any case."""
        return self.labels.get(entity_type) or self.labels.get(entity_type.lower())

    def texts(self, tasks: Any) -> list[str]:
        """Returns the texts of tasks.

        Raises:
            InvalidArgumentError: they are not a list, or one has no text.
        """
        if not isinstance(tasks, list):
            raise InvalidArgumentError(f"tasks: expected a list, got {quoted(tasks)}.")
        return [self._text(number, task) for number, task in enumerate(tasks)]

    def _text(self, number: int, task: Any) -> str:
        data = task.get("data") if isinstance(task, dict) else None
        text = data.get(self.field) if isinstance(data, dict) else None
        if not isinstance(text, str):
            if isinstance(data, dict) and self.field in data:
                problem = f"{quoted(self.field)}, which the label_config names, is not a text: {quoted(text)}"
                raise InvalidArgumentError(f"tasks[{number}]: {problem}.")
            names = ", ".join(map(quoted, data)) if isinstance(data, dict) and data else "no fields"
            raise InvalidArgumentError(
                f"tasks[{number}]: the data have no text {quoted(self.field)}, which the label_config names; they have "
                f"{names}."
            )
        return text

    def prediction(self, tagged: TaggedSentence, version: str, unknown: Counter[str]) -> dict[str, Any]:
        """Returns the prediction for a task.

        Args:
            tagged: its text.
            version: name of the model's version.
            unknown: counts the entities whose type has no label; Label Studio refuses predictions with such.
        """
        regions = []
        for entity in tagged.entities:
            label = self.label(entity.label)
            if label is None:
                unknown[entity.label] += 1
                continue
            value = {"start": entity.start, "end": entity.end, "text": entity.text, "labels": [label]}
            region = {"from_name": self.from_name, "to_name": self.to_name, "type": "labels", "value": value}
            regions.append(region if entity.score is None else {**region, "score": _share(entity.score)})
        score = {} if tagged.confidence is None else {"score": _share(tagged.confidence)}
        return {"result": regions, "model_version": version, **score}


class ServedTagger(SavedModelTagger):
    """The signature of a served version that tags: makes inputs and reads outputs; the engine runs the model."""

    def __init__(self, served: ServedVersion) -> None:
        """Chooses the signature.

        Raises:
            InvalidArgumentError: none tags.
        """
        self._served = served
        try:
            super().__init__(f"{served.model} version {served.number}")
        except NerError as error:
            raise InvalidArgumentError(str(error)) from error

    @contextlib.contextmanager
    def _opened(self, folder: Path | str, threads: int) -> Iterator[tuple[Signatures, Callable[[], Model]]]:
        yield _ServedSignatures(self._served), lambda: _RunByEngine()


class _ServedSignatures:
    def __init__(self, served: ServedVersion) -> None:
        self._signatures = served.signatures
        self.methods = dict.fromkeys(served.signatures, "")

    def inputs(self, signature: str) -> dict[str, TensorInfo]:
        return dict(self._signatures[signature].inputs)

    def outputs(self, signature: str) -> dict[str, TensorInfo]:
        return dict(self._signatures[signature].outputs)


class _RunByEngine:
    """Model of a tagger that is asked for requests and for the meaning of answers only; the engine computes them."""

    def run(self, inputs: Mapping[str, Any], outputs: Sequence[str]) -> list[Any]:
        raise RuntimeError("the engine of the server runs the model")


def _parse_xml(config: Any) -> ElementTree.Element:
    if not isinstance(config, str) or not config.strip():
        raise InvalidArgumentError(f"label_config: expected XML, got {quoted(config)}.")
    if "<!DOCTYPE" in config:  # without one, no entity can be declared, and none can grow
        raise InvalidArgumentError("label_config: has a DOCTYPE. Remove it.")
    try:
        return ElementTree.fromstring(config)
    except (ElementTree.ParseError, ValueError) as error:
        raise InvalidArgumentError(f"label_config: is not XML ({error}).") from error


def _labels(control: ElementTree.Element) -> dict[str, str]:
    labels: dict[str, str] = {}
    for each in control.iter("Label"):
        value = each.get("alias") or each.get("value")
        if not value:
            continue
        labels.setdefault((each.get("value") or value).lower(), value)
        for name in each.get("predicted_values", "").split(","):
            if name.strip():
                labels[name.strip()] = value
    return labels


def _share(score: float) -> float:
    return min(1.0, max(0.0, float(score)))  # rounding may leave the range that Label Studio accepts
