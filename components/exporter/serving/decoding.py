"""Constrained decoding: tags for logits, in the graph.

Viterbi's algorithm with the transitions of IOB2: I-X may only follow B-X and I-X. TensorFlow has no decoder for
constrained sequences (TensorFlow Addons is no longer maintained), so this one uses stock ops.
`components.text.transitions.constrained_path` does the same for one sentence in numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from components.text.token_positions import TokenPositions
from components.text.transitions import FORBIDDEN, paired_tags

_FORWARD, _BACK = 6, 2
"""Steps between two checks whether the values still change; most sentences need only these."""
_STEPS = 64
"""Steps after which tokens are read one after another: far more than real texts need."""


def decode_constrained(logits: tf.Tensor, positions: TokenPositions, tags: Sequence[str]) -> tf.Tensor:
    """Finds the most probable valid sequence of each sentence.

    Any tag but I may follow all tags. So for each token and type X it is enough to know by how much the best sequence
    up to the token loses if it has to end with B-X or I-X, because I-X follows. All sentences are decoded, although the
    best tags of about half are valid: leaving these out costs more than it saves.

    Args:
        logits: float32 [tokens, tags], of all sentences in sequence.
        positions: of the tokens.
        tags: tag vocabulary.

    Returns:
        int64 [tokens], ids of tags.
    """
    firsts, insides, others = paired_tags(tags)
    anywhere = [*others, *firsts]
    # [tags, tokens]: short rows would keep ops from vector instructions.
    rows = tf.gather(tf.transpose(logits), np.array([*insides, *anywhere], np.int32))
    inside, free = tf.split(rows, [len(insides), len(anywhere)])
    # Gains over the best tag that may stand anywhere: [types, tokens].
    freest = tf.reduce_max(free, 0)
    first = free[len(others) :] - freest
    inside = tf.where(positions.begins, FORBIDDEN, inside - freest)

    def loss(before: tf.Tensor, first: tf.Tensor, inside: tf.Tensor) -> tf.Tensor:
        continued = before + inside
        return tf.maximum(first, continued) - tf.nn.relu(tf.reduce_max(continued, 0))

    continued = tf.roll(_recurrent(loss, (first, inside), first, 1, _FORWARD), 1, -1) + inside
    # The type of each token's I, numbered from 1, by that of the next token; 0 without an I: [1 + types, tokens].
    ends = tf.argmax(tf.pad(continued, [[1, 0], [0, 0]]), 0, tf.int32)
    stays = tf.cast(continued > first, tf.int32) * np.arange(1, len(firsts) + 1, dtype=np.int32)[:, None]
    # Instead of a type, the place in the flat matrix where the one of the token before is found.
    count = tf.size(ends)
    column = tf.roll(tf.range(count), 1, 0)
    ends, stays = ends * count + column, stays * count + column
    places = tf.reshape(tf.concat([ends[None], stays], 0), [-1])
    kinds = _recurrent(lambda after, _: tf.gather(places, after), (column,), ends, -1, _BACK) // count
    named = np.full([len(firsts) + 1] * 2, -1)  # by the numbers at a token and at the next one
    named[0, 1:], named[1:] = firsts, np.array(insides, int)[:, None]
    chosen = tf.gather(tf.constant(named.reshape(-1)), kinds * len(named) + tf.roll(kinds, -1, 0))
    return tf.where(chosen < 0, tf.gather(tf.constant(np.array(anywhere)), tf.argmax(free, 0)), chosen)


def _recurrent(
    step: Callable[..., tf.Tensor], rows: tuple[tf.Tensor, ...], values: tf.Tensor, direction: int, stride: int
) -> tf.Tensor:
    """Returns `values` of which each is `step(neighbour, *row)`; the neighbour is the one before (1) or after (-1).

    All values are computed at once, `stride` times and again until none changes: what a token depends on is rarely far
    away.
    The result is the same bit by bit as that of single steps. The value next to the end of a sentence must not matter.
    Tokens are the last axis of all arguments.
    """

    def steps(number: tf.Tensor, values: tf.Tensor, _: tf.Tensor | None = None) -> tuple[tf.Tensor, ...]:
        before = values
        for _ in range(stride):
            before, values = values, step(tf.roll(values, direction, -1), *rows)
        return number + stride, values, tf.reduce_any(tf.not_equal(before, values))

    # A separate function: ops inside a branch of tf.cond cost time in every request, even if the branch is not taken.
    @tf.function(autograph=False, experimental_attributes={"_noinline": True})
    def continued(values: tf.Tensor, changes: tf.Tensor) -> tf.Tensor:
        state = tf.constant(stride), values, changes
        _, values, changes = tf.while_loop(
            lambda number, _, changes: changes & (number < _STEPS), steps, state, parallel_iterations=1
        )
        return tf.cond(changes, one_by_one, lambda: values)

    @tf.function(autograph=False, experimental_attributes={"_noinline": True})
    def one_by_one() -> tf.Tensor:
        by_token = tuple(tf.transpose(row) for row in rows)
        end = values[..., 0]
        return tf.transpose(tf.scan(lambda value, row: step(value, *row), by_token, end, reverse=direction < 0))

    _, values, changes = steps(0, values)
    return tf.cond(changes, lambda: continued(values, changes), lambda: values)
