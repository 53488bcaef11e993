"""A tagger on top of a pretrained encoder."""

from __future__ import annotations

import json
from typing import Any

import keras
from keras import layers, ops

from components.common.errors import NerError
from components.model.encoder_library import keras_hub
from components.text.transitions import FORBIDDEN

_INPUTS = {"token_ids", "padding_mask", "segment_ids"}


@keras.saving.register_keras_serializable(package="ner")
class EncoderTagger(keras.Model):
    """Word pieces in, a keras-hub backbone over them, a score for each tag of each token's first piece out.

    Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers", section 5.3. The pieces of a window
    are packed into one row between the encoder's start and end, so that padding between tokens costs nothing. If a
    window has more pieces than the encoder has positions, its tokens' last pieces are left out, their first ones never.

    Call arguments:
        inputs: dict of `piece_ids`, int [batch, tokens, pieces]: ids of pieces, each plus 1, 0 behind a token's last
            piece and at padding.
        training: whether dropout is on.

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
        """Builds the encoder with fresh weights.

        Args:
            num_tags: tags, padding counted.
            maxlen: most tokens in a window.
            backbone: a keras-hub backbone as JSON (`backbone_to_json`): its class and sizes.
            start_piece: id of the piece that stands before the first token ([CLS]).
            end_piece: id of the piece that stands behind the last token ([SEP]).
            pad_piece: id of the piece that fills rows ([PAD]).
            dropout: rate, before the scores.
            seed: of dropout.
            **kwargs: those of `keras.Model`.

        Raises:
            NerError: keras-hub is not installed, the backbone is no text encoder, or it has too few positions.
        """
        super().__init__(**kwargs)
        self._sizes: dict[str, Any] = {
            "num_tags": num_tags,
            "maxlen": maxlen,
            "backbone": backbone,
            "start_piece": start_piece,
            "end_piece": end_piece,
            "pad_piece": pad_piece,
            "dropout": dropout,
            "seed": seed,
        }
        self.backbone = _backbone(backbone, self.dtype_policy)
        self._room = self._pieces_at_most()
        self.output_dropout = layers.Dropout(dropout, seed=seed, name="output_dropout", dtype=self.dtype_policy)
        # Scores stay in float32 under mixed precision: the loss and the argmax need the digits.
        self.scores = layers.Dense(num_tags, dtype="float32", name="scores")

    def build(self, input_shape: Any = None) -> None:
        """Creates the weights of the scores; the encoder has its own already."""
        if not self.scores.built:
            self.scores.build((None, None, self.backbone.hidden_dim))
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """See the class."""
        rows, lengths, firsts = self._packed(ops.cast(inputs["piece_ids"], "int32"))
        real = ops.expand_dims(ops.arange(ops.shape(rows)[1]), 0) < ops.expand_dims(lengths, 1)
        given = {"token_ids": rows, "padding_mask": ops.cast(real, "int32"), "segment_ids": ops.zeros_like(rows)}
        encoded = self.backbone({name: given[name] for name in self.backbone.input}, training=training)
        if isinstance(encoded, dict):
            encoded = encoded["sequence_output"]  # [batch, pieces, hidden]
        batch, longest, hidden = ops.shape(encoded)
        starts = ops.expand_dims(ops.arange(batch) * longest, 1)
        pooled = ops.take(ops.reshape(encoded, (batch * longest, hidden)), firsts + starts, axis=0)
        logits = self.scores(self.output_dropout(pooled, training=training))  # [batch, tokens, tags]
        return logits + ops.one_hot(0, self._sizes["num_tags"], dtype="float32") * FORBIDDEN

    def _packed(self, pieces: Any) -> tuple[Any, Any, Any]:
        """Packs the pieces of each window.

        Returns:
            Rows of pieces, int32 [batch, longest row], between the start's and the end's; how long they are, int32
            [batch]; and where each token's first piece stands, int32 [batch, tokens].
        """
        batch, tokens, columns = ops.shape(pieces)
        here = ops.cast(pieces > 0, "int32")
        # First pieces of all tokens, then second ones and so on, as long as there is room.
        fits = ops.cumsum(ops.sum(here, axis=1), axis=-1) <= self._room  # [batch, columns]
        here = ops.reshape(here * ops.expand_dims(ops.cast(fits, "int32"), 1), (batch, tokens * columns))
        place = ops.cumsum(here, axis=1)  # of each piece, from 1: the start stands at 0
        counts = ops.sum(here, axis=1, keepdims=True)  # [batch, 1]
        # Where shapes may be dynamic no row is longer than it need be.
        dynamic = keras.backend.backend() == "tensorflow"
        longest = ops.max(counts, initial=0) if dynamic else min(tokens * columns, self._room)
        number = ops.arange(tokens * columns)
        order = ops.argsort(ops.where(here > 0, number, number + tokens * columns), axis=1)
        packed = ops.take_along_axis(ops.reshape(pieces, (batch, tokens * columns)) - 1, order, axis=1)[:, :longest]
        packed = ops.pad(packed, [[0, 0], [1, 1]])
        at = ops.expand_dims(ops.arange(longest + 2), 0)
        packed = ops.where(at > counts, self._sizes["pad_piece"], packed)
        packed = ops.where(ops.equal(at, counts + 1), self._sizes["end_piece"], packed)
        packed = ops.where(ops.equal(at, 0), self._sizes["start_piece"], packed)
        return packed, counts[:, 0] + 2, ops.reshape(place, (batch, tokens, columns))[:, :, 0]

    def _pieces_at_most(self) -> int:
        positions = getattr(self.backbone, "max_sequence_length", None) or 1 << 30
        if self._sizes["maxlen"] + 2 > positions:
            raise NerError(
                f"trainer.window_size: {self._sizes['maxlen']} tokens, but the encoder has {positions} "
                f"positions, two of them reserved. Set it to {positions - 2} or less."
            )
        return positions - 2

    @property
    def receptive_field(self) -> None:
        """See `components.model.taggers`: attention sees the whole row, and positions are counted."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs: sizes only, no weight."""
        return {**super().get_config(), **self._sizes}


def backbone_to_json(backbone: keras.Model) -> str:
    """Returns class and sizes of a keras-hub backbone; text, since Keras would revive a dict while it loads a model."""
    return json.dumps(keras.saving.serialize_keras_object(backbone), sort_keys=True)


def _backbone(config: str, dtype: Any) -> keras.Model:
    """Builds a backbone with fresh weights."""
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
