"""Tagger on a pretrained encoder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from components.common.errors import NerError
from components.model.encoder_preset import check_positions, from_preset, keras_hub
from components.model.layers import arguments
from components.text.transitions import FORBIDDEN

_INPUTS = {"token_ids", "padding_mask", "segment_ids"}
_START, _END, _PAD = "[CLS]", "[SEP]", "[PAD]"


@keras.saving.register_keras_serializable(package="ner")
class EncoderTagger(keras.Model):
    """keras-hub backbone over word pieces, with a classifier on the first piece of each token.

    Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers", section 5.3. The pieces of a window
    are packed into one row between [CLS] and [SEP], without padding between tokens. If a window has more pieces than
    the encoder has positions, the last pieces of tokens are dropped, never the first ones.

    Example: tests/components/model/test_encoder_tagger.py.

    Call arguments:
        inputs: dict of `piece_ids`, int [batch, tokens, pieces]: ids of pieces, each plus 1; 0 after the last
            piece of a token and at padding.
        training: whether to apply dropout.

    Returns:
        Float32 [batch, tokens, num_tags], logits; tag 0 is [PAD].
    """

    def __init__(
        self,
        *,
        num_tags: int,
        maxlen: int,
        backbone: str,
        start_piece: int,
        end_piece: int,
        pad_piece: int,
        dropout: float,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Builds the encoder with random weights.

        Args:
            num_tags: number of tags, including padding.
            maxlen: maximum number of tokens in a window.
            backbone: class and sizes of a keras-hub backbone as JSON (`backbone_to_json`).
            start_piece: id of the piece before the first token, [CLS].
            end_piece: id of the piece after the last token, [SEP].
            pad_piece: id of the padding piece, [PAD].
            dropout: dropout rate before the scores.
            seed: seed of dropout.
            **kwargs: arguments of `keras.Model`.

        Raises:
            NerError: keras-hub is not installed, the backbone is not a text encoder, or it has too few positions.
        """
        super().__init__(**kwargs)
        self._sizes = arguments(locals())
        self.backbone = _backbone(backbone, self.dtype_policy)
        self._positions = self._piece_positions()
        self.output_dropout = layers.Dropout(dropout, seed=seed, name="output_dropout", dtype=self.dtype_policy)
        # float32 even under mixed precision: the loss and the argmax need the precision.
        self.scores = layers.Dense(num_tags, dtype="float32", name="scores")

    def build(self, input_shape: Any = None) -> None:
        """Creates the weights of the scores; the constructor created those of the encoder."""
        if not self.scores.built:
            self.scores.build((None, None, self.backbone.hidden_dim))
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """Computes the outputs that the class documents."""
        encoded, _, firsts = self.encode(ops.cast(inputs["piece_ids"], "int32"), training=training)
        batch, longest, hidden = ops.shape(encoded)
        starts = ops.expand_dims(ops.arange(batch) * longest, 1)
        pooled = ops.take(ops.reshape(encoded, (batch * longest, hidden)), firsts + starts, axis=0)
        logits = self.scores(self.output_dropout(pooled, training=training))  # [batch, tokens, tags]
        return logits + ops.one_hot(0, self._sizes["num_tags"], dtype="float32") * FORBIDDEN

    def encode(self, pieces: Any, training: bool = False) -> tuple[Any, Any, Any]:
        """Computes the encoder's states of the packed pieces.

        Args:
            pieces: int32 [batch, tokens, pieces], as `piece_ids` of `call`.
            training: whether to apply dropout.

        Returns:
            states: [batch, longest row, hidden], of [CLS], the pieces of the window, and [SEP].
            real: bool [batch, longest row], false at padding.
            firsts: int32 [batch, tokens], column of the first piece of each token.
        """
        rows, lengths, firsts = self.pack(pieces)
        real = ops.expand_dims(ops.arange(ops.shape(rows)[1]), 0) < ops.expand_dims(lengths, 1)
        features = {"token_ids": rows, "padding_mask": ops.cast(real, "int32"), "segment_ids": ops.zeros_like(rows)}
        states = self.backbone({name: features[name] for name in self.backbone.input}, training=training)
        return states["sequence_output"] if isinstance(states, dict) else states, real, firsts

    def pack(self, pieces: Any) -> tuple[Any, Any, Any]:
        """Packs the pieces of each window into one row.

        Args:
            pieces: int32 [batch, tokens, pieces], as `piece_ids` of `call`.

        Returns:
            rows: int32 [batch, longest row], pieces between [CLS] and [SEP].
            lengths: int32 [batch], lengths of the rows.
            firsts: int32 [batch, tokens], column of the first piece of each token.
        """
        batch, tokens, columns = ops.shape(pieces)
        kept = ops.cast(pieces > 0, "int32")
        # First pieces of all tokens, then second ones and so on, up to the maximum.
        fits = ops.cumsum(ops.sum(kept, axis=1), axis=-1) <= self._positions  # [batch, columns]
        kept = ops.reshape(kept * ops.expand_dims(ops.cast(fits, "int32"), 1), (batch, tokens * columns))
        position = ops.cumsum(kept, axis=1)  # of each piece, from 1; [CLS] is at 0
        counts = ops.sum(kept, axis=1, keepdims=True)  # [batch, 1]
        # Only TensorFlow supports dynamic shapes; other backends pad to the maximum.
        dynamic = keras.backend.backend() == "tensorflow"
        longest = ops.max(counts, initial=0) if dynamic else min(tokens * columns, self._positions)
        number = ops.arange(tokens * columns)
        order = ops.argsort(ops.where(kept > 0, number, number + tokens * columns), axis=1)
        packed = ops.take_along_axis(ops.reshape(pieces, (batch, tokens * columns)) - 1, order, axis=1)[:, :longest]
        packed = ops.pad(packed, [[0, 0], [1, 1]])
        column = ops.expand_dims(ops.arange(longest + 2), 0)
        packed = ops.where(column > counts, self._sizes["pad_piece"], packed)
        packed = ops.where(ops.equal(column, counts + 1), self._sizes["end_piece"], packed)
        packed = ops.where(ops.equal(column, 0), self._sizes["start_piece"], packed)
        return packed, counts[:, 0] + 2, ops.reshape(position, (batch, tokens, columns))[:, :, 0]

    def _piece_positions(self) -> int:
        """Returns the number of positions without [CLS] and [SEP]."""
        positions = getattr(self.backbone, "max_sequence_length", None) or 1 << 30
        check_positions(self._sizes["maxlen"], positions)
        return positions - 2

    @property
    def receptive_field(self) -> None:
        """None: attention covers the whole row."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments, without weights."""
        return {**super().get_config(), **self._sizes}


def backbone_to_json(backbone: keras.Model) -> str:
    """Serializes class and sizes of a keras-hub backbone.

    As text, because Keras deserializes a dict while it loads a model.

    Example: tests/components/model/test_encoder_tagger.py.
    """
    return json.dumps(keras.saving.serialize_keras_object(backbone), sort_keys=True)


def _backbone(config: str, dtype: Any) -> keras.Model:
    """Builds a backbone with random weights."""
    keras_hub()  # registers its classes
    values = json.loads(config)
    values["config"]["dtype"] = keras.saving.serialize_keras_object(dtype)
    backbone = keras.saving.deserialize_keras_object(values)
    inputs = backbone.input if isinstance(backbone.input, dict) else {}
    if not {"token_ids", "padding_mask"} <= set(inputs) <= _INPUTS:
        raise NerError(
            f"trainer.encoder.preset: {type(backbone).__name__} is not a text encoder. Use BERT, DistilBERT or ELECTRA."
        )
    return backbone


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

    Example: tests/components/model/test_encoder_from_preset.py.
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
