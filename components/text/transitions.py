"""Which tags may follow which in IOB2, which name nothing, and the best sequence among those that are legal."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from components.text.tags import split_tag

# Far below any score, and still far from the end of float32 when added up over a sentence.
FORBIDDEN = -1e9


def transitions(tags: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Says which tags may follow which: I-X only B-X and I-X.

    Args:
        tags: tag vocabulary in the order of ids.

    Returns:
        `(start, step)`: float32 [tags], 0 where a tag may begin a sentence, and [tags, tags], 0 where the second one
        may follow the first; `FORBIDDEN` everywhere else.
    """
    parts = [split_tag(tag) for tag in tags]
    start = np.array([FORBIDDEN if prefix == "I" else 0.0 for prefix, _ in parts], np.float32)
    step = np.array(
        [
            [FORBIDDEN if after == "I" and (not before or kind != kind_before) else 0.0 for after, kind in parts]
            for before, kind_before in parts
        ],
        np.float32,
    )
    return start, step


def outside_tags(tags: Sequence[str]) -> np.ndarray:
    """Returns float32 [tags], 1 at the labels that name no entity (padding, which is never predicted, aside)."""
    return np.array([position > 0 and not split_tag(tag)[0] for position, tag in enumerate(tags)], np.float32)


def legal_path(logits: np.ndarray, start: np.ndarray, step: np.ndarray) -> list[int]:
    """Finds the best legal sequence of one sentence: its best tags where these are legal, else Viterbi's algorithm.

    Args:
        logits: float [tokens, tags], or log probabilities.
        start: of `transitions`.
        step: of `transitions`.

    Returns:
        One id a token.
    """
    best = np.argmax(logits, -1).tolist()
    if not best or (start[best[0]] == 0 and all(step[one, two] == 0 for one, two in itertools.pairwise(best))):
        return best
    scores, back = logits[0] + start, []
    for emission in logits[1:]:
        reached = scores[:, None] + step  # [tags before, tags]
        back.append(np.argmax(reached, 0))
        scores = np.max(reached, 0) + emission
    path = [int(np.argmax(scores))]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    return path[::-1]


def constrained_viterbi(logits: np.ndarray, real: np.ndarray, start: np.ndarray, step: np.ndarray) -> np.ndarray:
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
