"""Calibration of a tagger: scores that are probabilities of the chosen tags being correct."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize
import tensorflow as tf

from components.text.tag_probabilities import tag_probabilities
from components.text.transitions import outside_tags

_LEAST, _MOST = 0.1, 10.0
# Weight of a preference for no change, which decides for a split with few tokens.
_PRIOR = 1.0
_TINY = 1e-30


class Calibration(NamedTuple):
    """Scores are `tag_probabilities((logits + outside_bias * outside) / temperature)`, at the tag that decoding chose.

    Temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks") with a bias (Alexandari et al.
    2020, "Maximum Likelihood with Bias-Corrected Calibration is Hard-To-Beat at Label Shift Adaptation"), which is not
    the bias of the decoding: that one has the highest F1, and its probabilities are far off. The tags do not change.

    Attributes:
        temperature: divides the logits; above 1, the scores become less certain.
        outside_bias: added to the logits of outside tags before.

    Example:
        >>> calibration = Calibration(temperature=2.0, outside_bias=-1.0)
        >>> calibration.logits(np.array([[-1e9, 5.0, 2.0]]), np.array([0, 1, 0])).tolist()
        [[-500000000.0, 2.0, 1.0]]
    """

    temperature: float = 1.0
    outside_bias: float = 0.0

    def logits(self, logits: Any, outside: np.ndarray) -> Any:
        """Returns the logits whose `tag_probabilities` are the scores, as an array or tensor like the given ones.

        Args:
            logits: float [..., tags].
            outside: float32 [tags], 1 at outside tags (`components.text.transitions.outside_tags`).
        """
        if self == NO_CALIBRATION:
            return logits  # adds nothing to a served graph
        return logits * (1 / self.temperature) + outside * (self.outside_bias / self.temperature)


NO_CALIBRATION = Calibration()


class TaggedTokens(NamedTuple):
    """Tagged tokens of some windows.

    Attributes:
        logits: float32 [tokens, tags]; tag 0 is padding and impossible.
        begins: bool [tokens], true at the first token of each window.
        chosen: int [tokens], the tags that decoding chose.
        gold: int [tokens], the correct tags; -1 for one that is not in the training split.
    """

    logits: np.ndarray
    begins: np.ndarray
    chosen: np.ndarray
    gold: np.ndarray


def fitted_calibration(parts: Sequence[TaggedTokens], tags: Sequence[str]) -> Calibration:
    """Returns the calibration whose scores predict best which of the chosen tags are correct (by log loss).

    Args:
        parts: tokens of the eval split, in parts of any size.
        tags: tag vocabulary in the order of the logits, `[PAD]` first.

    Returns:
        A temperature from 0.1 to 10, and a bias; 1 and 0 without tokens.

    Example:
        >>> logits = np.tile(np.float32([-1e9, 4, 0]), (4000, 1))  # a probability of 0.98, but correct in three of four
        >>> begins, chosen, gold = np.ones(4000, bool), np.ones(4000, int), np.tile([1, 1, 1, 2], 1000)
        >>> calibration = fitted_calibration([TaggedTokens(logits, begins, chosen, gold)], ["[PAD]", "B-X", "B-Y"])
        >>> round(calibration.temperature, 1)
        3.6
    """
    outside = outside_tags(tags)

    # One call for each part: the gradient of all tokens at once would need a gigabyte.
    @tf.function(
        autograph=False,
        input_signature=[
            tf.TensorSpec([2], tf.float32),
            tf.TensorSpec([None, len(tags)], tf.float32),
            tf.TensorSpec([None], tf.bool),
            tf.TensorSpec([None], tf.int64),
            tf.TensorSpec([None], tf.int64),
        ],
    )
    def loss_and_gradient(
        weights: tf.Tensor, logits: tf.Tensor, begins: tf.Tensor, chosen: tf.Tensor, gold: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(weights)
            probabilities = tag_probabilities(weights[0] * logits + weights[1] * outside, begins, tags)
            is_chosen = tf.one_hot(chosen, len(tags))
            score, others = (tf.reduce_sum(probabilities * share, -1) for share in (is_chosen, 1 - is_chosen))
            # The logarithm of the smaller of p and 1 - p is more precise. Both branches of tf.where are computed: 0.6
            # keeps the unused one finite.
            of_score = tf.where(score < others, tf.math.log(score + _TINY), tf.math.log1p(-tf.minimum(others, 0.6)))
            loss = -tf.reduce_sum(tf.where(chosen == gold, of_score, tf.math.log(others + _TINY)))
        return loss, tape.gradient(loss, weights)

    start = np.array([1.0, 0.0])  # 1 / temperature and bias / temperature, in which the logits are linear

    def penalized(weights: np.ndarray) -> tuple[float, np.ndarray]:
        loss, gradient = _PRIOR / 2 * np.square(weights - start).sum(), _PRIOR * (weights - start)
        for part in parts:
            one, slope = loss_and_gradient(weights.astype(np.float32), *part)
            loss, gradient = loss + float(one), gradient + slope.numpy()
        return loss, gradient

    bounds = [(1 / _MOST, 1 / _LEAST), (None, None)]
    best = scipy.optimize.minimize(penalized, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return Calibration(float(1 / best[0]), float(best[1] / best[0]))
