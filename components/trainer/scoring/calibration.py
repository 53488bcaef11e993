"""Calibration of a tagger: scores that are probabilities of the chosen tags being correct."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

_LEAST, _MOST = 0.1, 10.0
# Weight of a preference for no change, which decides for a split with few tokens.
_PRIOR = 1.0
_STEPS, _CLOSE = 60, 1e-6
_TINY = 1e-12


class Calibration(NamedTuple):
    """Scores are softmax((logits + outside_bias * outside) / temperature), at the tag that decoding chose.

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
        """Returns the logits whose softmax are the scores, as an array or tensor like the given ones.

        Args:
            logits: float [..., tags].
            outside: float32 [tags], 1 at outside tags (`components.text.transitions.outside_tags`).
        """
        if self == NO_CALIBRATION:
            return logits  # adds nothing to a served graph
        return logits * (1 / self.temperature) + outside * (self.outside_bias / self.temperature)


NO_CALIBRATION = Calibration()


def fitted_calibration(logits: np.ndarray, chosen: np.ndarray, gold: np.ndarray, outside: np.ndarray) -> Calibration:
    """Returns the calibration whose scores predict best which of the chosen tags are correct (by log loss).

    Fisher scoring in 1 / temperature and outside_bias / temperature, in which the logits are linear; a step that raises
    the loss is halved.

    Args:
        logits: float [tokens, tags]; tag 0 is padding and impossible.
        chosen: int [tokens], the tags that decoding chose.
        gold: int [tokens], the correct tags; -1 for one that is not in the training split.
        outside: float [tags], 1 at outside tags.

    Returns:
        A temperature from 0.1 to 10, and a bias; 1 and 0 without tokens.

    Example:
        >>> logits = np.tile([-1e9, 4.0, 0.0], (4000, 1))  # a probability of 0.98, but correct three times of four
        >>> gold = np.tile([1, 1, 1, 2], 1000)
        >>> round(fitted_calibration(logits, np.ones(4000, int), gold, np.zeros(3)).temperature, 2)
        3.64
    """
    features = np.stack([logits[:, 1:].astype(np.float64), np.broadcast_to(outside[1:], logits[:, 1:].shape)])
    ids, right = chosen - 1, chosen == gold
    tokens, start = np.arange(len(ids)), np.array([1.0, 0.0])
    best, least, step = start, np.inf, np.zeros(2)
    for _ in range(_STEPS):
        weights = np.array([np.clip(best[0] + step[0], 1 / _MOST, 1 / _LEAST), best[1] + step[1]])
        scaled = np.tensordot(weights, features, 1)
        probabilities = np.exp(scaled - scaled.max(-1, keepdims=True, initial=-np.inf))
        probabilities /= probabilities.sum(-1, keepdims=True)
        scores = probabilities[tokens, ids]
        mean = (probabilities * features).sum(-1)  # [2, tokens]
        probabilities[tokens, ids] = 0
        others = np.maximum(probabilities.sum(-1), _TINY)  # 1 - scores, without loss of digits
        loss = -np.log(np.maximum(np.where(right, scores, others), _TINY)).sum()
        loss += _PRIOR / 2 * np.square(weights - start).sum()
        if loss > least:
            step /= 2
        else:
            best, least = weights, loss
            slopes = features[:, tokens, ids] - mean
            gradient = ((right - scores) / others * slopes).sum(-1) - _PRIOR * (weights - start)
            information = (scores / others * slopes) @ slopes.T + _PRIOR * np.eye(2)
            step = np.linalg.solve(information, gradient)
        if np.abs(step).max() < _CLOSE:
            break
    return Calibration(float(1 / best[0]), float(best[1] / best[0]))
