"""A minimal tagger for `trainer.tagger=support.custom_tagger:WindowTagger` (docs/extending.md)."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="support")
class WindowTagger(keras.Model):
    """Embeds words, their case and their affixes, and scores each token from its neighbors."""

    def __init__(
        self, *, num_tags: int, vocab_size: int, num_cases: int, num_subwords: int, width: int = 32, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = {
            "num_tags": num_tags,
            "vocab_size": vocab_size,
            "num_cases": num_cases,
            "num_subwords": num_subwords,
            "width": width,
        }
        self.word = layers.Embedding(vocab_size, width, name="word")
        self.case = layers.Embedding(num_cases, width, name="case")
        self.subword = layers.Embedding(num_subwords, width, name="subword")
        self.hidden = layers.Dense(width, activation="relu", name="hidden")
        self.scores = layers.Dense(num_tags, dtype="float32", name="scores")

    @property
    def receptive_field(self) -> int:
        return 1  # the token before and the token after

    def build(self, input_shape: Any = None) -> None:
        for layer in (self.word, self.case, self.subword):
            layer.build()
        self.hidden.build((None, None, 3 * self.sizes["width"]))
        self.scores.build((None, None, self.sizes["width"]))
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        ids = inputs["word_ids"]
        x = self.word(ids) + self.case(inputs["case_ids"]) + ops.sum(self.subword(inputs["subword_ids"]), axis=2)
        x = x * ops.cast(ops.expand_dims(ids != 0, -1), x.dtype)  # [batch, tokens, width], 0 at padding
        padded = ops.pad(x, [[0, 0], [1, 1], [0, 0]])
        x = self.hidden(ops.concatenate([padded[:, :-2], x, padded[:, 2:]], axis=-1))
        return self.scores(x) - 1e9 * ops.one_hot(0, self.sizes["num_tags"], dtype="float32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.sizes}
