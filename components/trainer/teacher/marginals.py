"""Probabilities of each tag among the valid IOB2 sequences."""

from __future__ import annotations

import numpy as np

_LEAST = 1e-30


def marginals(logits: np.ndarray, real: np.ndarray, start: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Computes the distribution of each token's tag over the valid sequences, by the forward-backward algorithm.

    Transitions score 0 or are forbidden, as in `ConstrainedCrfLoss`.

    A teacher's distributions must be exact for the loss. `components.text.tag_probabilities` computes them in a served
    graph: from tokens nearby only and in one step for all tokens, so that a request stays cheap and a sentence has the
    same scores in every batch.

    Args:
        logits: float [rows, tokens, tags].
        real: bool [rows, tokens], false at padding, which is at the end.
        start: float [tags], from `components.text.transitions.transitions`.
        step: float [tags, tags], from there.

    Returns:
        Float32 [rows, tokens, tags]; 0 at padding.

    Example:
        >>> from components.text.transitions import transitions
        >>> logits = np.log([[[0.5, 0.4, 0.1], [0.2, 0.2, 0.6]]])
        >>> found = marginals(logits, np.ones((1, 2), bool), *transitions(["O", "B-X", "I-X"]))
        >>> found.astype(float).round(2).tolist()  # I-X may not begin, nor follow O
        [[[0.33, 0.67, 0.0], [0.3, 0.3, 0.4]]]
    """
    tokens = logits.shape[1]
    # Relative to the best tag of each token, so that nothing overflows; the scale cancels out.
    scores = np.exp(logits - logits.max(-1, keepdims=True)).astype(np.float64)
    allowed, first = np.exp(step.astype(np.float64)), np.exp(start.astype(np.float64))
    forward, backward = np.zeros_like(scores), np.ones_like(scores)
    for token in range(tokens):
        into = forward[:, token - 1] @ allowed if token else first
        reached = scores[:, token] * into
        forward[:, token] = reached / np.maximum(reached.sum(-1, keepdims=True), _LEAST)
    for token in range(tokens - 2, -1, -1):
        onward = (scores[:, token + 1] * backward[:, token + 1]) @ allowed.T
        onward /= np.maximum(onward.sum(-1, keepdims=True), _LEAST)
        backward[:, token] = np.where(real[:, token + 1, None], onward, 1.0)
    both = forward * backward
    both /= np.maximum(both.sum(-1, keepdims=True), _LEAST)
    return np.where(real[:, :, None], both, 0.0).astype(np.float32)
