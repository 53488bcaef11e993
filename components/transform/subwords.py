"""What a token is made of, as hashed ids: evidence about words that training never saw.

Affixes and shape are what CRF taggers have always read (Ratnaparkhi 1996; Curran and Clark 2003); hashing them into one
table needs no vocabulary (Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask Learning"). The work is
done on the code points of all tokens at once and with whole numbers only: a dozen operations for all columns, however
many tokens there are, where cutting strings takes two operations a column and several times as long.
"""

from __future__ import annotations

import functools
import sys
import unicodedata

import numpy as np
import tensorflow as tf

from components.transform.features import SUBWORD_BUCKETS

# Affixes of 1 to 4 characters at each end.
_LONGEST = 4
# Odd, so that none loses bits; any will do, but each model's table depends on them.
_FACTORS = np.array(
    [0x2545F4914F6CDD1D, 0x1B03738712FAD5C9, 0x27D4EB2F165667C5, 0x369DEA0F31A53F85, 0x1C69B3F74AC4AE35], np.int64
)
_MIX = 0x2127599BF4325C37

_OTHER, _UPPER, _LOWER, _LETTER, _DIGIT, _MARK = range(1, 7)
_KINDS = {"Lu": _UPPER, "Lt": _UPPER, "Ll": _LOWER, "Lm": _LETTER, "Lo": _LETTER, "Nd": _DIGIT}
_PAGE_BITS = 8
_LONGEST_LENGTH = 12  # longer tokens count as this long


def subword_ids(tokens: tf.RaggedTensor, normalized: tf.RaggedTensor, glued: tf.Tensor) -> tf.RaggedTensor:
    """Hashes each token's affixes and shape.

    Args:
        tokens: string ragged [batch, tokens], as they stand in the sentence.
        normalized: the same, case and digits folded.
        glued: int64 [all tokens]: 0 to 3, whether the token touches the one before (1), the one after (2).

    Returns:
        int64 ragged [batch, tokens, SUBWORD_COLUMNS], each from 1 to SUBWORD_BUCKETS - 1: prefixes of 1 to 4
        characters, suffixes of 1 to 4, shape (kinds of the first and last characters, length), kind of the first
        character beside the blanks around the token.
        The hash of a column depends on the column, so that all share a table.
    """
    affixes = _ends(normalized.flat_values)[0]  # [tokens, 2, 4]
    raw, lengths = _ends(tokens.flat_values)
    kinds = _kinds(raw)  # [tokens, 2, 4]
    factors = tf.constant(_FACTORS[:_LONGEST])
    hashed = tf.cumsum((affixes + 1) * factors, axis=-1)  # [tokens, 2, 4]: of 1, 2, 3, 4 characters
    weights = tf.constant(8 ** np.arange(2 * _LONGEST, dtype=np.int64).reshape(2, _LONGEST))
    shape = tf.reduce_sum(kinds * weights, axis=[1, 2]) * 16 + tf.minimum(lengths, _LONGEST_LENGTH)  # [tokens]
    touch = tf.reduce_sum(kinds[:, 0, :1], axis=1) * 4 + glued
    columns = tf.concat([tf.reshape(hashed, [-1, 2 * _LONGEST]), tf.stack([shape, touch], axis=1)], axis=1)
    return tokens.with_flat_values(_buckets(columns))


def _ends(words: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns each word's first and last code points, int64 [words, 2, 4], and its length, int64 [words].

    The last ones come in reverse; 0 stands past the word's end.
    """
    points = tf.strings.unicode_decode(words, "UTF-8")
    begins, ends = points.row_splits[:-1], points.row_splits[1:]
    offsets = tf.range(_LONGEST, dtype=tf.int64)
    index = tf.stack([begins[:, None] + offsets, ends[:, None] - 1 - offsets], axis=1)  # [words, 2, 4]
    inside = (index >= begins[:, None, None]) & (index < ends[:, None, None])
    padded = tf.concat([[0], points.flat_values], 0)  # a word of no characters, or no word at all, still finds one
    return tf.cast(tf.gather(padded, tf.where(inside, index + 1, 0)), tf.int64), ends - begins


def _kinds(points: tf.Tensor) -> tf.Tensor:
    pages, kinds = _kind_table()
    page = tf.gather(tf.constant(pages), tf.bitwise.right_shift(points, tf.constant(_PAGE_BITS, tf.int64)))
    return tf.gather(tf.constant(kinds), page * (1 << _PAGE_BITS) + tf.bitwise.bitwise_and(points, 255))


def _buckets(values: tf.Tensor) -> tf.Tensor:
    """Spreads the values of each column over the buckets."""
    columns = np.arange(1, values.shape[1] + 1, dtype=np.int64) * 0x632BE59BD9B4E019 % (1 << 62)
    mixed = (values + tf.constant(columns)) * tf.constant(_MIX, tf.int64)
    high = tf.bitwise.bitwise_and(tf.bitwise.right_shift(mixed, tf.constant(29, tf.int64)), (1 << 31) - 1)
    return high % (SUBWORD_BUCKETS - 1) + 1


@functools.cache
def _kind_table() -> tuple[np.ndarray, np.ndarray]:
    """Kinds of all code points in two stages, as in `components.text.char_classes`; code point 0 is padding: kind 0."""

    def kind(char: str) -> int:
        category = unicodedata.category(char)
        return _KINDS.get(category, _MARK if category[0] in "PS" else _OTHER)

    every = np.fromiter((kind(chr(c)) for c in range(sys.maxunicode + 1)), np.int64, sys.maxunicode + 1)
    every[0] = 0
    distinct, pages = np.unique(every.reshape(-1, 1 << _PAGE_BITS), axis=0, return_inverse=True)
    return pages.reshape(-1).astype(np.int64), distinct.reshape(-1)
