"""IOB2 transitions, and in numpy the best sequence (Viterbi) and the marginal probabilities under them.

`components.exporter.serving.decoding` and `components.text.tag_probabilities` are their counterparts in the graph.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from components.text.tags import split_tag

# Far below any score, and within float32 when added up over a sentence.
FORBIDDEN = -1e9
_LEAST = 1e-30


def transitions(tags: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the transition scores of IOB2, in which I-X may only follow B-X and I-X.

    Args:
        tags: tag vocabulary in the order of ids.

    Returns:
        `(start, step)`: float32 [tags], 0 where a tag may begin a sentence; and [tags, tags], 0 where the second tag
        may follow the first; `FORBIDDEN` everywhere else.

    Example:
        >>> start, step = transitions(["O", "B-X", "I-X"])
        >>> (start == 0).tolist()
        [True, True, False]
        >>> (step == 0).tolist()  # only O -> I-X is forbidden
        [[True, True, False], [True, True, True], [True, True, True]]
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


def paired_tags(tags: Sequence[str]) -> tuple[list[int], list[int], list[int]]:
    """Returns the ids of the B- and of the I- tag of each type that has both, and of the other tags except I-.

    Example:
        >>> paired_tags(["O", "B-X", "I-X", "B-Y", "I-Z", "OUT"])
        ([1], [2], [0, 3, 5])
    """
    parts = [split_tag(tag) for tag in tags]
    types = [kind for prefix, kind in parts if prefix == "I" and ("B", kind) in parts]
    begins, insides = ([parts.index((prefix, kind)) for kind in types] for prefix in "BI")
    others = [number for number, (prefix, _) in enumerate(parts) if prefix != "I" and number not in begins]
    return begins, insides, others


def outside_tags(tags: Sequence[str]) -> np.ndarray:
    """Returns float32 [tags], 1 at labels that name no entity, except at padding (tag 0), which is never predicted.

    Example:
        >>> outside_tags(["[PAD]", "O", "B-X", "B-O"]).tolist()
        [0.0, 1.0, 0.0, 1.0]
    """
    return np.array([number > 0 and not split_tag(tag)[0] for number, tag in enumerate(tags)], np.float32)


def constrained_path(logits: np.ndarray, start: np.ndarray, step: np.ndarray) -> list[int]:
    """Finds the best valid sequence of one sentence: its best tags if they are valid, else by `constrained_viterbi`.

    The distinction matters for long sentences, over which float32 sums lose precision.

    Args:
        logits: float [tokens, tags], logits or log probabilities.
        start: float [tags], from `transitions`.
        step: float [tags, tags], from `transitions`.

    Returns:
        One tag id per token.

    Example:
        >>> constrained_path(np.array([[3, 0, 1], [0, 2, 3]]), *transitions(["O", "B-X", "I-X"]))  # O, B-X
        [0, 1]
    """
    best = np.argmax(logits, -1).tolist()
    if not best or (start[best[0]] == 0 and all(step[pair] == 0 for pair in itertools.pairwise(best))):
        return best
    real = np.ones((1, len(best)), bool)
    return constrained_viterbi(logits[None], real, start, step)[0].tolist()


def constrained_viterbi(logits: np.ndarray, real: np.ndarray, start: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Finds the best valid sequence of each sentence of a batch.

    Args:
        logits: float [rows, tokens, tags], logits or log probabilities; at least one token.
        real: bool [rows, tokens], false at padding, which is at the end.
        start: float [tags], from `transitions`.
        step: float [tags, tags], from `transitions`.

    Returns:
        Int [rows, tokens]; values at padding are undefined.

    Example:
        >>> logits = np.array([[[3, 0, 1], [0, 2, 3]]])
        >>> constrained_viterbi(logits, np.ones((1, 2), bool), *transitions(["O", "B-X", "I-X"])).tolist()
        [[0, 1]]
    """
    scores = logits[:, 0] + start  # [rows, tags]
    stay = np.broadcast_to(np.arange(logits.shape[-1]), scores.shape)
    back = []
    for token in range(1, logits.shape[1]):
        reached = scores[:, :, None] + step  # [rows, tags before, tags]
        is_real = real[:, token, None]
        back.append(np.where(is_real, reached.argmax(1), stay))
        scores = np.where(is_real, reached.max(1) + logits[:, token], scores)
    path = [scores.argmax(-1)]
    for pointers in reversed(back):
        path.append(np.take_along_axis(pointers, path[-1][:, None], 1)[:, 0])
    return np.stack(path[::-1], 1)


def marginals(logits: np.ndarray, real: np.ndarray, start: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Computes the distribution of each token's tag over the valid sequences, by the forward-backward algorithm.

    Transitions score 0 or are forbidden, as in `ConstrainedCrfLoss`.

    A teacher's distributions must be exact for the loss. `components.text.tag_probabilities` approximates them in a
    served graph from tokens nearby, in one step for all tokens: a request stays cheap, and a sentence has the same
    scores in every batch.

    Args:
        logits: float [rows, tokens, tags].
        real: bool [rows, tokens], false at padding, which is at the end.
        start: float [tags], from `transitions`.
        step: float [tags, tags], from `transitions`.

    Returns:
        Float32 [rows, tokens, tags]; 0 at padding.

    Example:
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
