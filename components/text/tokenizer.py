"""Tokenizing in the graph: the same operations split sentences in training, in evaluation and in serving.

Only operations that a stock TensorFlow Serving registers are used (no TF Text). The work is done on the code points of
the whole batch at once, so its cost grows with the text and not with the number of sentences.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from components.text.char_classes import EXTEND, PAGE_BITS, PUNCT, SPACE, WORD, class_table

WHITESPACE, WORDS = "whitespace", "words"
TOKENIZERS = (WHITESPACE, WORDS)


class Tokens(NamedTuple):
    """The tokens of a batch of sentences.

    Attributes:
        tokens: ragged string [batch, tokens], bytes cut unchanged from the sentence.
        starts: ragged int32 [batch, tokens], code point where the token starts in the raw sentence.
        ends: ragged int32 [batch, tokens], code point after the token's last one.
    """

    tokens: tf.RaggedTensor
    starts: tf.RaggedTensor
    ends: tf.RaggedTensor


def tokenize(sentences: tf.Tensor, tokenizer: str = WORDS) -> Tokens:
    """Splits raw sentences into tokens with their offsets.

    Args:
        sentences: string [batch], UTF-8. A byte that is not UTF-8 counts as one U+FFFD and stays in its token.
        tokenizer: `whitespace` (runs without Unicode White_Space) or `words` (punctuation and symbols split off, too).

    Raises:
        ValueError: the tokenizer has no such name.
    """
    if tokenizer not in TOKENIZERS:
        raise ValueError(f"tokenizer must be one of {', '.join(TOKENIZERS)}, got {tokenizer!r}")
    code_points, byte_starts = tf.strings.unicode_decode_with_offsets(sentences, "UTF-8")
    chars = code_points.flat_values  # [chars]
    rows = code_points.value_rowids()  # [chars], the sentence of each character
    kinds = _classes(chars)
    first_in_row = _differs_from_previous(rows)
    if tokenizer == WORDS:
        in_token, is_start = _word_boundaries(kinds, rows, first_in_row)
    else:
        in_token = kinds != SPACE
        is_start = in_token & (first_in_row | ~_previous(in_token))
    is_end = in_token & _next_is_boundary(is_start, in_token)
    return _cut(sentences, code_points, byte_starts.flat_values, tf.where(is_start)[:, 0], tf.where(is_end)[:, 0])


def _classes(chars: tf.Tensor) -> tf.Tensor:
    pages, classes = class_table()
    page = tf.gather(tf.constant(pages), tf.bitwise.right_shift(chars, PAGE_BITS))
    return tf.gather(tf.constant(classes), page * (1 << PAGE_BITS) + tf.bitwise.bitwise_and(chars, 255))


def _previous(flags: tf.Tensor) -> tf.Tensor:
    """Shifts a vector by one; the first element repeats itself (callers know that it starts a row)."""
    return tf.concat([flags[:1], flags[:-1]], 0)


def _differs_from_previous(rows: tf.Tensor) -> tf.Tensor:
    return tf.concat([tf.ones_like(rows[:1], tf.bool), rows[1:] != rows[:-1]], 0)


def _next_is_boundary(is_start: tf.Tensor, in_token: tf.Tensor) -> tf.Tensor:
    """A token ends before a blank, before the start of the next token, and at the end of the batch."""
    boundary = is_start | ~in_token
    return tf.concat([boundary[1:], tf.ones_like(boundary[:1])], 0)


def _word_boundaries(kinds: tf.Tensor, rows: tf.Tensor, first_in_row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns (is part of a token, starts a token), bool [chars] each; `words.word_offsets` is the specification."""
    extends = kinds == EXTEND
    # Last character of no EXTEND class at or before each one: its class decides where EXTEND characters belong.
    count = tf.cumsum(tf.cast(~extends, tf.int64))
    base = tf.gather(tf.concat([tf.zeros([1], tf.int64), tf.where(~extends)[:, 0]], 0), count)
    base_kind = tf.gather(kinds, base)
    has_base = (count > 0) & (tf.gather(rows, base) == rows) & (base_kind != SPACE)
    effective = tf.where(extends, tf.where(has_base, base_kind, WORD), kinds)
    in_token = effective != SPACE
    before = _previous(effective)
    splits = ~extends & ((effective == PUNCT) | (before == PUNCT))
    return in_token, in_token & (first_in_row | (before == SPACE) | splits)


def _cut(
    sentences: tf.Tensor, chars: tf.RaggedTensor, byte_starts: tf.Tensor, first: tf.Tensor, last: tf.Tensor
) -> Tokens:
    """Cuts tokens out of the sentences; `first` and `last` index the flat characters, int64 [tokens]."""
    rows = tf.gather(chars.value_rowids(), first)
    owners = tf.gather(sentences, rows)
    row_begins = tf.gather(chars.row_splits, rows)
    byte_start = tf.gather(byte_starts, first)
    # A character ends where the next one of its sentence starts, the last one where the sentence ends.
    following = tf.minimum(last + 1, tf.size(byte_starts, tf.int64) - 1)
    ends_row = last + 1 == tf.gather(chars.row_splits, rows + 1)
    byte_end = tf.where(
        ends_row, tf.strings.length(owners, "BYTE"), tf.cast(tf.gather(byte_starts, following), tf.int32)
    )
    byte_start = tf.cast(byte_start, tf.int32)

    def ragged(values: tf.Tensor) -> tf.RaggedTensor:
        return tf.RaggedTensor.from_value_rowids(values, rows, nrows=chars.nrows(), validate=False)

    return Tokens(
        tokens=ragged(tf.strings.substr(owners, byte_start, byte_end - byte_start, "BYTE")),
        starts=ragged(tf.cast(first - row_begins, tf.int32)),
        ends=ragged(tf.cast(last + 1 - row_begins, tf.int32)),
    )
