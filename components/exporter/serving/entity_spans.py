"""Entities of tagged tokens, in the graph: whole batches, without a loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from components.text.tags import split_tag
from components.text.token_positions import row_ids
from components.text.tokenizer import text_parts
from components.text.transitions import outside_tags


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
    rows = row_ids(best.row_splits)
    types, kind, begins, number = _entities(best.flat_values, rows, tags)
    inside = kind >= 0
    closes = inside & ~tf.concat([(inside & ~begins)[1:], tf.zeros_like(inside[:1])], 0)
    first, last = tf.where(begins)[:, 0], tf.where(closes)[:, 0]  # [entities]
    row = tf.gather(rows, first)
    begin, end = tf.gather(starts.flat_values, first), tf.gather(ends.flat_values, last)
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


def without_low_scores(
    best: tf.RaggedTensor, probabilities: tf.Tensor, tags: Sequence[str], least: Mapping[str, float]
) -> tf.Tensor:
    """Replaces the tags of each entity whose score is below the least one of its type by the most probable outside tag.

    Args:
        best: int64 ragged [batch, tokens], ids of tags.
        probabilities: float32 [all tokens, tags].
        tags: tag vocabulary, IOB2, with an outside tag.
        least: entity type -> least score; types without one keep all entities.

    Returns:
        Int64 [all tokens], ids of tags.
    """
    ids = best.flat_values
    types, kind, _, number = _entities(ids, row_ids(best.row_splits), tags)
    inside = kind >= 0
    scores = tf.boolean_mask(tf.gather(probabilities, ids, batch_dims=1), inside)
    means = tf.math.segment_mean(scores, tf.boolean_mask(number, inside))  # [entities]
    lowest = tf.constant([least.get(name, 0.0) for name in types], tf.float32)
    # A value in front for tokens before the first entity, whose number is -1.
    below = tf.gather(tf.concat([[0.0], means], 0), number + 1) < tf.gather(lowest, tf.maximum(kind, 0))
    outside = tf.constant(np.flatnonzero(outside_tags(tags)))
    return tf.where(inside & below, tf.gather(outside, tf.argmax(tf.gather(probabilities, outside, axis=1), 1)), ids)


def _entities(
    best: tf.Tensor, rows: tf.Tensor, tags: Sequence[str]
) -> tuple[list[str], tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns the types, and for each token its type (-1: none), whether it begins an entity, and the last entity."""
    parts = [split_tag(tag) for tag in tags]
    types = sorted({kind for _, kind in parts if kind})
    kind = tf.gather(tf.constant([types.index(name) if name else -1 for _, name in parts]), best)
    is_b = tf.gather(tf.constant([prefix == "B" for prefix, _ in parts]), best)
    # The token before the first one of a sentence belongs to another sentence.
    same = tf.concat([tf.zeros_like(is_b[:1]), (kind[1:] == kind[:-1]) & (rows[1:] == rows[:-1])], 0)
    begins = (kind >= 0) & (is_b | ~same)
    return types, kind, begins, tf.cumsum(tf.cast(begins, tf.int32)) - 1


def _cut(sentence: tf.Tensor, row: tf.Tensor, begin: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
    """Cuts substrings by code points. `tf.strings.substr` would copy a whole sentence for each."""
    text = tf.strings.unicode_decode(sentence, "UTF-8")  # ragged [batch, characters]
    offset = tf.gather(text.row_splits, row)
    return text_parts(text.flat_values, offset + tf.cast(begin, tf.int64), offset + tf.cast(end, tf.int64))
