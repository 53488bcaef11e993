"""Case of a token, which folding removes."""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf

from components.text import char_traits
from components.text.char_traits import FOLDED_SHIFT, KIND, LOWER, MARK, NUMBER, UPPER
from components.text.tokenizer import Tokens

# Maximum counts of the characters of each sort in a token: 2 capitals, 1 of the others.
_SORTS = 4
_LETTER, _NUMBER, _UPPER, _LOWER = range(_SORTS)
_MOST = np.array([1, 1, 2, 1], np.int32)
# Mixed-radix weights of the counts and of a capital first letter in an index.
_WEIGHTS = np.array([1, 2, 4, 12], np.int32)
_STARTS_UPPER = 24
_LETTERS = (UPPER, LOWER, char_traits.LETTER, char_traits.SEPARATE)


def case_ids(tokens: Tokens) -> tf.RaggedTensor:
    """Classifies tokens by case.

    Args:
        tokens: tokens of a batch of sentences.

    Returns:
        int64 ragged [batch, tokens]: 1 neither letters nor numbers, 2 numbers without letters, 3 no capital (also
        scripts without case), 4 only the first letter is a capital, 5 no lower case letter, 6 other; 0 is reserved for
        padding. Letters, numbers and capitals are the Unicode categories L, N, and Lu and Lt.

    Example:
        >>> from components.text.tokenizer import tokenize
        >>> case_ids(tokenize(tf.constant(["( 24 km Paris NATO eBay"]))).to_list()
        [[1, 2, 3, 4, 5, 6]]
    """
    traits, begins, ends = tokens.characters[:3]
    bits = tf.bitwise.bitwise_and(traits, (1 << FOLDED_SHIFT) - 1)
    before = tf.cumsum(tf.gather(tf.constant(_sorts()), bits), exclusive=True)  # [characters, sorts]
    before_token = tf.gather(before, begins)  # [tokens, sorts]
    counts = tf.minimum(tf.gather(before, ends) - before_token, _MOST)
    # The first letter of a token is the first one that is not before the token.
    letters = tf.squeeze(tf.where(tf.gather(tf.constant(_is_letter()), bits)), 1)
    first = tf.gather(tf.pad(tf.gather(bits, letters), [[0, 1]]), before_token[:, _LETTER])
    case = tf.reduce_sum(counts * _WEIGHTS, 1) + tf.gather(tf.constant(_starts_upper()), first)
    return tokens.tokens.with_flat_values(tf.gather(tf.constant(_cases()), case))


@functools.cache
def _all_bits() -> np.ndarray:
    return np.arange(1 << FOLDED_SHIFT)


def _is_letter() -> np.ndarray:
    """Returns bool [bits], true for letters."""
    return np.isin(_all_bits() & KIND, _LETTERS)


def _starts_upper() -> np.ndarray:
    """Returns the weight of the first letter in the index: int32 [bits]."""
    return np.where((_all_bits() & KIND) == UPPER, _STARTS_UPPER, 0).astype(np.int32)


def _sorts() -> np.ndarray:
    """Returns the sorts of a character: int32 [bits, sorts], 0 or 1."""
    kinds, sorts = _all_bits() & KIND, np.zeros([1 << FOLDED_SHIFT, _SORTS], np.int32)
    sorts[:, _LETTER] = _is_letter()
    sorts[:, _NUMBER] = ((_all_bits() & NUMBER) > 0) & (kinds != MARK)
    sorts[:, _UPPER] = kinds == UPPER
    sorts[:, _LOWER] = kinds == LOWER
    return sorts


def _cases() -> np.ndarray:
    """Returns the case of each index, int64."""

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
