"""Overlapping windows over long sentences, for models with a fixed number of positions.

No token is truncated. The windows of a sentence depend on that sentence alone, so its tags do not depend on the rest of
the batch. Windows overlap by `2 * context` tokens; the prediction of a token comes from the window in which it has at
least `context` tokens on both sides (unless the sentence begins or ends there).
"""

from __future__ import annotations

import dataclasses

import tensorflow as tf

from components.text.token_positions import row_ids


@dataclasses.dataclass(frozen=True)
class Windows:
    """Size and overlap of the windows.

    Attributes:
        size: most tokens in a window.
        context: tokens at each end of an inner window whose predictions are discarded.

    Example:
        >>> windows = Windows(size=4, context=1)
        >>> tokens = tf.ragged.constant([[1, 2, 3, 4, 5], [6]])
        >>> cut = windows.cut(tokens)
        >>> cut.to_list()
        [[1, 2, 3, 4], [3, 4, 5], [6]]
        >>> windows.stitch(cut.to_tensor(), tokens.row_lengths()).to_list()
        [[1, 2, 3, 4, 5], [6]]
    """

    size: int
    context: int

    def __post_init__(self) -> None:
        """Checks that consecutive windows advance."""
        if self.context < 0 or self.size <= 2 * self.context:
            raise ValueError(f"window size must be > 2 * context >= 0, got size {self.size}, context {self.context}")

    @property
    def stride(self) -> int:
        """Distance in tokens between the starts of consecutive windows."""
        return self.size - 2 * self.context

    def counts(self, lengths: tf.Tensor) -> tf.Tensor:
        """Returns the number of windows of each sentence: int64 [batch]; 1 for an empty sentence."""
        over = tf.maximum(lengths - self.size, 0)
        return 1 + (over + self.stride - 1) // self.stride

    def cut(self, values: tf.RaggedTensor) -> tf.RaggedTensor:
        """Cuts ragged [batch, tokens] into ragged [windows, at most size], in order."""
        lengths = values.row_lengths()
        counts = self.counts(lengths)
        splits = tf.pad(tf.cumsum(counts), [[1, 0]])
        sentence = row_ids(splits)  # [windows]
        number = tf.range(splits[-1]) - tf.gather(splits, sentence)
        begin = number * self.stride
        end = tf.minimum(begin + self.size, tf.gather(lengths, sentence))
        offset = tf.gather(values.row_starts(), sentence)
        indices = tf.ragged.range(offset + begin, offset + end)
        return indices.with_flat_values(tf.gather(values.flat_values, indices.flat_values))

    def stitch(self, windows: tf.Tensor, lengths: tf.Tensor) -> tf.RaggedTensor:
        """Merges the predictions for windows into predictions for sentences.

        Args:
            windows: [windows, width, ...], predictions for the padded result of `cut`.
            lengths: int64 [batch], number of tokens of each sentence.

        Returns:
            Ragged [batch, tokens, ...]: one prediction a token.
        """
        counts = self.counts(lengths)
        positions = tf.ragged.range(lengths)  # [batch, tokens]
        sentence = row_ids(positions.row_splits)
        position = positions.flat_values
        number = tf.clip_by_value((position - self.context) // self.stride, 0, tf.gather(counts, sentence) - 1)
        row = tf.gather(tf.cumsum(counts, exclusive=True), sentence) + number
        picked = tf.gather_nd(windows, tf.stack([row, position - number * self.stride], -1))
        return positions.with_flat_values(picked)
