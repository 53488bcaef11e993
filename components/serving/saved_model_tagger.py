"""Tags sentences with an exported model, in this process."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from components.common.errors import NerError, quoted
from components.common.faults import reading
from components.exporter.contract.contract import LEAST_CHARACTERS
from components.exporter.validator.private_copy import checked_copy
from components.exporter.validator.probe.c_api import TensorFlowError, numpy_dtype, protos
from components.exporter.validator.probe.saved_graph import SavedGraph, TensorInfo
from components.exporter.validator.probe.served_model import ServedModel
from components.exporter.validator.probe.values import strings
from components.keys import KEY, SENTENCE, SERVING_DEFAULT, SERVING_EXAMPLES, UNKEYED
from components.text.spans import spans

EXAMPLES, TRUNCATED = "examples", "truncated"
_LEAST_SCORE = 1e-9  # a float32 may round a probability to zero
_OUTPUTS = ("tokens", "tags", "scores", "starts", "ends")


@dataclasses.dataclass(frozen=True)
class Entity:
    """An entity of a sentence.

    Attributes:
        text: as written in the sentence.
        label: entity type.
        start: offset of its first character.
        end: offset after its last one.
        score: mean of its tokens' scores, as in the output `entity_scores`; None if the model returns no scores.
    """

    text: str
    label: str
    start: int
    end: int
    score: float | None


@dataclasses.dataclass(frozen=True)
class TaggedSentence:
    """The tags of one sentence.

    Attributes:
        sentence: the raw text.
        tokens: substrings of it.
        tags: one per token.
        scores: the tag's probability, one per token; empty if the model returns none.
        starts: offset of the token's first character in `sentence`.
        ends: offset after its last one.
    """

    sentence: str
    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    scores: tuple[float, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @property
    def entities(self) -> tuple[Entity, ...]:
        """The entities in order, read like the model's own output reads them (`components.text.spans`).

        Example:
            >>> tagged = TaggedSentence("in New York", ("in", "New", "York"), ("O", "B-LOC", "I-LOC"),
            ...                         (1.0, 0.5, 1.0), (0, 3, 7), (2, 6, 11))
            >>> tagged.entities
            (Entity(text='New York', label='LOC', start=3, end=11, score=0.75),)
        """
        entities = []
        for label, first, last in spans(self.tags):
            start, end, scores = self.starts[first], self.ends[last - 1], self.scores[first:last]
            score = sum(scores) / len(scores) if scores else None
            entities.append(Entity(self.sentence[start:end], label, start, end, score))
        return tuple(entities)

    @property
    def confidence(self) -> float | None:
        """The model's probability of all tags, made less dependent on the length: 0 to 1.

        The logarithm of that probability is divided by the square root of the number of tokens. Without a division
        (least confidence: Culotta and McCallum 2005) long sentences, with one by the number itself (MNLP: Shen et al.
        2018, "Deep Active Learning for Named Entity Recognition") fragments of a few words are the least certain ones;
        docs/labelling.md compares the three. None if the model returns no scores, or there is no token.

        Example:
            >>> round(TaggedSentence("in Rome", ("in", "Rome"), ("O", "O"), (1.0, 0.25), (0, 3), (2, 7)).confidence, 3)
            0.375
        """
        if not self.scores:
            return None
        return math.exp(sum(math.log(max(score, _LEAST_SCORE)) for score in self.scores) / math.sqrt(len(self.scores)))


class NoTaggerError(NerError):
    """No signature takes sentences and returns tags."""


class RefusedError(NerError):
    """The model answers a request with an error, because of its sentences or its features."""


class Signatures(Protocol):
    """The signatures of a model, such as `SavedGraph`."""

    @property
    def methods(self) -> Mapping[str, str]:
        """Signature -> method name."""

    def inputs(self, signature: str) -> dict[str, TensorInfo]:
        """The inputs of a signature by name."""

    def outputs(self, signature: str) -> dict[str, TensorInfo]:
        """The outputs of a signature by name."""


class Model(Protocol):
    """A model that answers requests, such as `ServedModel`."""

    def run(self, inputs: Mapping[str, np.ndarray], outputs: Sequence[str]) -> list[np.ndarray]:
        """Returns the values of output tensors for those of input tensors."""


class SavedModelTagger:
    """An exported model, loaded from its folder alone.

    Uses the signature with the most complete answer, so it also works for models whose default returns little
    (`exporter.outputs`, `exporter.token_length`), takes keys or features, or was made elsewhere.

    Loads the model like TensorFlow Serving does, through the C API, in half a second instead of the eight of `import
    tensorflow`. The process can import TensorFlow before and afterwards.

    tests/components/serving/test_saved_model_tagger.py shows it at work.

    Attributes:
        folder: the SavedModel, or the address of the served model.
    """

    def __init__(
        self, folder: Path | str, *, signature: str | None = None, threads: int = 0, with_tokens: bool = True
    ) -> None:
        """Loads the model on the CPU, after the checks of a model of unknown origin.

        Args:
            folder: the SavedModel.
            signature: its name; None: the one with the most complete answer.
            threads: that compute one request; 0: one for each processor.
            with_tokens: whether to read the tokens as the model returns them; otherwise they are cut from the sentence
                if the model returns offsets, which is faster.

        Raises:
            UnsafeModelError: the model may not be loaded.
            NoTaggerError: no signature, or not this one, takes sentences and returns tags and tokens.
        """
        with self._opened(folder, threads) as (graph, load):
            self.folder = folder
            self._name, self._inputs, outputs = _signature(folder, graph, signature)
            self._model = load()
        if not with_tokens and {"starts", "ends"} <= {*outputs}:
            outputs.pop("tokens", None)
        self._outputs = {name: info.tensor for name, info in outputs.items()}
        returned = graph.outputs(self._name)
        features = {EXAMPLES: {KEY}}.get(next(iter(self._inputs)), {*self._inputs} - {SENTENCE})
        self._forwarded = {name: returned[name].tensor for name in sorted(features) if name in returned}

    @property
    def signature(self) -> str:
        """Name of the signature."""
        return self._name

    @property
    def features(self) -> dict[str, TensorInfo]:
        """Inputs of the signature other than the sentence."""
        return {name: info for name, info in self._inputs.items() if name not in (SENTENCE, EXAMPLES)}

    @property
    def takes_examples(self) -> bool:
        """True if the signature takes serialized examples, which may hold a key."""
        return EXAMPLES in self._inputs

    @contextlib.contextmanager
    def _opened(self, folder: Path | str, threads: int) -> Iterator[tuple[Signatures, Callable[[], Model]]]:
        """Yields the signatures and a function that loads the model; a tagger of a server overrides it."""
        with reading(folder), checked_copy(Path(folder)) as copy:
            yield SavedGraph(copy), lambda: ServedModel(str(copy), threads)

    def tag(self, sentences: Sequence[str]) -> list[TaggedSentence]:
        """Tags raw sentences, in order; long ones in several requests.

        Raises:
            NerError: the model refuses the sentences, or its answer is not one of tags.
        """
        return [tagged for batch in requests(sentences) for tagged in self.tag_request(batch)]

    def tag_request(
        self, sentences: Sequence[str], features: Mapping[str, np.ndarray] | None = None
    ) -> list[TaggedSentence]:
        """Tags sentences in one request.

        Args:
            sentences: raw sentences.
            features: values of other inputs, in the order of the sentences; a missing one is empty or 0. The signature
                must return those that it forwards unchanged.

        Raises:
            RefusedError: the model refuses the request.
            NerError: the answer is not one of tags, or a forwarded value changed.
        """
        sent = features or {}
        feeds = {self._inputs[name].tensor: value for name, value in self.inputs_of(sentences, sent).items()}
        forwarded = {name: tensor for name, tensor in self._forwarded.items() if name in sent}
        try:
            arrays = self._model.run(feeds, [*self._outputs.values(), *forwarded.values()])
        except TensorFlowError as error:
            raise RefusedError(f"{self.folder}: signature {self._name} refuses the sentences: {error}") from error
        for name, returned in zip(forwarded, arrays[len(self._outputs) :], strict=True):
            self._require_equal(name, sent[name], returned.reshape(-1))
        return self.read_outputs(sentences, dict(zip(self._outputs, arrays, strict=False)))

    def inputs_of(
        self, sentences: Sequence[str], features: Mapping[str, np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        """Returns the inputs of a request by name; `tag_request` describes the arguments."""
        texts = [sentence.encode("utf-8", "replace") for sentence in sentences]
        return {name: _values(name, info, texts, features or {}) for name, info in self._inputs.items()}

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs that `read_outputs` reads."""
        return tuple(self._outputs)

    def read_outputs(self, sentences: Sequence[str], columns: Mapping[str, np.ndarray]) -> list[TaggedSentence]:
        """Returns the sentences of a request, tagged as the outputs say.

        Raises:
            NerError: the answer is not one of tags.
        """
        shapes = {name: column.shape for name, column in columns.items()}  # [batch, tokens] each
        if len(set(shapes.values())) != 1 or columns["tags"].ndim != 2 or len(columns["tags"]) != len(sentences):
            raise NerError(
                f"{self.folder}: signature {self._name} answers {len(sentences)} sentences with the shapes {shapes}. "
                "Give a model that returns one row per sentence and one tag per token."
            )
        return [self._row(columns, row, sentence) for row, sentence in enumerate(sentences)]

    def _require_equal(self, name: str, sent: np.ndarray, returned: np.ndarray) -> None:
        for before, after in itertools.zip_longest(sent.tolist(), returned.tolist()):
            if before != after and before == before:  # NaN is not equal to itself
                raise NerError(
                    f"{self.folder}: signature {self._name} returns `{name}` {quoted(after)} for a row with "
                    f"{quoted(before)}. Use another signature, or a model whose forwarding was validated."
                )

    def _row(self, columns: Mapping[str, np.ndarray], row: int, sentence: str) -> TaggedSentence:
        values = {name: column[row].tolist() for name, column in columns.items()}
        tokens = [text.decode("utf-8", "replace") for text in values["tokens"]] if "tokens" in values else None
        if "starts" in values and "ends" in values:
            # A token is never empty, so a real one ends after its start and padding does not.
            spans = [(start, end) for start, end in zip(values["starts"], values["ends"], strict=True) if end > start]
        else:
            spans = _located(tokens or [], sentence)
            rest, left = (tokens or [])[len(spans) :], sentence[spans[-1][1] if spans else 0 :]
            # Padding is one text, after the last word of the sentence.
            if len({*rest}) > 1 or (rest and any(map(str.isalnum, left))):
                raise RefusedError(
                    f"{self.folder}: signature {self._name} returns the token {quoted(rest[0])}, which does not "
                    f"follow in the sentence {quoted(sentence)}. Give a model that returns tokens as written, or "
                    "`starts` and `ends`."
                )
        count = len(spans)
        tags = [text.decode("utf-8", "replace") for text in values["tags"][:count]]
        return TaggedSentence(
            sentence,
            tokens=tuple(tokens[:count] if tokens else (sentence[start:end] for start, end in spans)),
            tags=tuple(tags),
            scores=tuple(values.get("scores", ())[:count]),
            starts=tuple(start for start, _ in spans),
            ends=tuple(end for _, end in spans),
        )


def _signature(
    folder: Path | str, graph: Signatures, chosen: str | None
) -> tuple[str, dict[str, TensorInfo], dict[str, TensorInfo]]:
    """Chooses the signature with the most outputs of `TaggedSentence`: its name, inputs, and these outputs.

    Raises:
        NoTaggerError: no signature, or not the one of this name, takes sentences and returns tags and tokens.
    """
    if chosen is not None and chosen not in graph.methods:
        raise NerError(
            f"{folder}: the model has no signature {quoted(chosen)}. Use one of {', '.join(sorted(graph.methods))}."
        )
    candidates = []
    for name in [chosen] if chosen else [UNKEYED, SERVING_DEFAULT, *sorted(graph.methods)]:
        if name not in graph.methods or not _takes_sentences(graph.inputs(name)):
            continue
        outputs = {each: info for each, info in graph.outputs(name).items() if each in _OUTPUTS}
        complete = TRUNCATED not in graph.outputs(name)
        if any(outputs[each].dtype != "string" for each in ("tags", "tokens") if each in outputs):
            continue
        if "tags" in outputs and ("tokens" in outputs or {"starts", "ends"} <= {*outputs}):
            candidates.append(((complete, len(outputs), name != SERVING_EXAMPLES), name, outputs))
    if not candidates:
        shown = "; ".join(
            f"{name} takes {', '.join(graph.inputs(name))} and returns {', '.join(graph.outputs(name))}"
            for name in sorted(graph.methods)
        )
        raise NoTaggerError(
            f"{folder}: no signature takes `sentence` and returns `tags` with `tokens`, or with `starts` and `ends` "
            f"({shown}). Export the model with exporter.outputs=[tokens, scores, offsets]."
        )
    _, name, outputs = max(candidates, key=lambda each: each[0])
    return name, graph.inputs(name), outputs


def _takes_sentences(inputs: Mapping[str, TensorInfo]) -> bool:
    text = inputs.get(SENTENCE) or inputs.get(EXAMPLES)
    return text is not None and text.dtype == "string" and all(info.shape == (None,) for info in inputs.values())


def _values(name: str, info: TensorInfo, texts: Sequence[bytes], features: Mapping[str, np.ndarray]) -> np.ndarray:
    """Returns an input: the sentences, serialized if necessary, or the values of a key or a feature."""
    if name == SENTENCE:
        return strings(texts)
    if name == EXAMPLES:
        keys = features[KEY].tolist() if KEY in features else [None] * len(texts)
        return strings([_example(text, key) for text, key in zip(texts, keys, strict=True)])
    if name in features:
        return features[name]
    dtype = numpy_dtype(info.number)
    return strings([b""] * len(texts)) if dtype.kind == "O" else np.zeros(len(texts), dtype)


def _example(text: bytes, key: bytes | None) -> bytes:
    example = protos("core.example.example_pb2").Example()
    example.features.feature[SENTENCE].bytes_list.value.append(text)
    if key is not None:
        example.features.feature[KEY].bytes_list.value.append(key)
    return bytes(example.SerializeToString())


def _located(tokens: Sequence[str], sentence: str) -> list[tuple[int, int]]:
    """Returns the offsets of tokens that follow each other in the sentence; the first that does not is padding."""
    spans, end = [], 0
    for token in tokens:
        start = sentence.find(token, end)
        if not token or start < 0:
            break
        end = start + len(token)
        spans.append((start, end))
    return spans


def requests(sentences: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yields consecutive sentences that keep the limits of a request, with padding to the longest one."""
    begin = 0
    while begin < len(sentences):
        end, longest = begin, 0
        while end < len(sentences):
            longest = max(longest, len(sentences[end]))
            if end > begin and longest * (end + 1 - begin) > LEAST_CHARACTERS:
                break
            end += 1
        yield sentences[begin:end]
        begin = end
