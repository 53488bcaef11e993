"""Preprocessing function of Transform: one graph for training and serving."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from components.common.errors import NerError
from components.text.token_positions import row_ids
from components.text.tokenizer import Tokens, tokenize
from components.text.unlabelled import frequent_words
from components.transform import features as names
from components.transform.case_ids import case_ids
from components.transform.clusters import Clusters
from components.transform.gazetteers import Gazetteers
from components.transform.settings import TransformSettings
from components.transform.subwords import subword_ids
from components.transform.vector_vocabulary import VectorVocabulary
from components.transform.vocabulary_asset import vocabulary_table
from components.transform.wordpieces import WordPieceVocabulary, piece_ids

_GENERATIONS = 4  # of words that a vocabulary keeps over warm starts, `max_words` each


def preprocessing_fn(inputs: Mapping[str, Any], custom_config: Mapping[str, Any]) -> dict[str, Any]:
    """Computes the features of `components.transform.features` for a batch of raw examples.

    Args:
        inputs: `key` and `sentence`, string [batch, 1]; `tags`, string, sparse or ragged [batch, words]: one tag per
            token of the corpus (tokens are separated by spaces in the sentence).
        custom_config: `settings`, values of `TransformSettings`. Only for taggers that read them: `vectors` (`path` of
            a vector file, number of `words` to select from it) and `encoder` (`preset`, `max_pieces` of a token).
            `gazetteers` and `clusters`: versions of the settings' files (`content_version`), a list and a text.
            `unlabelled`: `path` of unlabelled texts, whose frequent words are known, too.
            `earlier`: folder with the vocabularies of an earlier model, whose words and tags keep their ids. Other
            keys, such as versions of code and files, only invalidate the cache of TFX.

    Returns:
        `key` string [batch, 1] and the ragged features, one value per token of the tokenizer.

    Raises:
        NerError: the vectors, the encoder, a gazetteer or the clusters cannot be read.

    Example: tests/components/transform/test_preprocessing.py.
    """
    settings = TransformSettings.model_validate(custom_config["settings"])
    sentences = tf.squeeze(inputs[names.SENTENCE], axis=1)  # [batch]
    tokens = tokenize(sentences, settings.tokenizer)
    folded = folded_tokens(tokens)
    earlier = custom_config.get("earlier")
    word_ids = tft.compute_and_apply_vocabulary(
        folded,
        vocab_filename=names.WORD_VOCABULARY,
        frequency_threshold=settings.min_count,
        top_k=settings.max_words,
        reserved_tokens=_reserved_words(settings, earlier, custom_config.get("unlabelled")),
        default_value=names.UNK_ID,
    )
    tag_ids = tft.compute_and_apply_vocabulary(
        spread_tags(_ragged(inputs[names.TAGS]), tokens.starts, tokens.ends),
        vocab_filename=names.TAG_VOCABULARY,
        reserved_tokens=_reserved(names.TAG_VOCABULARY, [names.PAD], earlier),
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
        **_features_of_files(tokens, folded, settings, custom_config),
        **_pretrained(tokens.tokens, folded, word_ids, settings.tokenizer, custom_config),
    }


def _reserved_words(
    settings: TransformSettings, earlier: str | None, unlabelled: Mapping[str, str] | None
) -> list[str]:
    """Returns the entries that the word vocabulary begins with; new words of the train split follow."""
    words = _reserved(names.WORD_VOCABULARY, [names.PAD, names.UNK], earlier, settings.max_words)
    if not unlabelled:
        return words
    frequent = frequent_words(
        unlabelled["path"],
        settings.tokenizer,
        settings.min_count,
        settings.max_words,
        unlabelled.get("version", ""),
    )
    known = set(words)
    return [*words, *(word for word in frequent if word not in known)]


def _reserved(vocabulary: str, special: list[str], earlier: str | None, most: int | None = None) -> list[str]:
    """Returns the entries that a vocabulary begins with: those of the earlier model, so that they keep their ids.

    `_GENERATIONS` times `most` entries are the limit: beyond it the last ones, the rarest of the newest, are left out.
    """
    if not earlier:
        return special
    entries = read_vocabulary(f"{earlier}/{vocabulary}")
    if entries[: len(special)] != special:
        raise NerError(f"{earlier}/{vocabulary}: does not begin with {', '.join(special)}. Retrain with --full.")
    return entries[: most and _GENERATIONS * most]


def read_vocabulary(file: str) -> list[str]:
    """Reads a vocabulary of tf.Transform: one entry a line, and only a line feed ends a line."""
    return tf.io.gfile.GFile(file, "rb").read().decode().removesuffix("\n").split("\n")


def _features_of_files(
    tokens: Tokens, folded: tf.RaggedTensor, settings: TransformSettings, config: Mapping[str, Any]
) -> dict[str, tf.RaggedTensor]:
    """Computes the features of the user's files of names and clusters."""
    features: dict[str, tf.RaggedTensor] = {}
    if settings.gazetteers:
        gazetteers = Gazetteers.read(settings.gazetteers, settings.tokenizer, config.get("gazetteers", ()))
        features |= gazetteers.codes(tokens, folded)
    if settings.clusters:
        clusters = Clusters.read(settings.clusters, config.get("clusters", ""))
        features[names.CLUSTER_IDS] = clusters.ids(tokens.tokens, folded)
    return features


def _pretrained(
    tokens: tf.RaggedTensor,
    folded: tf.RaggedTensor,
    word_ids: tf.RaggedTensor,
    tokenizer: str,
    config: Mapping[str, Any],
) -> dict[str, tf.RaggedTensor]:
    """Computes the features that only taggers with pretrained parts read."""
    features = {}
    if vectors := config.get("vectors"):
        vocabulary = VectorVocabulary.select(
            vectors["path"], int(vectors["words"]), tokenizer, vectors.get("version", "")
        )
        features[names.VECTOR_IDS] = vector_ids(tokens, folded, word_ids, vocabulary)
    if encoder := config.get("encoder"):
        pieces = WordPieceVocabulary.from_preset(encoder["preset"])
        features[names.PIECE_IDS] = piece_ids(tokens, pieces, int(encoder["max_pieces"]))
    return features


def vector_ids(
    tokens: tf.RaggedTensor, folded: tf.RaggedTensor, word_ids: tf.RaggedTensor, vocabulary: VectorVocabulary
) -> tf.RaggedTensor:
    """Looks up tokens: unchanged, then with case and digits folded, then in the word vocabulary.

    Args:
        tokens: string ragged [batch, tokens].
        folded: the tokens with case and digits folded.
        word_ids: int64 ragged [batch, tokens], ids in the word vocabulary.
        vocabulary: first words of the vector file.

    Returns:
        int64 ragged [batch, tokens]: 1 for none; ids of `vocabulary`, from 2; after them the ids of the word
        vocabulary, each plus the number of words of `vocabulary`.

    Example: tests/components/transform/test_pretrained_features.py.
    """
    seen = word_ids.flat_values
    ids = tf.where(seen > names.UNK_ID, seen + len(vocabulary.words), names.UNK_ID)
    if vocabulary.ids:
        table = vocabulary_table(names.VECTOR_VOCABULARY, vocabulary.lines(), with_ids=True, default=names.UNK_ID)
        for spelling in (folded, tokens):
            own_ids = table.lookup(spelling.flat_values)
            ids = tf.where(own_ids > names.UNK_ID, own_ids, ids)
    return word_ids.with_flat_values(ids)


def folded_tokens(tokens: Tokens) -> tf.RaggedTensor:
    """Folds case and digits: "MAY 1997" and "May 2024" share words. `case_ids` keeps the case.

    Example:
        >>> folded_tokens(tokenize(tf.constant(["MAY 1997"]))).to_list()
        [[b'may', b'0000']]
    """
    return tokens.tokens.with_flat_values(tokens.characters.folded())


def _touches(starts: tf.RaggedTensor, ends: tf.RaggedTensor) -> tf.Tensor:
    """Returns bool [tokens of the batch - 1], true if a token, from the second on, follows without a space."""
    rows = row_ids(starts.row_splits)
    return (starts.flat_values[1:] == ends.flat_values[:-1]) & (rows[1:] == rows[:-1])


def spread_tags(tags: tf.RaggedTensor, starts: tf.RaggedTensor, ends: tf.RaggedTensor) -> tf.RaggedTensor:
    """Assigns the tag of a corpus token to each of its pieces; after the first piece B-X becomes I-X.

    Sentences are corpus tokens joined by one space, so a piece begins a corpus token if a space precedes it.

    Args:
        tags: string ragged [batch, corpus tokens]. Empty in serving, which ignores the result.
        starts: int64 ragged [batch, tokens], from the tokenizer.
        ends: int64 ragged [batch, tokens], from the tokenizer.

    Returns:
        String ragged [batch, tokens].

    Example:
        >>> tokens = tokenize(tf.constant(["Biden(Joe left"]))
        >>> spread_tags(tf.ragged.constant([["B-PER", "O"]]), tokens.starts, tokens.ends).to_list()
        [[b'B-PER', b'I-PER', b'I-PER', b'O']]
    """
    rows = row_ids(starts.row_splits)
    first = tf.concat([tf.ones_like(rows[:1], tf.bool), ~_touches(starts, ends)], 0)  # [pieces]
    begun = tf.cumsum(tf.cast(first, tf.int64))
    begun_before_row = tf.gather(tf.concat([[tf.constant(0, tf.int64)], begun], 0), starts.row_starts())
    word = begun - 1 - tf.gather(begun_before_row, rows)  # [pieces], index of the corpus token in its sentence
    # Serving has no tags: an index past the end selects the spare value.
    spare = tf.size(tags.flat_values, tf.int64)
    index = tf.where(word < tf.gather(tags.row_lengths(), rows), tf.gather(tags.row_starts(), rows) + word, spare)
    spread = tf.gather(tf.concat([tags.flat_values, [names.PAD]], 0), index)
    return starts.with_flat_values(tf.where(first, spread, tf.strings.regex_replace(spread, r"^B-", "I-")))


def _ragged(feature: tf.SparseTensor | tf.RaggedTensor) -> tf.RaggedTensor:
    return tf.RaggedTensor.from_sparse(feature) if isinstance(feature, tf.SparseTensor) else feature
