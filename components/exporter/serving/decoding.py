"""Constrained decoding: tags for logits, in the graph.

Viterbi's algorithm with the transitions of IOB2: I-X may only follow B-X and I-X. TensorFlow has no decoder for
constrained sequences (TensorFlow Addons is no longer maintained), so this one uses stock ops.
`components.text.transitions.constrained_path` does the same for one sentence in numpy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from components.text.tags import split_tag
from components.text.token_positions import TokenPositions
from components.text.transitions import FORBIDDEN, transitions

_SMALL = 1 << 14
"""Tokens, with padding, that are decoded at once, regardless of their lengths."""
_STRIDE = 4
"""Tokens that one step of a loop decodes: the loop itself costs more than the arithmetic of a token."""
_DEPTH = 2
"""Tokens before, and from a token on, whose tags are considered to find out whether a part begins there."""


def decode_constrained(logits: tf.Tensor, positions: TokenPositions, tags: Sequence[str]) -> tf.Tensor:
    """Finds the most probable valid sequence of each sentence.

    In most sentences the best tags are valid already; they are returned at almost no cost.

    Args:
        logits: float32 [tokens, tags], of all sentences in sequence.
        positions: of the tokens.
        tags: tag vocabulary.

    Returns:
        int64 [tokens], ids of tags.
    """
    start, step = transitions(tags)
    best = tf.argmax(logits, -1)
    # The begin of a sentence counts as an additional tag.
    before = tf.where(positions.begins, tf.constant(len(tags), tf.int64), _shifted(best, 1))
    forbidden = tf.constant(np.concatenate([step, start[None]]).reshape(-1) < 0)
    invalid = tf.gather(forbidden, before * len(tags) + best)  # [tokens]

    # A separate function: ops inside a branch of tf.cond cost time in every request, even if the branch is not taken.
    @tf.function(autograph=False, experimental_attributes={"_noinline": True})
    def repaired(logits: tf.Tensor, begins: tf.Tensor, best: tf.Tensor, invalid: tf.Tensor) -> tf.Tensor:
        cut = _independent(logits, begins, tags)
        splits = tf.concat([tf.squeeze(tf.where(cut), 1), tf.shape(logits, tf.int64)[:1]], 0)
        # The best tag at a cut may be an I that was valid after the best tag before it, which another one may replace.
        invalid |= cut & tf.gather(tf.constant(start < 0), best)
        return _repaired(logits, splits, best, invalid, start, step)

    return tf.cond(tf.reduce_any(invalid), lambda: repaired(logits, positions.begins, best, invalid), lambda: best)


def _independent(logits: tf.Tensor, begins: tf.Tensor, tags: Sequence[str]) -> tf.Tensor:
    """Returns at which tokens a part begins that can be decoded independently: bool [tokens].

    Such a token has no I-X in a best sequence, because for each X another sequence is better: up to `_DEPTH` tokens
    before it, and as many from it on, have the best tags that are not I, and B-X replaces an I-X after them; or B-X
    replaces only the I-X at the token. A tag that is not I may follow all others.

    Parts are short, and the cost of Viterbi's algorithm is its number of sequential steps.
    """
    ids = {split_tag(tag): number for number, tag in enumerate(tags)}
    types = [kind for prefix, kind in ids if prefix == "I" and ("B", kind) in ids]
    firsts, others = (tf.gather(logits, [ids[prefix, kind] for kind in types], axis=1) for prefix in "BI")
    anywhere = [number for number, tag in enumerate(tags) if split_tag(tag)[0] != "I"]
    freest = tf.reduce_max(tf.gather(logits, anywhere, axis=1), 1, keepdims=True)  # [tokens, 1]
    first_loss, loss, replaced = firsts - freest, others - freest, firsts - others  # [tokens, types]
    # Least gains if X is replaced: from a token on that has I-X, and before such a token, where X stands, too.
    ahead, behind = replaced, tf.zeros_like(replaced)
    begins_row = begins[:, None]
    for _ in range(_DEPTH):
        following = _shifted(tf.where(begins_row, 0.0, tf.minimum(ahead, 0.0)), -1)
        ahead = tf.maximum(replaced, following - loss)
        before = _shifted(tf.nn.relu(-tf.maximum(first_loss, loss - behind)), 1)
        behind = tf.where(begins_row, -FORBIDDEN, before)  # no I-X may begin a sentence
    return begins | tf.reduce_all(ahead + behind > 0, 1)


def _shifted(values: tf.Tensor, step: int) -> tf.Tensor:
    """Returns the value of the token before (1) or after (-1) each token, the first and the last being neighbours."""
    # `tf.roll` takes several times as long.
    return tf.concat([values[-step:], values[:-step]], 0)


def _repaired(
    logits: tf.Tensor, splits: tf.Tensor, best: tf.Tensor, invalid: tf.Tensor, start: np.ndarray, step: np.ndarray
) -> tf.Tensor:
    """Decodes the parts that hold an invalid tag; there must be at least one."""
    # No ragged tensors: their row ids and reductions take memory for (number of rows) x (longest row).
    owners = tf.searchsorted(splits, tf.squeeze(tf.where(invalid), 1), side="right", out_type=tf.int64) - 1
    parts = tf.unique(owners).y
    begins = tf.gather(splits, parts)
    lengths = tf.gather(splits, parts + 1) - begins  # [invalid parts]
    longest = tf.reduce_max(lengths)

    def decoded(best: tf.Tensor, begins: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        columns = tf.range(-(-tf.reduce_max(lengths) // _STRIDE) * _STRIDE)
        inside = columns[:, None] < lengths  # [tokens, parts]
        at = tf.where(inside, begins + columns[:, None], tf.constant(0, tf.int64))
        # Log probabilities, because sums of logits over a long sentence lose precision. Behind a part any tag may stand
        # that may begin a sentence: it neither adds to the score nor depends on the tag before it.
        emissions = tf.where(inside[:, :, None], tf.nn.log_softmax(tf.gather(logits, at)), start)
        paths = _viterbi(emissions, start, step)
        return tf.tensor_scatter_nd_update(best, tf.boolean_mask(at, inside)[:, None], tf.boolean_mask(paths, inside))

    # Parts of similar length together: padding all to the longest one could take memory without bound.
    @tf.function(autograph=False, experimental_attributes={"_noinline": True})
    def by_length(best: tf.Tensor, begins: tf.Tensor, lengths: tf.Tensor, longest: tf.Tensor) -> tf.Tensor:
        def group(most: tf.Tensor, best: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            alike = tf.squeeze(tf.where((lengths > most // 2) & (lengths <= most)), 1)
            chosen = tf.gather(begins, alike), tf.gather(lengths, alike)
            return 2 * most, tf.cond(tf.size(alike) > 0, lambda: decoded(best, *chosen), lambda: best)

        first = tf.ones_like(longest)
        return tf.while_loop(lambda most, _: most // 2 < longest, group, (first, best), parallel_iterations=1)[1]

    return tf.cond(
        tf.size(lengths, tf.int64) * longest > _SMALL,
        lambda: by_length(best, begins, lengths, longest),
        lambda: decoded(best, begins, lengths),
    )


def _viterbi(emissions: tf.Tensor, start: np.ndarray, step: np.ndarray) -> tf.Tensor:
    """Returns best paths int64 [tokens, rows] through log probabilities [tokens, rows, tags].

    The number of tokens is a multiple of `_STRIDE`.
    """
    rows, tags = tf.shape(emissions)[1], len(start)
    blocks = tf.reshape(emissions, [-1, _STRIDE, rows, tags])
    count = tf.shape(blocks)[0]
    # A tag that forbids no more than the begin of a sentence, and that may follow all tags.
    outside = int(np.flatnonzero((step == start).all(1))[0])

    def forward(number: tf.Tensor, scores: tf.Tensor, kept: tf.TensorArray) -> tuple[tf.Tensor, ...]:
        reached = []
        for emission in tf.unstack(tf.gather(blocks, number)):
            scores = tf.reduce_max(scores[:, :, None] + step, 1) + emission  # [rows, tags]
            reached.append(scores)
        return number + 1, scores, kept.write(number, tf.stack(reached))

    def backward(number: tf.Tensor, tag: tf.Tensor, paths: tf.TensorArray) -> tuple[tf.Tensor, ...]:
        path = []
        for scores in reversed(tf.unstack(kept.read(number - 1))):
            tag = tf.argmax(scores + tf.gather(step.T, tag), -1)  # [rows]
            path.append(tag)
        return number - 1, tag, paths.write(number - 1, tf.stack(path[::-1]))

    first = tf.fill([rows, 1], 1.0) * np.where(np.arange(tags) == outside, 0, FORBIDDEN).astype(np.float32)
    kept = tf.TensorArray(tf.float32, count, element_shape=[_STRIDE, None, tags])
    kept = tf.while_loop(lambda number, *_: number < count, forward, (0, first, kept), parallel_iterations=1)[2]
    last = tf.fill([rows], tf.constant(outside, tf.int64))
    paths = tf.TensorArray(tf.int64, count, element_shape=[_STRIDE, None])
    paths = tf.while_loop(lambda number, *_: number > 0, backward, (count, last, paths), parallel_iterations=1)[2]
    return paths.concat()
