"""Hashed affixes and shapes of tokens, which generalize to unseen words.

These are classic features of taggers (Ratnaparkhi 1996; Curran and Clark 2003). Hashing them into one table needs no
vocabulary (Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask Learning"). Integer arithmetic on the
code points of all tokens takes a few dozen ops in total and is several times faster than substrings.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from components.text.char_traits import FOLDED_SHIFT, KIND
from components.text.tokenizer import Characters, Tokens
from components.transform.features import SUBWORD_BUCKETS

# Affixes of 1 to 4 characters at each end.
_LONGEST = 4
# Odd, so products lose no bits. Trained tables depend on these numbers.
_FACTORS = np.array([0x2545F4914F6CDD1D, 0x1B03738712FAD5C9, 0x27D4EB2F165667C5, 0x369DEA0F31A53F85], np.int64)
_COLUMN = 0x632BE59BD9B4E019
_MIX = 0x2127599BF4325C37
_LONGEST_LENGTH = 12  # upper bound of the length in a shape


def subword_ids(tokens: Tokens) -> tf.RaggedTensor:
    """Hashes the affixes and the shape of each token.

    Args:
        tokens: tokens of a batch of sentences.

    Returns:
        int64 ragged [batch, tokens, SUBWORD_COLUMNS], from 1 to SUBWORD_BUCKETS - 1: prefixes of 1 to 4 characters and
        suffixes of 1 to 4, case and digits folded; shape (kinds of the first and last characters, length); kind of the
        first character. Hashes include the column, because all share one table. Spaces between tokens do not matter:
        examples have them everywhere, raw text has not.

    Example:
        >>> from components.text.tokenizer import tokenize
        >>> subword_ids(tokenize(tf.constant(["Paris"]))).to_list()[0][0][:4]  # P, Pa, Par, Pari
        [2726, 3722, 5359, 28836]
    """
    characters = tokens.characters
    lengths = characters.ends - characters.begins  # [tokens]
    outer = tf.cast(_outer(characters, lengths), tf.int64)  # [tokens, 2, 4]
    affixes = tf.bitwise.right_shift(outer, tf.constant(FOLDED_SHIFT, tf.int64)) + 1
    hashed = tf.cumsum(affixes * tf.constant(_FACTORS), axis=-1)  # [tokens, 2, 4]: of 1, 2, 3, 4 characters
    kinds = tf.bitwise.bitwise_and(outer, KIND)
    weights = tf.constant(16 * 8 ** np.arange(2 * _LONGEST, dtype=np.int64).reshape(2, _LONGEST))
    shape = tf.reduce_sum(kinds * weights, [1, 2]) + tf.minimum(lengths, _LONGEST_LENGTH)
    # 4: as in models of earlier versions, whose weights a warm start keeps.
    columns = tf.concat([tf.reshape(hashed, [-1, 2 * _LONGEST]), tf.stack([shape, kinds[:, 0, 0] * 4], 1)], 1)
    return tokens.tokens.with_flat_values(_buckets(columns))


def _outer(characters: Characters, lengths: tf.Tensor) -> tf.Tensor:
    """Returns the traits of each token's first and last characters, int32 [tokens, 2, 4].

    The last ones are in reverse order; values past the other end of the token are 0.
    """
    steps = np.arange(_LONGEST, dtype=np.int64)
    ends = tf.stack([characters.begins, characters.ends], 1)[:, :, None]  # [tokens, 2, 1]
    # Counted from 1, because `tf.roll` moves the last character, a newline, to the front.
    index = ends + tf.constant(np.stack([1 + steps, -steps]))
    inside = steps < lengths[:, None, None]  # [tokens, 1, 4]
    return tf.gather(tf.roll(characters.traits, 1, 0), tf.where(inside, index, tf.constant(0, tf.int64)))


def _buckets(values: tf.Tensor) -> tf.Tensor:
    """Hashes the values of each column into buckets."""
    columns = np.arange(1, values.shape[1] + 1, dtype=np.int64) * _COLUMN % (1 << 62)
    mixed = (values + tf.constant(columns)) * tf.constant(_MIX, tf.int64)
    high = tf.bitwise.bitwise_and(tf.bitwise.right_shift(mixed, tf.constant(29, tf.int64)), (1 << 31) - 1)
    return high % (SUBWORD_BUCKETS - 1) + 1
