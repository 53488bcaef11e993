"""The case of a token, which folding takes away."""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf

from components.text import char_traits
from components.text.char_traits import FOLDED_SHIFT, KIND, LOWER, NUMBER, UPPER
from components.text.tokenizer import Tokens

# Numbers of a token's characters of each sort, as far as they matter: 0, 1 or 2 capitals, 0 or 1 of the others.
_SORTS = 4
_LETTER, _NUMBER, _UPPER, _LOWER = range(_SORTS)
_MOST = np.array([1, 1, 2, 1], np.int32)
# Digits of an index: the counts, and whether the first letter is a capital.
_WEIGHTS = np.array([1, 2, 4, 12], np.int32)
_STARTS_UPPER = 24
_LETTERS = (UPPER, LOWER, char_traits.LETTER)


def case_ids(tokens: Tokens) -> tf.RaggedTensor:
    """Tells shapes of tokens apart.

    Args:
        tokens: of a batch of sentences.

    Returns:
        int64 ragged [batch, tokens]: 1 neither letter nor number, 2 numbers and no letter, 3 no capital (scripts
        without case, too), 4 only the first letter is a capital, 5 no small letter, 6 any other mixture; 0 is left to
        padding. Letters, numbers and capitals are Unicode's L, N, Lu and Lt.
    """
    traits, begins, ends = tokens.characters[:3]
    bits = tf.bitwise.bitwise_and(traits, (1 << FOLDED_SHIFT) - 1)
    before = tf.cumsum(tf.gather(tf.constant(_sorts()), bits), exclusive=True)  # [characters, sorts]
    before_token = tf.gather(before, begins)  # [tokens, sorts]
    counts = tf.minimum(tf.gather(before, ends) - before_token, _MOST)
    # A token's first letter is the first one that is not before the token.
    letters = tf.squeeze(tf.where(tf.gather(tf.constant(_is_letter()), bits)), 1)
    first = tf.gather(tf.pad(tf.gather(bits, letters), [[0, 1]]), before_token[:, _LETTER])
    case = tf.reduce_sum(counts * _WEIGHTS, 1) + tf.gather(tf.constant(_starts_upper()), first)
    return tokens.tokens.with_flat_values(tf.gather(tf.constant(_cases()), case))


@functools.cache
def _every_bits() -> np.ndarray:
    return np.arange(1 << FOLDED_SHIFT)


def _is_letter() -> np.ndarray:
    """Bool, by the bits of a character."""
    return np.isin(_every_bits() & KIND, _LETTERS)


def _starts_upper() -> np.ndarray:
    """What a first letter adds to the index, int32 by the bits of the letter."""
    return np.where((_every_bits() & KIND) == UPPER, _STARTS_UPPER, 0).astype(np.int32)


def _sorts() -> np.ndarray:
    """Which sorts a character is of: int32 [bits, sorts], 0 or 1."""
    kinds, sorts = _every_bits() & KIND, np.zeros([1 << FOLDED_SHIFT, _SORTS], np.int32)
    sorts[:, _LETTER] = _is_letter()
    sorts[:, _NUMBER] = (_every_bits() & NUMBER) > 0
    sorts[:, _UPPER] = kinds == UPPER
    sorts[:, _LOWER] = kinds == LOWER
    return sorts


def _cases() -> np.ndarray:
    """The case of each index, int64."""

    def case(letters: int, numbers: int, uppers: int, lowers: int, *, starts_upper: bool) -> int:
        if not letters:
            return 2 if numbers else 1
        if not uppers:
            return 3
        if uppers == 1 and starts_upper:
            return 4
        return 6 if lowers else 5

    counts = [(index // _WEIGHTS % (_MOST + 1)).tolist() for index in range(2 * _STARTS_UPPER)]
    return np.array([case(*each, starts_upper=index >= _STARTS_UPPER) for index, each in enumerate(counts)], np.int64)
