"""Tags sentences with an exported model, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from components.serving.tagged_sentence import TaggedSentence


class SavedModelTagger:
    """An exported model of this project, loaded from a folder; needs nothing of it but the SavedModel."""

    def __init__(self, folder: Path) -> None:
        """Loads the model; TensorFlow is imported here."""
        import tensorflow as tf

        self._tf = tf
        # The loaded object must live as long as its signatures: they do not keep its variables.
        self._model = tf.saved_model.load(str(folder))
        names = self._model.signatures
        self._tag = names["unkeyed"] if "unkeyed" in names else names["serving_default"]

    def tag(self, sentences: Sequence[str]) -> list[TaggedSentence]:
        """Tags a batch of raw sentences, in order."""
        outputs = self._tag(sentence=self._tf.constant(list(sentences), self._tf.string))
        columns = {name: value.numpy() for name, value in outputs.items()}  # [batch, tokens] each
        tagged = []
        for row, sentence in enumerate(sentences):
            # A token is never empty, so a real one ends after character 0 and padding does not.
            count = int((columns["ends"][row] > 0).sum())
            values = {name: column[row, :count].tolist() for name, column in columns.items()}
            text = {name: tuple(v.decode("utf-8", "replace") for v in values[name]) for name in ("tokens", "tags")}
            numbers = {name: tuple(values[name]) for name in ("scores", "starts", "ends")}
            tagged.append(TaggedSentence(sentence, **text, **numbers))
        return tagged
