"""Construction of the encoder tagger from a keras-hub preset."""

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
    seed: int | None = None,
    **kwargs: Any,
) -> EncoderTagger:
    """Builds an encoder tagger with the weights of a preset.

    Args:
        num_tags: number of tags, including padding.
        maxlen: maximum number of tokens in a window.
        pieces: word pieces of the transform graph, by id.
        preset: folder of a backbone that keras-hub saved, or name of a preset, which keras-hub downloads.
        dropout: dropout rate before the scores.
        seed: seed of dropout.
        **kwargs: arguments of `keras.Model`.

    Raises:
        NerError: the preset cannot be loaded or does not match the pieces.

    Example: tests/components/model/test_encoder_preset.py.
    """
    backbone: keras.Model = from_preset(keras_hub().models.Backbone.from_preset, preset, "encoder")
    vocabulary_size = backbone.token_embedding.input_dim
    missing = [piece for piece in (_START, _END, _PAD) if piece not in pieces]
    if missing or len(pieces) > vocabulary_size:
        raise NerError(
            f"trainer.encoder.preset: {preset!r}: its tokenizer has {len(pieces)} pieces"
            + (f" and lacks {', '.join(missing)}" if missing else "")
            + f", its encoder has {vocabulary_size}. Use tokenizer and encoder of the same preset."
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
