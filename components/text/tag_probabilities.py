"""Marginal probabilities of tags over the valid IOB2 sequences, in the graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from components.text.transitions import paired_tags

_REACH = 3
"""Tokens to each side whose logits count. Fixed, so that the scores of a sentence do not depend on its batch."""
_MOST = 20.0  # the largest lead of I-X over tags that may stand anywhere: its powers are finite in float32


def tag_probabilities(logits: tf.Tensor, begins: tf.Tensor, tags: Sequence[str]) -> tf.Tensor:
    """Computes the marginal distribution of each token's tag over the valid sequences.

    A softmax over all tags also counts I-X after O, which a tagger that is trained on valid sequences may prefer: no
    loss lowers its logit there. This is the forward-backward algorithm (Culotta and McCallum 2004, "Confidence
    Estimation for Information Extraction") with transitions that score 0 or are forbidden. Any tag but I-X may follow
    all tags, so a message is one number for each type, and hardly depends on tokens farther away than `_REACH`; these
    do not count. `components.text.transitions.marginals` is exact, one token after another: too slow for a served
    graph, and with unbounded reach.

    Args:
        logits: float32 [tokens, tags], of all sentences in sequence.
        begins: bool [tokens], true at the first token of each sentence, the very first one included.
        tags: tag vocabulary, IOB2.

    Returns:
        Float32 [tokens, tags].

    Example:
        >>> logits = tf.math.log([[0.5, 0.4, 0.1], [0.2, 0.2, 0.6]])
        >>> both = tag_probabilities(logits, tf.constant([True, False]), ["O", "B-X", "I-X"])
        >>> both.numpy().astype(float).round(2).tolist()  # I-X may not begin, nor follow O
        [[0.33, 0.67, 0.0], [0.3, 0.3, 0.4]]
    """
    firsts, insides, others = paired_tags(tags)
    order = [*others, *firsts, *insides]
    rows = tf.gather(tf.transpose(logits), np.array(order, np.int32))  # [tags, tokens]: see `decode_constrained`
    # Relative to the best tag that may stand anywhere: the scale of a token's logits does not matter.
    rows -= tf.reduce_max(rows[: len(others) + len(firsts)], 0)
    other, first, inside = tf.split(tf.exp(tf.minimum(rows, _MOST)), [*map(len, (others, firsts, insides))])
    inside = tf.where(begins, 0.0, inside)  # [types, tokens]
    rest = tf.reduce_sum(other, 0)  # [tokens]
    free = rest + tf.reduce_sum(first, 0)
    # Probability that the token before is of a type, by what precedes it; weight of what follows a type, after O 1.
    before, after = tf.roll(first / free, 1, -1), 1 + tf.roll(inside / free, -1, -1)
    for _ in range(_REACH):
        continued = before * inside
        before = tf.roll((first + continued) / (free + tf.reduce_sum(continued, 0)), 1, -1)
    for _ in range(_REACH - 1):
        after = 1 + tf.roll(inside * after / (rest + tf.reduce_sum(first * after, 0)), -1, -1)
    possible = tf.concat([other, first * after, inside * before * after], 0)
    possible /= tf.reduce_sum(possible, 0)
    if len(order) < len(tags):  # I-X without B-X is impossible
        possible, order = tf.pad(possible, [[0, 1], [0, 0]]), [*order, *sorted({*range(len(tags))} - {*order})]
    place = np.minimum(np.argsort(order), len(firsts) * 2 + len(others)).astype(np.int32)
    return tf.transpose(tf.gather(possible, place))
