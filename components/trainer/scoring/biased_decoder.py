"""Decoding of logits at several outside biases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from components.text.tags import split_tag
from components.text.transitions import constrained_viterbi, outside_tags, transitions


class BiasedDecoder:
    """Constrained Viterbi decoding of batches of windows, with a bias on the logits of outside tags.

    Example:
        >>> decoder = BiasedDecoder(["[PAD]", "O", "B-PER", "I-PER"])
        >>> logits = np.array([[[-9.0, 1.0, 0.0, 0.0], [-9.0, 3.0, 0.0, 0.0]]])
        >>> decoder.decode(logits, np.array([[True, True]]), (0.0, -2.0)).tolist()
        [[[1, 1]], [[2, 1]]]
    """

    def __init__(self, tags: Sequence[str]) -> None:
        """Stores the transitions.

        Args:
            tags: tag vocabulary in the order of the logits, `[PAD]` first.
        """
        self._outside = outside_tags(tags)
        self._inside = np.array([bool(split_tag(tag)[0]) for tag in tags])
        self._start, self._step = transitions(tags)

    def decode(self, logits: np.ndarray, real: np.ndarray, outside_biases: Sequence[float]) -> np.ndarray:
        """Returns the best valid sequences, int [biases, rows, tokens]; values at padding are undefined.

        Args:
            logits: float [rows, tokens, tags].
            real: bool [rows, tokens], false at padding; at least one is true.
            outside_biases: values to add to the logits of outside tags.
        """
        outside, inside = (np.flatnonzero(chosen) for chosen in (self._outside, self._inside))
        # A bias on all outside logits decides between the best outside and the best inside tag, and nothing else.
        if not len(outside):
            outside = np.array([0])  # [PAD], impossible: without outside tokens in the corpus none are predicted
        best_outside, best_inside = (ids[logits[..., ids].argmax(-1)] for ids in (outside, inside))
        lead = logits[..., outside].max(-1) - logits[..., inside].max(-1)  # [rows, tokens]
        biases = np.array(outside_biases, np.float32)[:, None, None]
        best = np.where(lead >= -biases, best_outside, best_inside)  # [biases, rows, tokens]
        number, row = np.nonzero(self._is_invalid(best, real))
        if len(row):
            biased = logits[row] + biases[number] * self._outside  # [invalid rows, tokens, tags]
            best[number, row] = constrained_viterbi(biased, real[row], self._start, self._step)
        return best

    def _is_invalid(self, paths: np.ndarray, real: np.ndarray) -> np.ndarray:
        """Returns bool [biases, rows]."""
        steps = (self._step[paths[..., :-1], paths[..., 1:]] != 0) & real[:, 1:]
        return steps.any(-1) | (self._start[paths[..., 0]] != 0) & real[:, 0]
