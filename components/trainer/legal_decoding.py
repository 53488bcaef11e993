"""Viterbi's algorithm for many sentences at once."""

from __future__ import annotations

import numpy as np


def legal_paths(logits: np.ndarray, real: np.ndarray, start: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Finds the best legal sequence of each row.

    The batched form of `components.text.transitions.legal_path`, without its shortcut.

    Args:
        logits: float [rows, tokens, tags], or log probabilities; at least one token.
        real: bool [rows, tokens], false at padding, which stands at the end only.
        start: float [tags], of `components.text.transitions.transitions`.
        step: float [tags, tags], of the same.

    Returns:
        Int [rows, tokens]; what stands at padding means nothing.
    """
    scores = logits[:, 0] + start  # [rows, tags]
    stay = np.broadcast_to(np.arange(logits.shape[-1]), scores.shape)
    back = []
    for token in range(1, logits.shape[1]):
        reached = scores[:, :, None] + step  # [rows, tags before, tags]
        here = real[:, token, None]
        back.append(np.where(here, reached.argmax(1), stay))
        scores = np.where(here, reached.max(1) + logits[:, token], scores)
    path = [scores.argmax(-1)]
    for pointers in reversed(back):
        path.append(np.take_along_axis(pointers, path[-1][:, None], 1)[:, 0])
    return np.stack(path[::-1], 1)
