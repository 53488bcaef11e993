"""The loss of a tagger."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="ner")
class MaskedTokenLoss(keras.losses.Loss):
    """Mean cross entropy over the tokens that have a tag.

    The article's `CustomNonPaddingTokenLoss`, with the normalization of the whole batch: each token weighs the same,
    however long its sentence is. Used in training only: `components.trainer` strips it before the model is saved.

    Call arguments:
        y_true: int [batch, tokens]; 0 is padding and -1 a tag that training never saw: neither counts.
        y_pred: float [batch, tokens, tags], logits.

    Returns:
        Float scalar; 0 when no token counts.
    """

    def __init__(self, name: str = "masked_token_loss", **kwargs: Any) -> None:
        """The sum is taken here, so Keras' own reduction only passes it on."""
        super().__init__(name=name, **{**kwargs, "reduction": "sum"})

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See the class."""
        counts = ops.cast(y_true > 0, y_pred.dtype)  # [batch, tokens]
        losses = ops.sparse_categorical_crossentropy(ops.maximum(y_true, 0), y_pred, from_logits=True)
        return ops.sum(losses * counts) / ops.maximum(ops.sum(counts), 1.0)

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs."""
        return {"name": self.name}
