"""The loss of a tagger whose tags form a legal sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from components.text.transitions import transitions


@keras.saving.register_keras_serializable(package="ner")
class LegalSequenceLoss(keras.losses.Loss):
    """Negative log probability of the gold sequence among legal IOB2 sequences, and of the gold tags alone, a token.

    The first is a linear-chain conditional random field (Lafferty et al. 2001) whose transitions are not learned but
    given: those that IOB2 allows cost nothing, all others are impossible. Its most probable sequence is therefore the
    tagger's best tags wherever these are legal, and takes Viterbi's algorithm nowhere else, which makes serving cheap.
    Learned transitions were measured and gained nothing on top of an encoder that sees the neighbours.

    The second, ordinary cross entropy, is what makes the best tags legal nearly everywhere, and their probabilities
    mean something: the first alone does not mind how likely a tag looks where it cannot stand.

    No library served: keras-crf and the CRF of TensorFlow Addons are no longer kept and know neither Keras 3 nor
    constraints.

    Call arguments:
        y_true: int [batch, tokens], legal sequences; 0 is padding and stands at the end only. A window that begins
            inside an entity may begin with I-X. A window with a tag that training never saw, -1, does not count.
        y_pred: float [batch, tokens, tags], logits.

    Returns:
        Float32 scalar; 0 when no token counts.
    """

    def __init__(self, tags: Sequence[str], name: str = "legal_sequence_loss", **kwargs: Any) -> None:
        """Keeps the tag vocabulary, `[PAD]` first. The sum is taken here, so Keras' own reduction only passes it on."""
        super().__init__(name=name, **{**kwargs, "reduction": "sum"})
        self.tags = tuple(tags)
        self._start, self._step = transitions(self.tags)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See the class."""
        logits = ops.cast(y_pred, "float32")  # sums over a whole window need the digits
        y_true = ops.cast(y_true, "int32")  # Keras makes targets floats
        real = ops.not_equal(y_true, 0)  # [batch, tokens]
        gold_ids = ops.maximum(y_true, 0)
        gold = ops.squeeze(ops.take_along_axis(logits, ops.expand_dims(gold_ids, -1), axis=-1), -1)  # [batch, tokens]
        gold = ops.sum(ops.where(real, gold, 0.0), axis=1)
        # Where gold begins inside an entity, any tag may begin.
        start = ops.convert_to_tensor(self._start)
        begins_legally = ops.expand_dims(ops.equal(ops.take(start, gold_ids[:, 0]), 0.0), -1)
        alone = ops.sum(ops.where(real, ops.logsumexp(logits, axis=-1), 0.0), axis=1)  # [batch]
        losses = self._log_sum(logits, real, ops.where(begins_legally, start, 0.0)) + alone - 2 * gold  # [batch]
        counts = ops.all(y_true >= 0, axis=1, keepdims=True)  # [batch, 1]
        weights = ops.cast(ops.logical_and(real, counts), "float32")
        return ops.sum(losses * weights[:, 0]) / ops.maximum(ops.sum(weights), 1.0)

    def _log_sum(self, logits: Any, real: Any, start: Any) -> Any:
        """Log of the summed weights of all legal sequences, float32 [batch]: the forward algorithm."""
        by_time = ops.transpose(logits, (1, 0, 2))  # [tokens, batch, tags]
        real_by_time = ops.expand_dims(ops.cast(ops.transpose(real), "float32"), -1)  # [tokens, batch, 1]

        def forward(reached: Any, now: Any) -> tuple[Any, Any]:
            step = ops.logsumexp(ops.expand_dims(reached, 2) + self._step, axis=1) + now[:, :-1]
            reached = ops.where(now[:, -1:] > 0, step, reached)
            return reached, reached  # what is to be collected is not used, but TensorFlow's scan wants something

        # Keras' scan on TensorFlow takes one tensor only where the number of tokens is not known beforehand.
        reached, _ = ops.scan(forward, by_time[0] + start, ops.concatenate([by_time, real_by_time], axis=-1)[1:])
        return ops.logsumexp(reached, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs."""
        return {"name": self.name, "tags": list(self.tags)}
