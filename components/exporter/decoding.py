"""The most probable legal IOB2 sequence, in the graph.

Viterbi's algorithm with the transitions of IOB2: I-X may only follow B-X and I-X. TensorFlow itself has no decoder for
sequences with constraints (that of TensorFlow Addons is no longer kept), so it is written with stock ops.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from components.text.transitions import transitions


def decode_legal(probabilities: tf.RaggedTensor, tags: Sequence[str]) -> tf.RaggedTensor:
    """Finds the most probable legal sequence of each sentence.

    Sentences whose best tags are legal already, which is most of them, cost next to nothing: their best tags are the
    answer.

    Args:
        probabilities: float32 ragged [batch, tokens, tags].
        tags: tag vocabulary.

    Returns:
        int64 ragged [batch, tokens], ids of tags.
    """
    start, step = (tf.constant(values) for values in transitions(tags))
    best = probabilities.with_flat_values(tf.argmax(probabilities.flat_values, -1))
    dense = best.to_tensor(-1)  # [batch, tokens]
    before = tf.pad(dense, [[0, 0], [1, 0]])[:, :-1]
    follows = tf.gather_nd(step, tf.stack([tf.maximum(before, 0), tf.maximum(dense, 0)], -1))
    first = tf.equal(tf.range(tf.shape(dense)[1]), 0)[None, :]
    wrong = tf.where(first, tf.gather(start, tf.maximum(dense, 0)), follows) < 0
    rows = tf.where(tf.reduce_any(wrong & (dense >= 0), 1))  # [illegal sentences, 1]

    def repaired() -> tf.Tensor:
        chosen = tf.gather(probabilities, rows[:, 0])
        emissions = tf.math.log(tf.maximum(chosen.to_tensor(1.0), 1e-30))
        emissions = emissions[:, : tf.reduce_max(chosen.row_lengths())]
        paths = _viterbi(emissions, chosen.row_lengths(), start, step)
        width = tf.shape(dense)[1]
        return tf.tensor_scatter_nd_update(dense, rows, tf.pad(paths, [[0, 0], [0, width - tf.shape(paths)[1]]]))

    legal = tf.cond(tf.size(rows) > 0, repaired, lambda: dense)
    return tf.RaggedTensor.from_tensor(legal, lengths=best.row_lengths())


def _viterbi(emissions: tf.Tensor, lengths: tf.Tensor, start: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    """Best paths int64 [rows, tokens] through log probabilities [rows, tokens, tags]; what is padding means nothing."""
    by_time = tf.transpose(emissions, [1, 0, 2])  # [tokens, rows, tags]
    by_time = tf.pad(by_time, [[0, 1], [0, 0], [0, 0]])  # one step that is padding everywhere: never no step at all
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


def legal_path(probabilities: np.ndarray, tags: Sequence[str]) -> list[int]:
    """The same for one sentence in numpy, for the training graph's side of the golden comparison.

    Args:
        probabilities: [tokens, tags].
        tags: tag vocabulary.

    Returns:
        One id a token.
    """
    start, step = transitions(tags)
    best = np.argmax(probabilities, -1).tolist()
    costs = [start[best[0]], *(step[one, two] for one, two in itertools.pairwise(best))] if best else []
    if all(cost == 0 for cost in costs):
        return [int(tag) for tag in best]
    logs = np.log(np.maximum(probabilities, np.float32(1e-30)))
    scores, back = logs[0] + start, []
    for emission in logs[1:]:
        reached = scores[:, None] + step
        back.append(np.argmax(reached, 0))
        scores = np.max(reached, 0) + emission
    path = [int(np.argmax(scores))]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    return path[::-1]
