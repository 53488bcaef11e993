"""A file of word vectors, made with a pretrained encoder for the words of texts.

They give a tagger a part of the encoder's knowledge of words; serving only looks them up.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import tensorflow as tf

from components.common.errors import NerError
from components.common.files import write_atomically
from components.common.progress import report_progress
from components.corpus_example_gen.tokenizer_choice import choose_by_texts
from components.model.encoder_preset import check_preset, require_libraries
from components.model.encoder_tagger import EncoderTagger, encoder_from_preset
from components.text.unlabelled import frequent_words, read_texts
from components.transform.wordpieces import WordPieceVocabulary, piece_ids
from configs.spec import PipelineConfig
from pipeline.unlabelled import gather_texts

_SETTING, _OPTION = "trainer.encoder.preset", "--encoder"
_SAMPLE = 200  # texts that choose the tokenizer
_MOST_PIECES = 14  # of a word
_BATCH = 512
_PIECES_BATCH = 1 << 14  # words that are split into pieces at a time


def write_word_vectors(
    target: Path, texts: Sequence[str], config: PipelineConfig, *, encoder: str, words: int, dimension: int
) -> int:
    """Writes the vectors of the most frequent words, as `trainer.cnn_linear.vectors.path` reads them.

    An encoder that folds case gets words with case and digits folded.

    Args:
        target: the file; compressed if its name ends with .gz.
        texts: files and folders, as `trainer.unlabelled`.
        config: settings of corpora and of the tokenizer.
        encoder: folder or name of the encoder, as `trainer.encoder.preset`.
        words: most words.
        dimension: of the vectors.

    Returns:
        The number of words.

    Raises:
        NerError: the texts or the encoder cannot be read, or the dimension does not fit.

    Example: tests/pipeline/test_word_vectors.py.
    """
    try:
        require_libraries(encoder)
        check_preset(encoder, window_size=1)
        vocabulary = WordPieceVocabulary.from_preset(encoder)
        with tempfile.TemporaryDirectory() as folder:
            file = gather_texts(texts, config.corpus, Path(folder), where="TEXTS")
            sample = islice(read_texts(str(file)), _SAMPLE)
            tokenizer = choose_by_texts(config.transform.tokenizer, sample, config.corpus)
            frequent = frequent_words(str(file), tokenizer, 1, words, folded=vocabulary.fold_case)
        vectors = encoder_vectors(frequent, vocabulary, encoder, dimension)
    except NerError as error:
        raise NerError(str(error).replace(_SETTING, _OPTION)) from error
    numbers = (" ".join(f"{number:.4f}" for number in vector) for vector in vectors)
    content = "".join(f"{word} {row}\n" for word, row in zip(frequent, numbers, strict=True)).encode()
    write_atomically(target, gzip.compress(content, mtime=0) if target.suffix == ".gz" else content)
    return len(frequent)


def encoder_vectors(words: Sequence[str], vocabulary: WordPieceVocabulary, preset: str, dimension: int) -> np.ndarray:
    """Computes a vector for each word: the mean of the encoder's states of the word alone, with fewer dimensions.

    The dimensions are the first principal components of all words. Each is divided by the fourth root of its variance,
    halfway to equal variances, because the few largest dominate distances (Mu and Viswanath 2018, "All-but-the-Top").

    Args:
        words: the words, at least as many as dimensions.
        vocabulary: word pieces of the encoder.
        preset: folder or name of the encoder (`trainer.encoder.preset`).
        dimension: of the vectors.

    Returns:
        float32 [words, dimension], with a standard deviation of 1.

    Raises:
        NerError: the encoder cannot be loaded or has fewer dimensions, or there are too few words.

    Example: tests/pipeline/test_word_vectors.py.
    """
    encoder = encoder_from_preset(num_tags=2, maxlen=1, pieces=vocabulary.pieces, preset=preset, dropout=0.0)
    most = min(encoder.backbone.hidden_dim, len(words))
    if dimension > most:
        raise NerError(
            f"--dimension {dimension}: the encoder has {encoder.backbone.hidden_dim} dimensions, and the texts have "
            f"{len(words):,} words. Choose {most} or fewer, or give more texts."
        )
    return _principal(_states(encoder, _pieces(words, vocabulary)), dimension)


def _pieces(words: Sequence[str], vocabulary: WordPieceVocabulary) -> np.ndarray:
    """Returns int32 [words, pieces]: ids, each plus 1; 0 after the last piece of a word."""
    ids = tf.range(len(vocabulary.pieces), dtype=tf.int64)
    content = tf.lookup.KeyValueTensorInitializer(tf.constant(vocabulary.pieces), ids)
    table = tf.lookup.StaticHashTable(content, -1)
    parts = [tf.constant(words[start : start + _PIECES_BATCH]) for start in range(0, len(words), _PIECES_BATCH)]
    tokens = [tf.RaggedTensor.from_tensor(part[:, None]) for part in parts]
    pieces = [piece_ids(each, vocabulary, _MOST_PIECES, table).flat_values.numpy() for each in tokens]
    return np.concatenate(pieces).astype(np.int32)


def _states(encoder: EncoderTagger, pieces: np.ndarray) -> np.ndarray:
    """Returns the mean of the states of each word's row: float32 [words, hidden]."""

    @tf.function(reduce_retracing=True)
    def mean(batch: tf.Tensor) -> tf.Tensor:
        states, real, _ = encoder.encode(batch)
        weights = tf.cast(real, states.dtype)[:, :, None]
        return tf.reduce_sum(states * weights, 1) / tf.reduce_sum(weights, 1)

    # Words of as many pieces share a batch, which then has no padding.
    order = np.argsort((pieces > 0).sum(1), kind="stable")
    states = np.empty((len(pieces), encoder.backbone.hidden_dim), np.float32)
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        states[rows] = mean(pieces[rows][:, None]).numpy()
        report_progress("encoding words", start + len(rows), len(order))
    return states


def _principal(states: np.ndarray, dimension: int) -> np.ndarray:
    centred = states - states.mean(0)
    variances, axes = np.linalg.eigh(centred.T @ centred / len(centred))  # ascending
    largest = slice(None, -dimension - 1, -1)
    vectors = centred @ axes[:, largest] / np.maximum(variances[largest], 1e-12) ** 0.25
    return (vectors / max(vectors.std(), 1e-12)).astype(np.float32)
