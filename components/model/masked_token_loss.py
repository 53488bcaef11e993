"""Token cross entropy without padding."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="ner")
class MaskedTokenLoss(keras.losses.Loss):
    """Mean cross entropy over the tokens that have a tag.

    `CustomNonPaddingTokenLoss` of the article, normalized over the whole batch: each token has the same weight,
    independent of the length of its sentence. Saved models do not contain it (`components.trainer`).

    Example:
        >>> logits = ops.array([[[0.0, 9.0, 0.0], [0.0, 0.0, 0.0]]])  # [batch, tokens, tags]
        >>> round(float(MaskedTokenLoss()(ops.array([[1, 0]]), logits)), 4)
        0.0002

    Call arguments:
        y_true: int [batch, tokens]; 0 (padding) and -1 (a tag that training never saw) are ignored. Or float
            [batch, tokens, tags], distributions over tags, 0 at padding.
        y_pred: float [batch, tokens, tags], logits.

    Returns:
        Float scalar; 0 without tagged tokens.
    """

    def __init__(self, name: str = "masked_token_loss", **kwargs: Any) -> None:
        """Sets the name. `call` already averages, so the reduction of Keras has no effect."""
        super().__init__(name=name, **{**kwargs, "reduction": "sum"})

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Computes the outputs that the class documents."""
        if len(y_true.shape) == 3:
            counts = ops.cast(ops.sum(y_true, axis=-1) > 0, y_pred.dtype)  # [batch, tokens]
            losses = -ops.sum(ops.cast(y_true, y_pred.dtype) * ops.log_softmax(y_pred), axis=-1)
            return ops.sum(losses * counts) / ops.maximum(ops.sum(counts), 1.0)
        counts = ops.cast(y_true > 0, y_pred.dtype)  # [batch, tokens]
        losses = ops.sparse_categorical_crossentropy(ops.maximum(y_true, 0), y_pred, from_logits=True)
        return ops.sum(losses * counts) / ops.maximum(ops.sum(counts), 1.0)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {"name": self.name}
