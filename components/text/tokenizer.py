"""Tokenizer in the graph: the same ops split sentences in training, in evaluation and in serving.

It uses only ops that a stock TensorFlow Serving registers (no TF Text), on the code points of the whole batch at once:
time and memory grow with the text, and with nothing else. In particular no token copies its sentence, as
`tf.strings.substr` would. For a single sentence the number of ops is the cost, so there are few.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from components.text.char_traits import (
    EXTENDS,
    FOLDED_SHIFT,
    INEXACT,
    KIND,
    NONCHARACTERS,
    NUMBER,
    PAGE_BITS,
    SEPARATE,
    SPACE_BIT,
    VISIBLE,
    trait_table,
)
from components.text.folding import REPLACEMENTS
from components.text.token_positions import row_ids
from components.text.word_begins import word_begins
from components.text.words import OFFSETS, SEPARATING, SYLLABLES, WHITESPACE, WORDS

_REPLACEMENT = 0xFFFD


class Characters(NamedTuple):
    """Characters of a batch of sentences, each followed by a newline, and the positions of the tokens in them.

    Attributes:
        traits: int32 [characters], see `char_traits`.
        begins: int64 [tokens], index of the first character of each token.
        ends: int64 [tokens], index after its last character; there always is one.

    Example:
        >>> characters = tokenize(tf.constant(["May 24"])).characters
        >>> characters.folded().numpy().tolist()
        [b'may', b'00']
    """

    traits: tf.Tensor
    begins: tf.Tensor
    ends: tf.Tensor

    def folded(self) -> tf.Tensor:
        """Returns the tokens with case and digits folded (`folding.fold`): string [tokens]."""
        folded = _encoded(tf.bitwise.right_shift(self.traits, FOLDED_SHIFT), self.begins, self.ends)
        for old, new in REPLACEMENTS:
            folded = tf.strings.regex_replace(folded, old, new)
        return folded


class Tokens(NamedTuple):
    """Tokens of a batch of sentences.

    Attributes:
        tokens: ragged string [batch, tokens], as written; always valid UTF-8.
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
        sentences: string [batch], UTF-8. Bytes that are not UTF-8 are read as U+FFFD, as `bytes.decode` does.
        tokenizer: `whitespace` (runs without Unicode White_Space), `words` (splits punctuation, too), `characters`
            (splits scripts without spaces into characters, too) or `syllables` (and Hangul).

    Raises:
        ValueError: the name is unknown.

    Example:
        >>> tokenize(tf.constant(["Hi, Paul"]), "whitespace").tokens.to_list()
        [[b'Hi,', b'Paul']]
    """
    if tokenizer not in OFFSETS:
        raise ValueError(f"tokenizer must be one of {', '.join(OFFSETS)}, got {tokenizer!r}")
    # A trailing newline isolates sentences; `tf.roll` wraps the first character to the last newline.
    text = tf.strings.join([sentences, "\n"])
    code_points = tf.strings.unicode_decode(text, "UTF-8")
    characters = _characters(code_points.flat_values, tokenizer)
    rows = tf.expand_dims(code_points.row_splits, 0)  # [1, batch + 1]
    begins = tf.expand_dims(characters.begins, 0)  # [1, tokens]
    splits = tf.squeeze(tf.raw_ops.LowerBound(sorted_inputs=begins, values=rows, out_type=tf.int64), 0)
    row = tf.squeeze(tf.raw_ops.UpperBound(sorted_inputs=rows, values=begins, out_type=tf.int64), 0) - 1  # [tokens]
    row_begins = tf.gather(code_points.row_splits, row)
    tokens = _parts(code_points.flat_values, characters.begins, characters.ends, characters.traits)
    ragged = tf.RaggedTensor.from_row_splits(tokens, splits, validate=False)
    return Tokens(
        tokens=ragged,
        starts=ragged.with_flat_values(characters.begins - row_begins),
        ends=ragged.with_flat_values(characters.ends - row_begins),
        characters=characters,
    )


def text_parts(code_points: tf.Tensor, begins: tf.Tensor, ends: tf.Tensor) -> tf.Tensor:
    """Cuts parts out of a text: string [parts].

    Args:
        code_points: int32 [characters].
        begins: int64 [parts], index of the first character of each part; ascending.
        ends: int64 [parts], index after its last character, at most the next begin.

    Example:
        >>> text = tf.strings.unicode_decode("to New Delhi", "UTF-8")
        >>> text_parts(text, tf.constant([3], tf.int64), tf.constant([12], tf.int64)).numpy().tolist()
        [b'New Delhi']
    """
    return _parts(code_points, begins, ends, _traits(code_points))


def _parts(code_points: tf.Tensor, begins: tf.Tensor, ends: tf.Tensor, traits: tf.Tensor) -> tf.Tensor:
    parts = _encoded(code_points, begins, ends)
    inexact = _indices(_bits(traits, INEXACT))

    # A separate function: ops inside a branch of tf.cond cost time in every request, even if the branch is not taken.
    @tf.function(autograph=False, experimental_attributes={"_noinline": True})
    def restored(
        parts: tf.Tensor, code_points: tf.Tensor, begins: tf.Tensor, ends: tf.Tensor, inexact: tf.Tensor
    ) -> tf.Tensor:
        return _with_noncharacters(parts, code_points, begins, ends, inexact)

    return tf.cond(tf.size(inexact) > 0, lambda: restored(parts, code_points, begins, ends, inexact), lambda: parts)


def _encoded(code_points: tf.Tensor, begins: tf.Tensor, ends: tf.Tensor) -> tf.Tensor:
    """Encodes parts of a text; noncharacters become U+FFFD: string [parts]."""
    bounds = tf.reshape(tf.stack([begins, ends], 1), [-1])  # the parts and the gaps after them
    size = tf.shape(code_points, tf.int64)
    pieces = tf.raw_ops.UnicodeEncode(
        input_values=code_points,
        input_splits=tf.concat([tf.zeros_like(size), bounds, size], 0),
        errors="replace",
        output_encoding="UTF-8",
        replacement_char=_REPLACEMENT,
    )
    return pieces[1::2]


def _with_noncharacters(
    parts: tf.Tensor, code_points: tf.Tensor, begins: tf.Tensor, ends: tf.Tensor, inexact: tf.Tensor
) -> tf.Tensor:
    """Encodes again, character by character, the parts with noncharacters, which `UnicodeEncode` replaces.

    Args:
        parts: string [parts].
        code_points: int32 [characters].
        begins: int64 [parts].
        ends: int64 [parts].
        inexact: int64 [noncharacters], their indices in the text; some may be outside all parts.
    """
    owners = tf.searchsorted(begins, inexact, side="right", out_type=tf.int64) - 1
    inside = (owners >= 0) & (inexact < tf.gather(tf.pad(ends, [[1, 0]]), owners + 1))
    owners = tf.unique(tf.boolean_mask(owners, inside)).y
    rows = tf.ragged.range(tf.gather(begins, owners), tf.gather(ends, owners))  # [parts to encode again, characters]
    points = tf.gather(code_points, rows.flat_values)
    at = tf.minimum(tf.searchsorted(tf.constant(NONCHARACTERS), points), len(NONCHARACTERS) - 1)
    characters = tf.where(
        tf.equal(tf.gather(tf.constant(NONCHARACTERS), at), points),
        tf.gather(tf.constant([chr(point) for point in NONCHARACTERS]), at),
        tf.strings.unicode_encode(points[:, None], "UTF-8"),
    )
    joined = tf.strings.unsorted_segment_join(characters, row_ids(rows.row_splits), rows.nrows())
    return tf.tensor_scatter_nd_update(parts, owners[:, None], joined)


def _characters(code_points: tf.Tensor, tokenizer: str) -> Characters:
    separating = tokenizer in SEPARATING
    traits = _traits(code_points, *((True, tokenizer == SYLLABLES) if separating else ()))
    pieces = _runs(traits) if tokenizer == WHITESPACE else _word_pieces(traits, separating)
    numbers = _indices(_bits(tf.gather(traits, pieces), VISIBLE))
    return Characters(traits, tf.gather(pieces, numbers), tf.gather(pieces, numbers + 1))


def _traits(code_points: tf.Tensor, separate: bool = False, hangul: bool = False) -> tf.Tensor:
    offsets, values = trait_table(separate, hangul)
    page = tf.gather(tf.constant(offsets), tf.bitwise.right_shift(code_points, PAGE_BITS))
    return tf.bitwise.left_shift(code_points, FOLDED_SHIFT) + tf.gather(tf.constant(values), page + code_points)


def _runs(traits: tf.Tensor) -> tf.Tensor:
    """Returns the begins of runs without spaces, and the spaces: int64 [pieces]."""
    return _indices(_bits(tf.bitwise.bitwise_or(traits, tf.roll(traits, 1, 0)), SPACE_BIT))


def _word_pieces(traits: tf.Tensor, separating: bool) -> tf.Tensor:
    """Returns the begins of words and punctuation, and the spaces: int64 [pieces].

    The pieces are those of `words.word_offsets`, with `separating` those of `words.character_offsets`.
    """
    # A character that extends the one before it is dropped, because the two stay together; after a space it begins a
    # word. (The comparison is true after a space, and for characters that extend nothing.)
    back = tf.roll(traits, 1, 0)
    begins = _bits(back, SPACE_BIT) >= _bits(traits, EXTENDS)
    if separating:
        joined = tf.equal(_bits(back, KIND | NUMBER), SEPARATE | NUMBER) & tf.equal(_bits(traits, KIND), SEPARATE)
        begins &= ~joined
    kept = _indices(begins)
    return tf.gather(kept, _indices(word_begins(tf.gather(traits, kept), separating)))


def _bits(traits: tf.Tensor, mask: int) -> tf.Tensor:
    return tf.bitwise.bitwise_and(traits, mask)


def _indices(flags: tf.Tensor) -> tf.Tensor:
    """Returns the indices at which a vector is true or not 0: int64 [n]."""
    return tf.squeeze(tf.where(flags), 1)
