"""The loss of a tagger whose tags form a legal sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from components.text.transitions import transitions

# Keeps the logarithm of nothing finite, and its gradient too.
_LEAST = 1e-30


@keras.saving.register_keras_serializable(package="ner")
class ConstrainedCrfLoss(keras.losses.Loss):
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
        y_pred: float [batch, tokens, tags], logits; or [experts, batch, tokens, tags], each with a loss of its own.

    Returns:
        Float32 scalar; 0 when no token counts. The sum over the experts, where there are some.
    """

    def __init__(
        self,
        tags: Sequence[str],
        token_weights: Sequence[float] = (1.0,),
        name: str = "legal_sequence_loss",
        **kwargs: Any,
    ) -> None:
        """Keeps what the loss depends on. The sum is taken here, so Keras' own reduction only passes it on.

        Args:
            tags: tag vocabulary in the order of the logits, `[PAD]` first.
            token_weights: how much the second part counts for each expert; the last number is for all further ones,
                too. It counts fully for logits without experts.
            name: of the loss.
            **kwargs: those of `keras.losses.Loss`.
        """
        super().__init__(name=name, **{**kwargs, "reduction": "sum"})
        self.tags, self.token_weights = tuple(tags), tuple(token_weights)
        self._start, self._step = transitions(self.tags)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See the class."""
        logits = ops.cast(y_pred, "float32")  # sums over a whole window need the digits
        y_true = ops.cast(y_true, "int32")  # Keras makes targets floats
        if len(y_pred.shape) == 3:
            return self._of_batch(logits, y_true, 1.0)
        # Experts side by side are one long batch: the forward algorithm takes its steps once.
        experts, batch = y_pred.shape[0], ops.shape(y_true)[0]
        token_weights = [*self.token_weights, *[self.token_weights[-1]] * experts][:experts]
        by_row = ops.repeat(ops.convert_to_tensor(token_weights, "float32"), batch)  # [experts * batch]
        logits = ops.reshape(logits, (-1, *ops.shape(logits)[2:]))
        return experts * self._of_batch(logits, ops.tile(y_true, (experts, 1)), by_row)

    def _of_batch(self, logits: Any, y_true: Any, token_weights: Any) -> Any:
        """The loss a token; `token_weights` are one number, or one a row."""
        real = ops.not_equal(y_true, 0)  # [batch, tokens]
        gold_ids = ops.maximum(y_true, 0)
        gold = ops.squeeze(ops.take_along_axis(logits, ops.expand_dims(gold_ids, -1), axis=-1), -1)  # [batch, tokens]
        gold = ops.sum(ops.where(real, gold, 0.0), axis=1)
        # Where gold begins inside an entity, any tag may begin.
        start = ops.convert_to_tensor(self._start)
        begins_legally = ops.expand_dims(ops.equal(ops.take(start, gold_ids[:, 0]), 0.0), -1)
        alone = ops.sum(ops.where(real, ops.logsumexp(logits, axis=-1), 0.0), axis=1)  # [batch]
        sequence = self._log_sum(logits, real, ops.where(begins_legally, start, 0.0)) - gold  # [batch]
        losses = sequence + (alone - gold) * token_weights
        counts = ops.all(y_true >= 0, axis=1, keepdims=True)  # [batch, 1]
        weights = ops.cast(ops.logical_and(real, counts), "float32")
        return ops.sum(losses * weights[:, 0]) / ops.maximum(ops.sum(weights), 1.0)

    def _log_sum(self, logits: Any, real: Any, start: Any) -> Any:
        """Log of the summed weights of all legal sequences, float32 [batch]: the forward algorithm."""
        by_time = ops.transpose(logits, (1, 0, 2))  # [tokens, batch, tags]
        real_by_time = ops.expand_dims(ops.cast(ops.transpose(real), "float32"), -1)  # [tokens, batch, 1]
        allowed = ops.convert_to_tensor(np.exp(self._step))  # [tags, tags], 1 where the second may follow the first

        def forward(reached: Any, now: Any) -> tuple[Any, Any]:
            # As a product of matrices, relative to the likeliest tag: faster than sums of logarithms. What can only be
            # reached from tags that are more than e^69 times less likely counts as if it were no more than that.
            peak = ops.max(reached, axis=-1, keepdims=True)
            into = ops.log(ops.matmul(ops.exp(reached - peak), allowed) + _LEAST) + peak
            reached = ops.where(now[:, -1:] > 0, into + now[:, :-1], reached)
            return reached, reached  # what is to be collected is not used, but TensorFlow's scan wants something

        # Keras' scan on TensorFlow takes one tensor only where the number of tokens is not known beforehand.
        reached, _ = ops.scan(forward, by_time[0] + start, ops.concatenate([by_time, real_by_time], axis=-1)[1:])
        return ops.logsumexp(reached, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs."""
        return {"name": self.name, "tags": list(self.tags), "token_weights": list(self.token_weights)}
