"""Tags sentences with an exported model, in this process."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from components.common.faults import reading
from components.exporter.validator.private_copy import checked_copy
from components.exporter.validator.probe.saved_graph import SavedGraph
from components.exporter.validator.probe.served_model import ServedModel
from components.keys import SERVING_DEFAULT, UNKEYED


@dataclasses.dataclass(frozen=True)
class TaggedSentence:
    """The tags of one sentence.

    Attributes:
        sentence: the raw text.
        tokens: substrings of it.
        tags: one per token.
        scores: the tag's probability, one per token.
        starts: offset of the token's first character in `sentence`.
        ends: offset after its last one.
    """

    sentence: str
    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    scores: tuple[float, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]


class SavedModelTagger:
    """An exported model of this project, loaded from its folder alone.

    Loads the model like TensorFlow Serving does, through the C API, in half a second instead of the eight of `import
    tensorflow`. A process that creates one before it imports TensorFlow cannot import TensorFlow any more.

    tests/components/serving/test_saved_model_tagger.py shows it at work.
    """

    def __init__(self, folder: Path) -> None:
        """Loads the model on the CPU, after the checks of a model of unknown origin.

        Raises:
            UnsafeModelError: the model may not be loaded.
        """
        with reading(folder), checked_copy(folder) as copy:
            graph = SavedGraph(copy)
            self._model = ServedModel(str(copy))
        signature = UNKEYED if UNKEYED in graph.methods else SERVING_DEFAULT
        self._input = graph.inputs(signature)["sentence"].tensor
        self._outputs = {name: info.tensor for name, info in graph.outputs(signature).items()}

    def tag(self, sentences: Sequence[str]) -> list[TaggedSentence]:
        """Tags a batch of raw sentences, in order."""
        batch = np.array([sentence.encode("utf-8", "replace") for sentence in sentences], dtype=object)
        arrays = self._model.run({self._input: batch}, list(self._outputs.values()))
        columns = dict(zip(self._outputs, arrays, strict=True))  # [batch, tokens] each
        return [self._row(columns, row, sentence) for row, sentence in enumerate(sentences)]

    @staticmethod
    def _row(columns: dict[str, np.ndarray], row: int, sentence: str) -> TaggedSentence:
        # A token is never empty, so a real one ends after character 0 and padding does not.
        count = int((columns["ends"][row] > 0).sum())
        values = {name: column[row, :count].tolist() for name, column in columns.items()}
        text = {name: tuple(v.decode("utf-8", "replace") for v in values[name]) for name in ("tokens", "tags")}
        numbers = {name: tuple(values[name]) for name in ("scores", "starts", "ends")}
        return TaggedSentence(sentence, **text, **numbers)
