"""Tokenizer in the graph: the same ops split sentences in training, in evaluation and in serving.

It uses only ops that a stock TensorFlow Serving registers (no TF Text), on the code points of the whole batch at once:
the cost grows with the text, not with the number of sentences. For a single sentence the number of ops is the cost, so
there are few.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from components.text.char_traits import EXTENDS, FOLDED_SHIFT, INEXACT, PAGE_BITS, SPACE_BIT, VISIBLE, trait_table
from components.text.folding import REPLACEMENTS
from components.text.word_begins import word_begins

WHITESPACE, WORDS = "whitespace", "words"
TOKENIZERS = (WHITESPACE, WORDS)


class Characters(NamedTuple):
    """Characters of a batch of sentences, each followed by a newline, and the positions of the tokens in them.

    Attributes:
        traits: int32 [characters], see `char_traits`.
        begins: int64 [tokens], index of the first character of each token.
        ends: int64 [tokens], index after its last character; there always is one.
        pieces: int64 [pieces], index of the first character of every token and of every space.
        numbers: int64 [tokens], index of each token in `pieces`.

    Example:
        >>> characters = tokenize(tf.constant(["May 24"])).characters
        >>> characters.folded().numpy().tolist()
        [b'may', b'00']
    """

    traits: tf.Tensor
    begins: tf.Tensor
    ends: tf.Tensor
    pieces: tf.Tensor
    numbers: tf.Tensor

    def folded(self) -> tf.Tensor:
        """Returns the tokens with case and digits folded (`folding.fold`): string [tokens]."""
        folded = self.encoded(tf.bitwise.right_shift(self.traits, FOLDED_SHIFT))
        for old, new in REPLACEMENTS:
            folded = tf.strings.regex_replace(folded, old, new)
        return folded

    def encoded(self, code_points: tf.Tensor) -> tf.Tensor:
        """Encodes the tokens from replaced code points, int32 [characters]: string [tokens]."""
        # The last piece is the last newline. An empty piece comes first, because there may be no sentence.
        rows = tf.RaggedTensor.from_row_splits(code_points[:-1], tf.pad(self.pieces, [[1, 0]]), validate=False)
        return tf.gather(tf.strings.unicode_encode(rows, "UTF-8"), self.numbers + 1)


class Tokens(NamedTuple):
    """Tokens of a batch of sentences.

    Attributes:
        tokens: ragged string [batch, tokens], unchanged bytes of the sentence.
        starts: ragged int64 [batch, tokens], offset of the first code point in the raw sentence.
        ends: ragged int64 [batch, tokens], offset after the last code point.
        characters: characters of all sentences.

    Example:
        >>> tokens = tokenize(tf.constant(["Hi, Paul", ""]))
        >>> tokens.tokens.to_list(), tokens.starts.to_list()
        ([[b'Hi', b',', b'Paul'], []], [[0, 2, 4], []])
    """

    tokens: tf.RaggedTensor
    starts: tf.RaggedTensor
    ends: tf.RaggedTensor
    characters: Characters


def tokenize(sentences: tf.Tensor, tokenizer: str = WORDS) -> Tokens:
    """Splits raw sentences into tokens with their offsets.

    Args:
        sentences: string [batch], UTF-8. A byte that is not UTF-8 counts as one U+FFFD and stays in its token.
        tokenizer: `whitespace` (runs without Unicode White_Space) or `words` (splits punctuation, too).

    Raises:
        ValueError: the name is unknown.

    Example:
        >>> tokenize(tf.constant(["Hi, Paul"]), "whitespace").tokens.to_list()
        [[b'Hi,', b'Paul']]
    """
    if tokenizer not in TOKENIZERS:
        raise ValueError(f"tokenizer must be one of {', '.join(TOKENIZERS)}, got {tokenizer!r}")
    # A trailing newline isolates sentences; `tf.roll` wraps the first character to the last newline.
    text = tf.strings.join([sentences, "\n"])
    code_points, byte_starts = tf.strings.unicode_decode_with_offsets(text, "UTF-8")
    characters = _characters(code_points.flat_values, tokenizer)
    rows = tf.expand_dims(code_points.row_splits, 0)  # [1, batch + 1]
    begins = tf.expand_dims(characters.begins, 0)  # [1, tokens]
    splits = tf.squeeze(tf.raw_ops.LowerBound(sorted_inputs=begins, values=rows, out_type=tf.int64), 0)
    row = tf.squeeze(tf.raw_ops.UpperBound(sorted_inputs=rows, values=begins, out_type=tf.int64), 0) - 1  # [tokens]
    row_begins = tf.gather(code_points.row_splits, row)
    tokens = _restored(characters.encoded(code_points.flat_values), characters, text, row, byte_starts.flat_values)
    ragged = tf.RaggedTensor.from_row_splits(tokens, splits, validate=False)
    return Tokens(
        tokens=ragged,
        starts=ragged.with_flat_values(characters.begins - row_begins),
        ends=ragged.with_flat_values(characters.ends - row_begins),
        characters=characters,
    )


def _characters(code_points: tf.Tensor, tokenizer: str) -> Characters:
    traits = _traits(code_points)
    pieces = _word_pieces(traits) if tokenizer == WORDS else _runs(traits)
    numbers = _indices(_bits(tf.gather(traits, pieces), VISIBLE))
    return Characters(traits, tf.gather(pieces, numbers), tf.gather(pieces, numbers + 1), pieces, numbers)


def _traits(code_points: tf.Tensor) -> tf.Tensor:
    offsets, values = trait_table()
    page = tf.gather(tf.constant(offsets), tf.bitwise.right_shift(code_points, PAGE_BITS))
    return tf.bitwise.left_shift(code_points, FOLDED_SHIFT) + tf.gather(tf.constant(values), page + code_points)


def _runs(traits: tf.Tensor) -> tf.Tensor:
    """Returns the begins of runs without spaces, and the spaces: int64 [pieces]."""
    return _indices(_bits(tf.bitwise.bitwise_or(traits, tf.roll(traits, 1, 0)), SPACE_BIT))


def _word_pieces(traits: tf.Tensor) -> tf.Tensor:
    """Returns the begins of words and punctuation, and the spaces: int64 [pieces] (as `words.word_offsets`)."""
    # A character that extends the one before it is dropped, because the two stay together; after a space it begins a
    # word. (The comparison is true after a space, and for characters that extend nothing.)
    kept = _indices(_bits(tf.roll(traits, 1, 0), SPACE_BIT) >= _bits(traits, EXTENDS))
    return tf.gather(kept, _indices(word_begins(tf.gather(traits, kept))))


def _bits(traits: tf.Tensor, mask: int) -> tf.Tensor:
    return tf.bitwise.bitwise_and(traits, mask)


def _indices(flags: tf.Tensor) -> tf.Tensor:
    """Returns the indices at which a vector is true or not 0: int64 [n]."""
    return tf.squeeze(tf.where(flags), 1)


def _restored(
    tokens: tf.Tensor, characters: Characters, text: tf.Tensor, row: tf.Tensor, byte_starts: tf.Tensor
) -> tf.Tensor:
    """Replaces tokens with inexact characters, such as invalid UTF-8, by their bytes in the sentence.

    Only these tokens: `tf.strings.substr` needs a copy of the whole sentence for each, gigabytes for a long text.

    Args:
        tokens: string [tokens], encoded from code points.
        characters: characters of the sentences.
        text: string [batch], the sentences.
        row: int64 [tokens], sentence of each token.
        byte_starts: int64 [characters], byte offset of each character in its sentence.
    """
    odd = tf.expand_dims(_indices(_bits(characters.traits, INEXACT)), 0)  # [1, odd characters]
    which = tf.raw_ops.UpperBound(sorted_inputs=tf.expand_dims(characters.begins, 0), values=odd, out_type=tf.int64)
    which = tf.squeeze(which, 0) - 1  # [odd characters], their tokens
    begin = tf.gather(byte_starts, tf.gather(characters.begins, which))
    end = tf.gather(byte_starts, tf.gather(characters.ends, which))
    cut = tf.strings.substr(tf.gather(text, tf.gather(row, which)), begin, end - begin)
    return tf.tensor_scatter_nd_update(tokens, tf.expand_dims(which, 1), cut)
