"""Exported models behind the interface of the other systems, run through TensorFlow's C API."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from components.serving.saved_model_tagger import SavedModelTagger, TaggedSentence

_PAD = b"[PAD]"


class OurTagger:
    """An exported SavedModel; a word between spaces gets the tag of its first token."""

    def __init__(self, folder: Path, scratch: tempfile.TemporaryDirectory[str] | None = None) -> None:
        """Stores the folder; the model is loaded at its first use.

        Args:
            folder: folder of the SavedModel.
            scratch: temporary folder to keep as long as the tagger.
        """
        self._folder, self._scratch = folder, scratch
        self._tagger: SavedModelTagger | None = None

    def tag(self, sentences: Sequence[str]) -> list[list[str]]:
        """Tags raw sentences as `Tagger` describes."""
        if self._tagger is None:
            self._tagger = SavedModelTagger(self._folder)
        return [first_tags(tagged) for tagged in self._tagger.tag(sentences)]

    def save(self, folder: Path) -> None:
        """Copies the model."""
        shutil.copytree(self._folder, folder, dirs_exist_ok=True)


class BareModel:
    """Signature for sentences of an exported SavedModel, called through TensorFlow's C API and nothing else."""

    def __init__(self, folder: Path, outputs: Collection[str], threads: int = 0) -> None:
        """Loads the model.

        Args:
            folder: folder of the SavedModel.
            outputs: names of the outputs to fetch; those that the model lacks are left out.
            threads: threads of one call; 0: as many as TensorFlow chooses.
        """
        from components.exporter.validator.probe.saved_graph import SavedGraph
        from components.exporter.validator.probe.served_model import ServedModel
        from components.keys import SERVING_DEFAULT, UNKEYED

        graph = SavedGraph(folder)
        signature = UNKEYED if UNKEYED in graph.methods else SERVING_DEFAULT
        self._input = graph.inputs(signature)["sentence"].tensor
        self._outputs = [info.tensor for name, info in graph.outputs(signature).items() if name in outputs]
        self._model = ServedModel(str(folder), threads)

    def run(self, sentences: Sequence[bytes]) -> list[Any]:
        """Returns the outputs for a batch of UTF-8 texts, an array [batch, tokens] each."""
        import numpy as np

        return self._model.run({self._input: np.array(sentences, dtype=object)}, self._outputs)


class TagsOnlyTagger:
    """An exported SavedModel of which only tags are fetched, the cheapest request."""

    def __init__(self, folder: Path) -> None:
        """Loads the model."""
        self._model = BareModel(folder, ["tags"])

    def tag(self, sentences: Sequence[str]) -> list[list[str]]:
        """Tags raw sentences.

        Returns:
            For each sentence the tags of the model's own tokens.
        """
        [tags] = self._model.run([sentence.encode() for sentence in sentences])
        return [[tag.decode() for tag in row if tag != _PAD] for row in tags.tolist()]

    @staticmethod
    def load(folder: Path) -> TagsOnlyTagger:
        """Loads an exported model."""
        return TagsOnlyTagger(folder)


def first_tags(tagged: TaggedSentence) -> list[str]:
    """Returns the tags of the tokens that do not touch the token before them."""
    before = (-1, *tagged.ends)[:-1]
    return [tag for tag, start, end in zip(tagged.tags, tagged.starts, before, strict=True) if start != end]
