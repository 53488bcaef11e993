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
from components.text.transitions import transitions

_SMALL = 1 << 14
"""Tokens, with padding, that are decoded at once, regardless of their lengths."""


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
    before = tf.where(positions.begins, tf.constant(len(tags), tf.int64), tf.roll(best, 1, 0))
    forbidden = tf.constant(np.concatenate([step, start[None]]).reshape(-1) < 0)
    invalid = tf.gather(forbidden, before * len(tags) + best)  # [tokens]

    # A separate function: ops inside a branch of tf.cond cost time in every request, even if the branch is not taken.
    @tf.function(autograph=False, experimental_attributes={"_noinline": True})
    def repaired(logits: tf.Tensor, begins: tf.Tensor, best: tf.Tensor, invalid: tf.Tensor) -> tf.Tensor:
        parts = _independent_parts(logits, begins, tags)
        return _repaired(logits, parts, best, invalid, tf.constant(start), tf.constant(step))

    return tf.cond(tf.reduce_any(invalid), lambda: repaired(logits, positions.begins, best, invalid), lambda: best)


def _independent_parts(logits: tf.Tensor, begins: tf.Tensor, tags: Sequence[str]) -> tf.Tensor:
    """Splits sentences into parts that can be decoded independently: int64 [parts + 1], row splits.

    A part begins at a token at which no I-X is better than its B-X: the same tags may follow the two, and B-X, unlike
    I-X, may follow any tag, so a best sequence has no I there and does not depend on the tokens before. Parts are
    short, and the cost of Viterbi's algorithm is its number of sequential steps.
    """
    ids = {split_tag(tag): number for number, tag in enumerate(tags)}
    types = [kind for prefix, kind in ids if prefix == "I" and ("B", kind) in ids]
    firsts, others = (tf.constant([ids[prefix, kind] for kind in types], tf.int32) for prefix in "BI")
    ahead = tf.gather(logits, firsts, axis=1) >= tf.gather(logits, others, axis=1)  # [tokens, types]
    cuts = tf.squeeze(tf.where(begins | tf.reduce_all(ahead, 1)), 1)
    return tf.concat([cuts, tf.shape(logits, tf.int64)[:1]], 0)


def _repaired(
    logits: tf.Tensor, splits: tf.Tensor, best: tf.Tensor, invalid: tf.Tensor, start: tf.Tensor, step: tf.Tensor
) -> tf.Tensor:
    """Decodes the parts that hold an invalid tag; there must be at least one."""
    # No ragged tensors: their row ids and reductions take memory for (number of rows) x (longest row).
    owners = tf.searchsorted(splits, tf.squeeze(tf.where(invalid), 1), side="right", out_type=tf.int64) - 1
    parts = tf.unique(owners).y
    begins = tf.gather(splits, parts)
    lengths = tf.gather(splits, parts + 1) - begins  # [invalid parts]
    longest = tf.reduce_max(lengths)

    def decoded(best: tf.Tensor, begins: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        columns = tf.range(tf.reduce_max(lengths))
        inside = columns < lengths[:, None]  # [parts, tokens]
        at = tf.where(inside, begins[:, None] + columns, tf.constant(0, tf.int64))
        # Log probabilities, because sums of logits over a long sentence lose precision.
        paths = _viterbi(tf.nn.log_softmax(tf.gather(logits, at)), lengths, start, step)
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


def _viterbi(emissions: tf.Tensor, lengths: tf.Tensor, start: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    """Returns best paths int64 [rows, tokens] through log probabilities [rows, tokens, tags]; padding is undefined."""
    by_time = tf.transpose(emissions, [1, 0, 2])  # [tokens, rows, tags]
    by_time = tf.pad(by_time, [[0, 1], [0, 0], [0, 0]])  # one padding step, so that there is at least one
    real = tf.transpose(tf.sequence_mask(lengths, tf.shape(by_time)[0]))[:, :, None]  # [tokens + 1, rows, 1]
    stay = tf.broadcast_to(tf.range(tf.shape(emissions)[2], dtype=tf.int64), tf.shape(by_time)[1:])

    def forward(state: tuple[tf.Tensor, tf.Tensor], now: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        emission, is_real = now
        reached = state[0][:, :, None] + step  # [rows, tags before, tags]
        scores = tf.where(is_real, tf.reduce_max(reached, 1) + emission, state[0])
        return scores, tf.where(is_real, tf.argmax(reached, 1), stay)

    scores, backward = tf.scan(forward, (by_time[1:], real[1:]), (by_time[0] + start, stay))
    last = tf.argmax(scores[-1], -1)  # [rows]
    path = tf.scan(lambda tag, back: tf.gather(back, tag, batch_dims=1), backward, last, reverse=True)
    return tf.transpose(path)
