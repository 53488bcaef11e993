"""`preprocessing_fn`: from a raw sentence to the ids that a tagger reads, in one graph for training and for serving."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from components.text.tokenizer import WORDS, Tokens, tokenize
from components.transform import features as names
from components.transform.case_ids import case_ids
from components.transform.subwords import subword_ids
from components.transform.vector_vocabulary import VectorVocabulary
from components.transform.vocabulary_asset import vocabulary_table


def preprocessing_fn(inputs: Mapping[str, Any], custom_config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Gives the features of `components.transform.features` for a batch of raw examples.

    Args:
        inputs: `key` and `sentence`, string [batch, 1]; `tags`, string, sparse or ragged [batch, words]: one tag for
            each token of the corpus, that is for each piece of the sentence between blanks.
        custom_config: `tokenizer` (`words` or `whitespace`), `min_count` (a rarer word is [UNK]) and `max_words`
            (size limit of the word vocabulary). What only some taggers read is made only for them: `vectors` (`path`
            of a file of word vectors, `words` of it to know beside the vocabulary) and `encoder` (`preset`,
            `max_pieces` of a token). Other keys only serve to make TFX's cache see a change.

    Returns:
        `key` string [batch, 1] and the ragged features, one value a token of the tokenizer.

    Raises:
        NerError: the vectors or the encoder cannot be read.
    """
    config = custom_config or {}
    sentences = tf.squeeze(inputs[names.SENTENCE], axis=1)  # [batch]
    tokens = tokenize(sentences, config.get("tokenizer", WORDS))
    normalized = normalize(tokens)
    word_ids = tft.compute_and_apply_vocabulary(
        normalized,
        vocab_filename=names.WORD_VOCABULARY,
        frequency_threshold=config.get("min_count", 2),
        top_k=config.get("max_words", 100_000),
        reserved_tokens=[names.PAD, names.UNK],
        default_value=names.UNK_ID,
    )
    tag_ids = tft.compute_and_apply_vocabulary(
        spread_tags(_ragged(inputs[names.TAGS]), tokens.starts, tokens.ends),
        vocab_filename=names.TAG_VOCABULARY,
        reserved_tokens=[names.PAD],
        default_value=-1,
    )
    return {
        names.KEY: inputs[names.KEY],
        names.TOKENS: tokens.tokens,
        names.STARTS: tokens.starts,
        names.ENDS: tokens.ends,
        names.WORD_IDS: word_ids,
        names.CASE_IDS: case_ids(tokens),
        names.SUBWORD_IDS: subword_ids(tokens),
        names.TAG_IDS: tag_ids,
        **_pretrained(tokens.tokens, normalized, word_ids, config),
    }


def _pretrained(
    tokens: tf.RaggedTensor, normalized: tf.RaggedTensor, word_ids: tf.RaggedTensor, config: Mapping[str, Any]
) -> dict[str, tf.RaggedTensor]:
    """The features that only taggers with pretrained parts read."""
    given = {}
    if vectors := config.get("vectors"):
        vocabulary = VectorVocabulary.select(vectors["path"], int(vectors["words"]), config.get("tokenizer", WORDS))
        given[names.VECTOR_IDS] = vector_ids(tokens, normalized, word_ids, vocabulary)
    if encoder := config.get("encoder"):
        from components.transform.wordpiece_vocabulary import WordPieceVocabulary  # brings keras-hub, an extra
        from components.transform.wordpieces import piece_ids

        pieces = WordPieceVocabulary.from_preset(encoder["preset"])
        given[names.PIECE_IDS] = piece_ids(tokens, pieces, int(encoder["max_pieces"]))
    return given


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
    ids = tf.where(seen > names.UNK_ID, seen + len(vocabulary.words), names.UNK_ID)
    if vocabulary.ids:
        table = vocabulary_table(names.VECTOR_VOCABULARY, vocabulary.lines(), with_ids=True, default=names.UNK_ID)
        for spelling in (normalized, tokens):
            found = table.lookup(spelling.flat_values)
            ids = tf.where(found > names.UNK_ID, found, ids)
    return word_ids.with_flat_values(ids)


def normalize(tokens: Tokens) -> tf.RaggedTensor:
    """Folds case and digits, so that "MAY 1997" and "May 2024" share words; `case_ids` keeps the case."""
    return tokens.tokens.with_flat_values(tokens.characters.folded())


def _touches(starts: tf.RaggedTensor, ends: tf.RaggedTensor) -> tf.Tensor:
    """Returns bool [all tokens - 1]: whether each token but the first begins where the one before it ends."""
    rows = starts.value_rowids()
    return (starts.flat_values[1:] == ends.flat_values[:-1]) & (rows[1:] == rows[:-1])


def spread_tags(tags: tf.RaggedTensor, starts: tf.RaggedTensor, ends: tf.RaggedTensor) -> tf.RaggedTensor:
    """Gives every piece of a corpus token the token's tag; after the first piece B-X becomes I-X.

    The corpus joins its tokens with one blank, so a piece starts a corpus token exactly when it does not touch the
    piece before it.

    Args:
        tags: string ragged [batch, corpus tokens]. Empty in serving, where the result is not used.
        starts: int64 ragged [batch, tokens] of the tokenizer.
        ends: the same.

    Returns:
        String ragged [batch, tokens].
    """
    rows = starts.value_rowids()
    first = tf.concat([tf.ones_like(rows[:1], tf.bool), ~_touches(starts, ends)], 0)  # [pieces]
    begun = tf.cumsum(tf.cast(first, tf.int64))
    begun_before_row = tf.gather(tf.concat([[tf.constant(0, tf.int64)], begun], 0), starts.row_starts())
    word = begun - 1 - tf.gather(begun_before_row, rows)  # [pieces], number of the corpus token in its sentence
    # Serving has no tags: an index past the end reads the spare value instead of failing.
    spare = tf.size(tags.flat_values, tf.int64)
    index = tf.where(word < tf.gather(tags.row_lengths(), rows), tf.gather(tags.row_starts(), rows) + word, spare)
    spread = tf.gather(tf.concat([tags.flat_values, [names.PAD]], 0), index)
    return starts.with_flat_values(tf.where(first, spread, tf.strings.regex_replace(spread, r"^B-", "I-")))


def _ragged(feature: tf.SparseTensor | tf.RaggedTensor) -> tf.RaggedTensor:
    return tf.RaggedTensor.from_sparse(feature) if isinstance(feature, tf.SparseTensor) else feature
