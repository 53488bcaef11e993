"""Entities of tagged tokens, in the graph: whole batches, without a loop."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from components.text.tags import split_tag
from components.text.token_positions import row_ids
from components.text.tokenizer import text_parts


def entity_spans(
    sentence: tf.Tensor,
    best: tf.RaggedTensor,
    scores: tf.RaggedTensor,
    starts: tf.RaggedTensor,
    ends: tf.RaggedTensor,
    tags: Sequence[str],
) -> dict[str, tf.RaggedTensor]:
    """Joins tagged tokens into entities.

    Invalid sequences are read like conlleval does: an I- tag without a predecessor begins an entity.

    Args:
        sentence: string [batch], raw.
        best: int ragged [batch, tokens], ids of tags.
        scores: float32 ragged [batch, tokens].
        starts: int ragged [batch, tokens], code points.
        ends: int ragged [batch, tokens].
        tags: tag vocabulary, IOB2.

    Returns:
        Ragged [batch, entities]: `entity_texts` (as written in the sentence), `entity_types`, `entity_starts` and
        `entity_ends` (int32, code points), `entity_scores` (mean of the tokens' scores).
    """
    parts = [split_tag(tag) for tag in tags]
    types = sorted({kind for _, kind in parts if kind})
    kind = tf.gather(tf.constant([types.index(name) if name else -1 for _, name in parts]), best.flat_values)
    is_b = tf.gather(tf.constant([prefix == "B" for prefix, _ in parts]), best.flat_values)
    rows = row_ids(best.row_splits)
    inside = kind >= 0
    # The token before the first one of a sentence belongs to another sentence.
    same = tf.concat([tf.zeros_like(inside[:1]), (kind[1:] == kind[:-1]) & (rows[1:] == rows[:-1])], 0)
    begins = inside & (is_b | ~same)
    continues = inside & ~begins
    closes = inside & ~tf.concat([continues[1:], tf.zeros_like(continues[:1])], 0)
    first, last = tf.where(begins)[:, 0], tf.where(closes)[:, 0]  # [entities]
    row = tf.gather(rows, first)
    begin, end = tf.gather(starts.flat_values, first), tf.gather(ends.flat_values, last)
    number = tf.cumsum(tf.cast(begins, tf.int32)) - 1
    means = tf.math.segment_mean(tf.boolean_mask(scores.flat_values, inside), tf.boolean_mask(number, inside))
    entities = {
        "entity_texts": _cut(sentence, row, begin, end),
        "entity_types": tf.gather(tf.constant([*types, ""]), tf.gather(kind, first)),
        "entity_starts": tf.cast(begin, tf.int32),
        "entity_ends": tf.cast(end, tf.int32),
        "entity_scores": means,
    }
    batch = best.nrows()
    return {name: tf.RaggedTensor.from_value_rowids(value, row, batch) for name, value in entities.items()}


def _cut(sentence: tf.Tensor, row: tf.Tensor, begin: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
    """Cuts substrings by code points. `tf.strings.substr` would copy a whole sentence for each."""
    text = tf.strings.unicode_decode(sentence, "UTF-8")  # ragged [batch, characters]
    offset = tf.gather(text.row_splits, row)
    return text_parts(text.flat_values, offset + tf.cast(begin, tf.int64), offset + tf.cast(end, tf.int64))
