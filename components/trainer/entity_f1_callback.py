"""Entity F1 on the eval split, after each epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from components.text.entity_scores import EntityCounts

_UNSEEN = "[UNSEEN]"


class EntityF1Callback(keras.callbacks.Callback):
    """Adds `val_entity_precision`, `val_entity_recall` and `val_entity_f1` to an epoch's logs.

    The scores early stopping goes by: token accuracy and loss say little about entities. Must stand before the
    callbacks that read them. Counted on windows; the Evaluator scores whole sentences of the exported model.
    """

    def __init__(self, batches: Any, tags: Sequence[str]) -> None:
        """Keeps the eval batches (a `dataset.batches`) and the tag vocabulary, `[PAD]` first."""
        super().__init__()
        self._batches = batches
        # A tag that training never saw has id -1: it can only be missed.
        self._tags = np.array([*tags, f"B-{_UNSEEN}"], dtype=object)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Scores the model as it is now."""
        scores = self.counts().micro()
        if logs is not None:
            logs["val_entity_precision"] = scores.precision
            logs["val_entity_recall"] = scores.recall
            logs["val_entity_f1"] = scores.f1

    def counts(self) -> EntityCounts:
        """Predicts all batches and counts entities."""
        counts = EntityCounts()
        for features, gold in self._batches.as_numpy_iterator():
            predicted = np.argmax(self.model.predict_on_batch(features), -1)  # [batch, tokens]
            for gold_ids, predicted_ids in zip(gold, predicted, strict=True):
                real = gold_ids != 0
                counts.add(self._tags[gold_ids[real]].tolist(), self._tags[predicted_ids[real]].tolist())
        return counts
