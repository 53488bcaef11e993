"""Ids of tokens in a table of pretrained vectors."""

from __future__ import annotations

import tensorflow as tf

from components.transform.features import UNK_ID, VECTOR_VOCABULARY
from components.transform.vector_vocabulary import VectorVocabulary
from components.transform.vocabulary_asset import vocabulary_table


def vector_ids(
    tokens: tf.RaggedTensor, normalized: tf.RaggedTensor, word_ids: tf.RaggedTensor, vocabulary: VectorVocabulary
) -> tf.RaggedTensor:
    """Looks tokens up: as they stand, then with case and digits folded, then in the word vocabulary.

    Args:
        tokens: string ragged [batch, tokens].
        normalized: the same, case and digits folded.
        word_ids: int64, the same shape: ids in the word vocabulary.
        vocabulary: words with vectors of their own.

    Returns:
        int64 ragged [batch, tokens]: 1 for none, ids of `vocabulary` from 2, and behind them the ids of the word
        vocabulary, each plus the number of the vocabulary's words.
    """
    seen = word_ids.flat_values
    ids = tf.where(seen > UNK_ID, seen + len(vocabulary.words), UNK_ID)
    if vocabulary.ids:
        table = vocabulary_table(VECTOR_VOCABULARY, vocabulary.lines(), with_ids=True, default=UNK_ID)
        for spelling in (normalized, tokens):
            found = table.lookup(spelling.flat_values)
            ids = tf.where(found > UNK_ID, found, ids)
    return word_ids.with_flat_values(ids)
