"""Entity F1 on the eval split, after each epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from components.text.entity_scores import EntityCounts, Scores
from components.text.tags import split_tag
from components.text.transitions import legal_path, transitions

_UNSEEN = "[UNSEEN]"
# In logits: e ** 4 is 55 times the odds of an entity.
_SHIFTS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)


class EntityF1Callback(keras.callbacks.Callback):
    """Adds `val_entity_precision`, `val_entity_recall`, `val_entity_f1` and `outside_shift` to an epoch's logs.

    The scores early stopping goes by: token accuracy and loss say little about entities. Must stand before the
    callbacks that read them. Counted on windows; the Evaluator scores whole sentences of the exported model.

    Likelihood and F1 do not want the same threshold: F1 is highest when a tagger names whatever is likelier than half
    of the F1 that it can reach (Lipton et al. 2014, "Optimal Thresholding of Classifiers to Maximize F1 Measure"), far
    below one half on a hard corpus. So the scores are those with the outside logits lowered by whatever suits the eval
    split best, `outside_shift`; `shift_outside` makes it the model's own.
    """

    def __init__(self, batches: Any, tags: Sequence[str]) -> None:
        """Keeps the eval batches (a `dataset.batches`) and the tag vocabulary, `[PAD]` first."""
        super().__init__()
        self._batches = batches
        # A tag that training never saw has id -1: it can only be missed.
        self._tags = np.array([*tags, f"B-{_UNSEEN}"], dtype=object)
        self._outside = outside_tags(tags)
        self._rules = transitions(tags)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Scores the model as it is now."""
        shift, scores = max(self.scores().items(), key=lambda item: item[1].f1)  # the smallest of equals
        if logs is not None:
            logs["val_entity_precision"] = scores.precision
            logs["val_entity_recall"] = scores.recall
            logs["val_entity_f1"] = scores.f1
            logs["outside_shift"] = shift

    def scores(self) -> dict[float, Scores]:
        """Predicts all batches once; returns the scores by how far the outside logits are lowered."""
        counts = {shift: EntityCounts() for shift in _SHIFTS}
        for features, gold in self._batches.as_numpy_iterator():
            logits = self.model.predict_on_batch(features)  # [batch, tokens, tags]
            real = gold != 0
            for shift, count in counts.items():
                for gold_ids, row, here in zip(gold, logits - shift * self._outside, real, strict=True):
                    count.add(
                        self._tags[gold_ids[here]].tolist(), self._tags[legal_path(row[here], *self._rules)].tolist()
                    )
        return {shift: count.micro() for shift, count in counts.items()}


def shift_outside(model: keras.Model, tags: Sequence[str], shift: float) -> None:
    """Lowers a tagger's outside logits for good.

    Args:
        model: a tagger (`components.model.taggers`).
        tags: tag vocabulary in the order of the logits.
        shift: by how much.
    """
    bias = model.scores.bias
    bias.assign(keras.ops.convert_to_numpy(bias) - shift * outside_tags(tags))


def outside_tags(tags: Sequence[str]) -> np.ndarray:
    """Returns float32 [tags], 1 at the labels that name no entity (padding, which is never predicted, aside)."""
    return np.array([position > 0 and not split_tag(tag)[0] for position, tag in enumerate(tags)], np.float32)
