"""Which taggers there are. A tagger is a Keras model from the features of a batch to logits.

Input: dict of int [batch, tokens] and [batch, tokens, columns] features (components/transform/features.py), 0 at
padding. Output: float32 logits [batch, tokens, tags], with tag 0, [PAD], impossible; the layer that gives them is
called `scores`. `gap` is how many tokens of padding must stand between two sentences of a row for neither to change the
other's logits; None where padding is not enough, or a row cannot be of any length. Every class is registered with Keras
and built from plain numbers, so that a saved model loads where this package is installed, without its training code.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from components.model.cnn_linear_tagger import CnnLinearTagger
from components.model.constrained_crf_loss import ConstrainedCrfLoss
from components.model.encoder_preset import encoder_from_preset
from components.model.masked_token_loss import MaskedTokenLoss
from components.model.transformer_tagger import TransformerTagger

TAGGERS: Mapping[str, Callable[..., keras.Model]] = {
    "transformer": TransformerTagger,
    "cnn_linear": CnnLinearTagger,
    "encoder": encoder_from_preset,
}


def build_tagger(name: str, data_sizes: Mapping[str, Any] | None = None, **options: Any) -> keras.Model:
    """Builds a tagger with fresh weights.

    Args:
        name: a key of `TAGGERS`.
        data_sizes: arguments that the data decides; a tagger gets those that it has.
        **options: the tagger's own arguments.

    Raises:
        ValueError: there is no such tagger.
    """
    if name not in TAGGERS:
        raise ValueError(f"tagger must be one of {', '.join(TAGGERS)}, got {name!r}")
    taken = inspect.signature(TAGGERS[name]).parameters
    model = TAGGERS[name](**{size: value for size, value in (data_sizes or {}).items() if size in taken}, **options)
    model.build()
    return model


def tagger_loss(name: str, tags: Sequence[str]) -> keras.losses.Loss:
    """Returns the loss that a tagger is trained with.

    Args:
        name: a key of `TAGGERS`.
        tags: tag vocabulary in the order of the logits, `[PAD]` first.
    """
    if name == "transformer":
        return MaskedTokenLoss()
    # The cnn_linear tagger's linear experts only get worse by cross entropy (measured), its network better.
    return ConstrainedCrfLoss(tags, token_weights=(1.0, 0.0) if name == "cnn_linear" else (1.0,))
