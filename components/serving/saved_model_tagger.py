"""Tags sentences with an exported model, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from components.exporter.validator.probe.saved_graph import SavedGraph
from components.exporter.validator.probe.served_model import ServedModel
from components.serving.tagged_sentence import TaggedSentence


class SavedModelTagger:
    """An exported model of this project, loaded from a folder; needs nothing of it but the SavedModel.

    Loads it as TensorFlow Serving does, through the C API, which takes half a second where `import tensorflow` takes
    eight. A process that makes one before it imports TensorFlow cannot import TensorFlow any more.
    """

    def __init__(self, folder: Path) -> None:
        """Loads the model on the CPU."""
        graph = SavedGraph(folder)
        signature = "unkeyed_signature" if "unkeyed_signature" in graph.methods else "serving_default"
        self._input = graph.inputs(signature)["sentence"].tensor
        self._outputs = {name: info.tensor for name, info in graph.outputs(signature).items()}
        self._model = ServedModel(str(folder))

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
