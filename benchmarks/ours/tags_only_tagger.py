"""The exported model asked for tags alone: what a caller pays who wants nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from components.exporter.validator.probe.saved_graph import SavedGraph
from components.exporter.validator.probe.served_model import ServedModel

_PAD = b"[PAD]"


class TagsOnlyTagger:
    """Runs the plain signature through the C API and fetches one output, `tags`, one tag for each of its own tokens."""

    def __init__(self, folder: Path) -> None:
        """Loads the model."""
        graph = SavedGraph(folder)
        signature = "unkeyed_signature" if "unkeyed_signature" in graph.methods else "serving_default"
        self._input = graph.inputs(signature)["sentence"].tensor
        self._output = graph.outputs(signature)["tags"].tensor
        self._model = ServedModel(str(folder))

    def tag(self, sentences: Sequence[str]) -> list[list[str]]:
        """Tags a batch of raw sentences.

        Returns:
            For each sentence the tags of the tokens that the model's own tokenizer makes of it.
        """
        batch = np.array([sentence.encode() for sentence in sentences], dtype=object)
        [tags] = self._model.run({self._input: batch}, [self._output])  # [batch, tokens]
        return [[tag.decode() for tag in row if tag != _PAD] for row in tags.tolist()]

    @staticmethod
    def load(folder: Path) -> TagsOnlyTagger:
        """Reads an exported model."""
        return TagsOnlyTagger(folder)
