"""Losses of the taggers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from components.text.transitions import FORBIDDEN, transitions

# Keeps the logarithm of zero and its gradient finite.
_LEAST = 1e-30


@keras.saving.register_keras_serializable(package="ner")
class MaskedTokenLoss(keras.losses.Loss):
    """Mean cross entropy over the tokens that have a tag.

    `CustomNonPaddingTokenLoss` of the article, normalized over the whole batch: each token has the same weight,
    independent of the length of its sentence. It is not part of saved models, which load without it.

    Example:
        >>> logits = ops.array([[[0.0, 9.0, 0.0], [0.0, 0.0, 0.0]]])  # [batch, tokens, tags]
        >>> round(float(MaskedTokenLoss()(ops.array([[1, 0]]), logits)), 4)
        0.0002

    Call arguments:
        y_true: int [batch, tokens]; 0 (padding) and -1 (a tag that training never saw) are ignored. Or float
            [batch, tokens, tags], distributions over tags, 0 at padding.
        y_pred: float [batch, tokens, tags], logits.

    Returns:
        Float scalar; 0 without tagged tokens.
    """

    def __init__(self, name: str = "masked_token_loss", **kwargs: Any) -> None:
        """Sets the name. `call` already averages, so the reduction of Keras has no effect."""
        super().__init__(name=name, **{**kwargs, "reduction": "sum"})

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Computes the outputs that the class documents."""
        if len(y_true.shape) == 3:
            tagged = ops.sum(y_true, axis=-1) > 0  # [batch, tokens]
            losses = -ops.sum(ops.cast(y_true, y_pred.dtype) * ops.log_softmax(y_pred), axis=-1)
        else:
            tagged = y_true > 0
            losses = ops.sparse_categorical_crossentropy(ops.maximum(y_true, 0), y_pred, from_logits=True)
        weights = ops.cast(tagged, y_pred.dtype)
        return ops.sum(losses * weights) / ops.maximum(ops.sum(weights), 1.0)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {"name": self.name}


@keras.saving.register_keras_serializable(package="ner")
class ConstrainedCrfLoss(keras.losses.Loss):
    """Negative log likelihood of the gold sequence among the valid IOB2 sequences, plus cross entropy, per token.

    The first term is a linear-chain conditional random field (Lafferty et al. 2001) with fixed transitions: IOB2
    transitions score 0, all others are impossible. Its best sequence is the argmax of each token if that is valid;
    only other sentences need Viterbi decoding, which makes serving cheap. Learned transitions were measured and gained
    nothing.

    The second term, token cross entropy, makes the argmax valid nearly everywhere and calibrates the tags: the first
    term does not penalize a tag where it is impossible.

    No library was suitable: keras-crf and the CRF of TensorFlow Addons are unmaintained and support neither Keras 3 nor
    constraints.

    Example:
        >>> loss = ConstrainedCrfLoss(["[PAD]", "O", "B-X", "I-X"])
        >>> logits = np.array([[[-1e9, 9, 0, 0], [-1e9, 0, 9, 0]]])  # [batch, tokens, tags]
        >>> float(loss(np.array([[1, 2]]), logits)) < 0.01
        True

    Targets may be distributions over tags, such as a teacher's. If they are the marginals of a distribution over valid
    sequences, the first term is the cross entropy between that distribution and the model's: transitions score 0, so
    the expected score of a sequence is the sum of the expected scores of its tags.

    Call arguments:
        y_true: int [batch, tokens], valid sequences; 0 is padding, at the end only. A window that begins inside an
            entity may begin with I-X. A window with -1, a tag that training never saw, is ignored. Or float
            [batch, tokens, tags], distributions, 0 at padding.
        y_pred: float [batch, tokens, tags], logits; or [experts, batch, tokens, tags], with one loss per expert.

    Returns:
        Float32 scalar, summed over the experts; 0 without tokens.
    """

    def __init__(
        self,
        tags: Sequence[str],
        token_weights: Sequence[float] = (1.0,),
        name: str = "constrained_crf_loss",
        **kwargs: Any,
    ) -> None:
        """Computes the transitions. `call` already averages, so the reduction of Keras has no effect.

        Args:
            tags: tag vocabulary in the order of the logits, `[PAD]` first.
            token_weights: weight of the cross entropy for each expert; the last one also applies to further experts.
                Logits without experts have weight 1.
            name: name of the loss.
            **kwargs: arguments of `keras.losses.Loss`.
        """
        super().__init__(name=name, **{**kwargs, "reduction": "sum"})
        self.tags, self.token_weights = tuple(tags), tuple(token_weights)
        self._start, self._step = transitions(self.tags)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Computes the outputs that the class documents."""
        logits = ops.cast(y_pred, "float32")  # sums over a window need the precision
        # Keras converts targets to float.
        y_true = ops.cast(y_true, "int32" if len(y_true.shape) == 2 else "float32")
        if len(y_pred.shape) == 3:
            return self._of_batch(logits, y_true, 1.0)
        # All experts form one batch, so the forward algorithm runs once.
        experts, batch = y_pred.shape[0], ops.shape(y_true)[0]
        token_weights = [*self.token_weights, *[self.token_weights[-1]] * experts][:experts]
        by_row = ops.repeat(ops.convert_to_tensor(token_weights, "float32"), batch)  # [experts * batch]
        logits = ops.reshape(logits, (-1, *ops.shape(logits)[2:]))
        y_true = ops.tile(y_true, (experts, *[1] * (len(y_true.shape) - 1)))
        return experts * self._of_batch(logits, y_true, by_row)

    def _of_batch(self, logits: Any, y_true: Any, token_weights: Any) -> Any:
        """Returns the mean loss per token; `token_weights` is a scalar or [batch]."""
        start = ops.convert_to_tensor(self._start)
        if len(y_true.shape) == 2:
            real = ops.not_equal(y_true, 0)  # [batch, tokens]
            gold_ids = ops.maximum(y_true, 0)
            gold = ops.squeeze(ops.take_along_axis(logits, ops.expand_dims(gold_ids, -1), axis=-1), -1)
            begin = ops.take(start, gold_ids[:, 0])  # [batch]
            known = ops.all(y_true >= 0, axis=1, keepdims=True)  # [batch, 1]
        else:
            real = ops.sum(y_true, axis=-1) > 0
            gold = ops.sum(y_true * logits, axis=-1)  # [batch, tokens]
            begin = ops.where(ops.sum(y_true[:, 0] * start, axis=-1) < 0.5 * FORBIDDEN, FORBIDDEN, 0.0)
            known = ops.ones_like(real[:, :1])
        gold = ops.sum(ops.where(real, gold, 0.0), axis=1)
        # If the gold sequence begins inside an entity, any tag may come first.
        begins_valid = ops.expand_dims(ops.equal(begin, 0.0), -1)
        normalizer = ops.sum(ops.where(real, ops.logsumexp(logits, axis=-1), 0.0), axis=1)  # [batch]
        sequence = self._log_sum(logits, real, ops.where(begins_valid, start, 0.0)) - gold  # [batch]
        losses = sequence + (normalizer - gold) * token_weights
        weights = ops.cast(ops.logical_and(real, known), "float32")
        return ops.sum(losses * weights[:, 0]) / ops.maximum(ops.sum(weights), 1.0)

    def _log_sum(self, logits: Any, real: Any, start: Any) -> Any:
        """Returns the log partition function over valid sequences, float32 [batch], by the forward algorithm."""
        by_time = ops.transpose(logits, (1, 0, 2))  # [tokens, batch, tags]
        real_by_time = ops.expand_dims(ops.cast(ops.transpose(real), "float32"), -1)  # [tokens, batch, 1]
        allowed = ops.convert_to_tensor(np.exp(self._step))  # [tags, tags], 1: the second may follow the first

        def forward(reached: Any, now: Any) -> tuple[Any, Any]:
            # A matrix product relative to the best score is faster than logsumexp. Scores more than 69 below the best
            # one are raised to that bound (_LEAST).
            peak = ops.max(reached, axis=-1, keepdims=True)
            into = ops.log(ops.matmul(ops.exp(reached - peak), allowed) + _LEAST) + peak
            reached = ops.where(now[:, -1:] > 0, into + now[:, :-1], reached)
            return reached, reached  # TensorFlow's scan requires an output to collect

        # On TensorFlow, `ops.scan` accepts only a single tensor if the number of tokens is unknown.
        reached, _ = ops.scan(forward, by_time[0] + start, ops.concatenate([by_time, real_by_time], axis=-1)[1:])
        return ops.logsumexp(reached, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {"name": self.name, "tags": list(self.tags), "token_weights": list(self.token_weights)}
