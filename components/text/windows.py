"""Long sentences, cut into windows that a model with a fixed number of positions can read, and put together again.

Nothing is truncated, and the windows of a sentence depend on that sentence alone, so its tags do not depend on what
else is in the batch. Windows overlap by `2 * context` tokens; each prediction is taken from the window in which its
token has at least `context` tokens on both sides (where the sentence has them).
"""

from __future__ import annotations

import dataclasses

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Windows:
    """How a batch of sentences is cut.

    Attributes:
        size: the most tokens in a window.
        context: tokens on each side of an inner window whose predictions are not used.
    """

    size: int
    context: int

    def __post_init__(self) -> None:
        """Refuses windows that would never advance."""
        if self.context < 0 or self.size <= 2 * self.context:
            raise ValueError(f"window size must be > 2 * context >= 0, got size {self.size}, context {self.context}")

    @property
    def stride(self) -> int:
        """Tokens by which one window starts after the one before."""
        return self.size - 2 * self.context

    def counts(self, lengths: tf.Tensor) -> tf.Tensor:
        """Returns how many windows each sentence gives: int64 [batch]; one for an empty sentence."""
        over = tf.maximum(lengths - self.size, 0)
        return 1 + (over + self.stride - 1) // self.stride

    def cut(self, values: tf.RaggedTensor) -> tf.RaggedTensor:
        """Cuts ragged [batch, tokens] into ragged [windows, at most size], the windows of a sentence in order."""
        lengths = values.row_lengths()
        counts = self.counts(lengths)
        sentence = tf.repeat(tf.range(values.nrows()), counts)  # [windows]
        number = tf.range(tf.size(sentence, tf.int64)) - tf.gather(tf.cumsum(counts, exclusive=True), sentence)
        begin = number * self.stride
        end = tf.minimum(begin + self.size, tf.gather(lengths, sentence))
        offset = tf.gather(values.row_starts(), sentence)
        indices = tf.ragged.range(offset + begin, offset + end)
        return indices.with_flat_values(tf.gather(values.flat_values, indices.flat_values))

    def stitch(self, windows: tf.Tensor, lengths: tf.Tensor) -> tf.RaggedTensor:
        """Puts predictions back into sentences.

        Args:
            windows: [windows, width, ...], predictions for the padded windows that `cut` gave.
            lengths: int64 [batch], tokens of each sentence.

        Returns:
            Ragged [batch, tokens, ...]: one prediction a token.
        """
        counts = self.counts(lengths)
        positions = tf.ragged.range(lengths)  # [batch, tokens]
        sentence = positions.value_rowids()
        position = positions.flat_values
        number = tf.clip_by_value((position - self.context) // self.stride, 0, tf.gather(counts, sentence) - 1)
        row = tf.gather(tf.cumsum(counts, exclusive=True), sentence) + number
        picked = tf.gather_nd(windows, tf.stack([row, position - number * self.stride], -1))
        return positions.with_flat_values(picked)
