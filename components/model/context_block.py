"""Convolutional encoder block."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="ner")
class ContextBlock(layers.Layer):
    """Gated, dilated convolution over three tokens with dropout, a residual connection and layer normalization.

    Dauphin et al. 2017, "Language Modeling with Gated Convolutional Networks", with the dilations of Strubell et al.
    2017, "Fast and Accurate Entity Recognition with Iterated Dilated Convolutions". Implemented as one matrix
    product over shifted copies, because TensorFlow's CPU kernels for dilated convolutions transpose the whole batch.
    Padding remains zero, so it is equivalent to the end of the sentence.

    Example:
        >>> tuple(ContextBlock(width=8, dilation=2)(ops.zeros((1, 5, 8))).shape)
        (1, 5, 8)

    Call arguments:
        inputs: float [batch, tokens, width], zero at padding.
        mask: bool [batch, tokens], true at real tokens; None: all are real.
        training: whether to apply dropout.

    Returns:
        Float [batch, tokens, width], zero at padding.
    """

    def __init__(self, width: int, dilation: int = 1, rate: float = 0.0, **kwargs: Any) -> None:
        """Sets the width, the distance to both neighbours, and the dropout rate."""
        super().__init__(**kwargs)
        if dilation < 1:
            raise ValueError(f"dilation must be 1 or more, got {dilation}")
        self.width, self.dilation, self.rate = width, dilation, rate
        self.supports_masking = True
        policy = {"dtype": self.dtype_policy}
        self.dropout = layers.Dropout(rate, name="dropout", **policy)
        self.mix = layers.Dense(2 * width, name="mix", **policy)
        self.norm = layers.LayerNormalization(epsilon=1e-6, name="norm", **policy)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights; loading needs them before the first call."""
        self.mix.build((*input_shape[:-1], 3 * self.width))
        self.norm.build(input_shape)
        self.built = True

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
        """Computes the outputs that the class documents."""
        count, reach = ops.shape(inputs)[1], self.dilation
        padded = ops.pad(inputs, [[0, 0], [reach, reach], [0, 0]])
        window = ops.concatenate([padded[:, :count], inputs, padded[:, 2 * reach :]], axis=-1)  # [.., 3 * width]
        outputs = self.gated(inputs, self.dropout(window, training=training))
        return outputs if mask is None else outputs * ops.cast(ops.expand_dims(mask, -1), outputs.dtype)

    def gated(self, inputs: Any, window: Any) -> Any:
        """Returns the outputs for windows [..., tokens, 3 * width]: both neighbours, the token in between."""
        values, gates = ops.split(self.mix(window), 2, axis=-1)
        return self.norm(inputs + values * ops.sigmoid(gates))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns the shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "width": self.width, "dilation": self.dilation, "rate": self.rate}
