"""Word boundaries in the graph, rule by rule as in `words.word_offsets`.

A character is firm (space, punctuation, part of a word) or a connector. The role of a connector depends on the nearest
firm characters on both sides, across any number of connectors, so these are looked up first.
"""

from __future__ import annotations

import tensorflow as tf

from components.text.char_traits import (
    CONNECTS,
    DIGIT,
    FOLDED_SHIFT,
    KIND,
    LETTER,
    LOWER,
    SEPARATE,
    SPACE_BIT,
    SPLITS,
    UPPER,
    traits,
)


def word_begins(chars: tf.Tensor, separating: bool = False) -> tf.Tensor:
    r"""Returns which characters begin a token or are spaces.

    Args:
        chars: int32 [characters], traits of the characters that do not extend another one; the last one is a space.
        separating: whether SEPARATE characters occur; each begins a token.

    Returns:
        Bool [characters].

    Example:
        >>> text = [traits(char) for char in "it's (OK)\n"]
        >>> "".join("^" if begins else "." for begins in word_begins(tf.constant(text)).numpy())
        '^.^.^^^.^^'
    """
    back, back2, ahead, ahead2 = (tf.roll(chars, shift, 0) for shift in (1, 2, -1, -2))
    connects = _has(chars, CONNECTS) & (~_is(chars, ",") | (_kind(back, DIGIT) & _kind(ahead, DIGIT)))
    word = ~_has(chars, SPLITS | CONNECTS)
    behind, before = _firm_neighbours(connects, word)
    begins = _has(chars, SPACE_BIT) | (tf.not_equal(chars, back) & ~(behind & before))
    if separating:
        begins |= _kind(chars, SEPARATE)
    begins &= ~(connects & tf.roll(connects, 1, 0) & ~(behind | before))  # connectors without a word
    begins &= ~(word & (_is(back, "@") | _is(back, "#")))
    letter = _kind(back, LETTER) | _kind(back, LOWER) | _kind(back, UPPER)
    lone = letter & (tf.roll(~(connects | word), 2, 0) | _is(back2, "."))
    begins &= ~(_is(chars, ".") & lone & ~_is(ahead, "."))
    apostrophe = _is(chars, "'") | _is(chars, "’")
    genitive = apostrophe & ~tf.roll(connects, 1, 0) & _folds_to(ahead, "s") & _has(ahead2, SPLITS | CONNECTS)
    elision = apostrophe & _kind(back, LOWER) & _kind(ahead, UPPER) & ~genitive
    return (begins & ~tf.roll(genitive, 1, 0)) | genitive | elision | tf.roll(elision, 1, 0)


def _firm_neighbours(connects: tf.Tensor, word: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns whether the nearest firm character before, and the nearest from this one on, belong to a word."""
    firm = ~connects
    passed = tf.cumsum(tf.cast(firm, tf.int32), exclusive=True)
    of_word = tf.pad(tf.boolean_mask(word, firm), [[1, 0]])
    return tf.gather(of_word, passed), tf.gather(of_word, passed + 1)


def _has(chars: tf.Tensor, bits: int) -> tf.Tensor:
    return tf.not_equal(tf.bitwise.bitwise_and(chars, bits), 0)


def _kind(chars: tf.Tensor, kind: int) -> tf.Tensor:
    return tf.equal(tf.bitwise.bitwise_and(chars, KIND), kind)


def _is(chars: tf.Tensor, char: str) -> tf.Tensor:
    return tf.equal(chars, traits(char))


def _folds_to(chars: tf.Tensor, char: str) -> tf.Tensor:
    return tf.equal(tf.bitwise.right_shift(chars, FOLDED_SHIFT), ord(char))
