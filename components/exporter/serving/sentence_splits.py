"""Sentences of long texts, in the graph: the rules of `components.text.sentences`."""

from __future__ import annotations

import re

import tensorflow as tf

from components.text.char_traits import WHITE_SPACE
from components.text.sentences import (
    ABBREVIATIONS,
    CLOSING,
    ENDS,
    LINE_ENDS,
    LONG,
    NUMBERED,
    OPENING,
    UNSPACED_ENDS,
)
from components.text.token_positions import row_ids
from components.text.tokenizer import tokenize
from components.text.words import WHITESPACE


def _class(characters: str) -> str:
    """Returns a class of RE2."""
    return f"[{re.escape(characters)}]"


_OPEN, _CLOSE, _END = _class(OPENING), _class(CLOSING), _class(ENDS + UNSPACED_ENDS)
_ENDING = rf"(?s).*{_END}{_CLOSE}*"
_SMALL = rf"(?s){_OPEN}*\p{{Ll}}.*"
_NO_BEGIN = rf"(?s){_class(ENDS + ''.join(set(CLOSING) - set(OPENING)))}.*"
_LETTERS = r"\p{L}|\p{L}{1,2}(?:\.\p{L}{1,2})+|[0-9]{1,2}"
_DOTTED = rf"(?i){_OPEN}*(?:{'|'.join(ABBREVIATIONS)}|{_LETTERS})\.{_CLOSE}*"
_NUMBERED = rf"(?i){_OPEN}*(?:{'|'.join(NUMBERED)})\.{_CLOSE}*"
_NUMBER = rf"(?s){_OPEN}*[0-9].*"


def sentence_splits(texts: tf.Tensor, starts: tf.RaggedTensor) -> tf.Tensor:
    """Returns the row splits of sentences: texts of more than `LONG` tokens are divided, the others are one.

    Args:
        texts: string [batch].
        starts: int64 ragged [batch, tokens], offset of the first code point of each token.

    Returns:
        int64 [sentences + 1].

    Example:
        >>> starts = tf.RaggedTensor.from_row_lengths(tf.range(0, 404, 2, tf.int64), [202])
        >>> sentence_splits(tf.constant(["a " * 100 + "B. " + "a " * 101]), starts).numpy().tolist()
        [0, 202]
    """

    # A separate function: ops inside a branch of tf.cond cost time in every request, even if the branch is not taken.
    @tf.function(autograph=False, experimental_attributes={"_noinline": True})
    def divided(texts: tf.Tensor, values: tf.Tensor, splits: tf.Tensor) -> tf.Tensor:
        return _divided(texts, tf.RaggedTensor.from_row_splits(values, splits, validate=False))

    splits = starts.row_splits
    longest = tf.reduce_max(tf.concat([[0], starts.row_lengths()], 0))
    return tf.cond(longest > LONG, lambda: divided(texts, starts.flat_values, splits), lambda: splits)


def _divided(texts: tf.Tensor, starts: tf.RaggedTensor) -> tf.Tensor:
    points = tf.strings.unicode_decode(tf.strings.join([texts, "\n"]), "UTF-8")
    bounds = tf.concat([_after_spaces(texts, points.flat_values), _after_ends(points.flat_values)], 0)
    row = tf.searchsorted(points.row_splits, bounds, side="right", out_type=tf.int64) - 1
    bounds = tf.boolean_mask(bounds, tf.gather(starts.row_lengths(), row) > LONG)
    tokens = starts.flat_values + tf.gather(points.row_starts(), row_ids(starts.row_splits))  # [tokens], in the batch
    begins = tf.searchsorted(tokens, bounds, out_type=tf.int64)
    begins = tf.concat([starts.row_splits, begins], 0)
    size = tf.size(tokens, tf.int64) + 1
    flags = tf.math.unsorted_segment_max(tf.ones_like(begins), begins, size)  # negative where nothing begins
    return tf.squeeze(tf.where(flags > 0), 1)


def _after_spaces(texts: tf.Tensor, points: tf.Tensor) -> tf.Tensor:
    """Returns the indices of the characters that begin a sentence after white space: int64 [begins]."""
    runs = tokenize(texts, WHITESPACE)
    words, begins = runs.tokens.flat_values, runs.characters.begins
    before, after = words[:-1], words[1:]
    carriage_return = tf.equal(points, ord("\r")) & tf.equal(tf.roll(points, -1, 0), ord("\n"))
    ends_line = _is_any(points, LINE_ENDS) & ~carriage_return
    passed = tf.cumsum(tf.cast(ends_line, tf.int64), exclusive=True)
    lines = tf.gather(passed, begins[1:]) - tf.gather(passed, runs.characters.ends[:-1])  # [runs - 1]
    dotted = tf.strings.regex_full_match(before, _DOTTED)
    dotted |= tf.strings.regex_full_match(before, _NUMBERED) & tf.strings.regex_full_match(after, _NUMBER)
    ends = tf.strings.regex_full_match(before, _ENDING) & ~tf.strings.regex_full_match(after, _NO_BEGIN) & ~dotted
    ends = tf.where(tf.strings.regex_full_match(after, _SMALL), lines > 1, (lines > 0) | ends)
    return tf.boolean_mask(begins[1:], ends)


def _after_ends(points: tf.Tensor) -> tf.Tensor:
    """Returns the indices of the characters that begin a sentence after an end without white space: int64 [begins]."""
    following = tf.roll(points, -1, 0)
    stays = _is_any(following, ENDS + UNSPACED_ENDS + CLOSING) | _is_space(following)
    return tf.squeeze(tf.where(_is_any(points, UNSPACED_ENDS) & ~stays), 1) + 1


def _is_any(points: tf.Tensor, characters: str) -> tf.Tensor:
    return tf.reduce_any(tf.equal(points[:, None], [ord(character) for character in characters]), 1)


def _is_space(points: tf.Tensor) -> tf.Tensor:
    return _is_any(points, "".join(chr(code) for code in range(0x3001) if re.match(f"[{WHITE_SPACE}]", chr(code))))
