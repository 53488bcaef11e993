"""Which taggers there are. A tagger is a Keras model from the features of a batch to logits.

Input: dict of int [batch, tokens] features (components/transform/features.py), 0 at padding. Output: float32 logits
[batch, tokens, tags], with tag 0, [PAD], impossible. Every class is registered with Keras and built from plain numbers,
so that a saved model loads where this package is installed, without its training code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from components.model.ner_model import NERModel

TAGGERS: Mapping[str, Callable[..., keras.Model]] = {"article": NERModel}


def build_tagger(name: str, **sizes: Any) -> keras.Model:
    """Builds a tagger with fresh weights.

    Args:
        name: a key of `TAGGERS`.
        **sizes: the tagger's own arguments.

    Raises:
        ValueError: there is no such tagger.
    """
    if name not in TAGGERS:
        raise ValueError(f"tagger must be one of {', '.join(TAGGERS)}, got {name!r}")
    model = TAGGERS[name](**sizes)
    model.build()
    return model
