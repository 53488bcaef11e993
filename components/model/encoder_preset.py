"""The encoder tagger from a keras-hub preset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from components.common.errors import NerError
from components.model.encoder_library import from_preset, keras_hub
from components.model.encoder_tagger import EncoderTagger, backbone_to_json

_START, _END, _PAD = "[CLS]", "[SEP]", "[PAD]"


def encoder_from_preset(
    *,
    num_tags: int,
    maxlen: int,
    pieces: Sequence[str],
    preset: str,
    dropout: float,
    max_pieces: int = 0,
    seed: int | None = None,
    **kwargs: Any,
) -> EncoderTagger:
    """Builds an encoder tagger and gives it a checkpoint's weights.

    Args:
        num_tags: tags, padding counted.
        maxlen: most tokens in a window.
        pieces: the word pieces that the transform graph looks up, by id.
        preset: a folder with a backbone that keras-hub saved, or a preset's name, which fetches it.
        dropout: rate, before the scores.
        max_pieces: is the transform graph's concern.
        seed: of dropout.
        **kwargs: those of `keras.Model`.

    Raises:
        NerError: the checkpoint cannot be loaded or does not go with the pieces.
    """
    backbone: keras.Model = from_preset(keras_hub().models.Backbone.from_preset, preset, "encoder")
    known = backbone.token_embedding.input_dim
    lacking = [piece for piece in (_START, _END, _PAD) if piece not in pieces]
    if lacking or len(pieces) > known:
        raise NerError(
            f"trainer.encoder.preset: {preset!r}: its tokenizer has {len(pieces)} pieces"
            + (f" and lacks {', '.join(lacking)}" if lacking else "")
            + f", its encoder knows {known}. Use tokenizer and encoder of one preset."
        )
    start, end, pad = (list(pieces).index(piece) for piece in (_START, _END, _PAD))
    model = EncoderTagger(
        num_tags=num_tags,
        maxlen=maxlen,
        backbone=backbone_to_json(backbone),
        start_piece=start,
        end_piece=end,
        pad_piece=pad,
        dropout=dropout,
        seed=seed,
        **kwargs,
    )
    model.build()
    model.backbone.set_weights(backbone.get_weights())
    return model
