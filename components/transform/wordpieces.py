"""WordPiece in the transform graph, with core TensorFlow ops only.

TensorFlow Text has ops for it, but stock servers and loaders of the C API do not register them. The algorithm is the
same (Schuster and Nakajima 2012; longest match first, as in Devlin et al. 2019) and runs once per distinct word of a
batch.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import unicodedata
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from components.common.errors import NerError
from components.model.encoder_preset import from_preset, keras_hub
from components.transform.features import PIECE_VOCABULARY
from components.transform.vocabulary_asset import vocabulary_table

# Default_Ignorable_Code_Point of Unicode, which Python does not provide: case folding removes them.
_IGNORABLE = (
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
_LONGEST_WORD = 100  # bytes; longer words are unknown, as in TensorFlow Text
# Split characters of keras-hub: ASCII without letters and digits, and Unicode punctuation.
_PUNCTUATION = r"[!-/:-@\[-`{-~\p{P}]"
_CJK = (
    r"[\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{20000}-\x{2A6DF}\x{2A700}-\x{2B73F}\x{2B740}-\x{2B81F}"
    r"\x{2B820}-\x{2CEAF}\x{F900}-\x{FAFF}\x{2F800}-\x{2FA1F}]"
)


@dataclasses.dataclass(frozen=True)
class WordPieceVocabulary:
    """Vocabulary and settings of a WordPiece tokenizer.

    Attributes:
        pieces: pieces by id; pieces inside a word begin with `inner`.
        inner: prefix of pieces inside a word.
        unknown: piece for words that cannot be split into pieces.
        fold_case: whether to fold case (Unicode full case folding).
        strip_accents: whether to remove combining marks.
        split: whether to split words at punctuation.
        split_cjk: whether to split at CJK ideographs; requires `split`.

    Example:
        >>> WordPieceVocabulary(("[UNK]", "new", "##er")).pieces.index("##er")
        2
    """

    pieces: Sequence[str]
    inner: str = "##"
    unknown: str = "[UNK]"
    fold_case: bool = False
    strip_accents: bool = False
    split: bool = True
    split_cjk: bool = True

    @classmethod
    def from_preset(cls, preset: str) -> WordPieceVocabulary:
        """Reads the tokenizer of a keras-hub preset.

        Args:
            preset: folder, or name of a keras-hub preset.

        Raises:
            NerError: keras-hub is not installed, the preset cannot be read, or its tokenizer is not WordPiece.
        """
        hub = keras_hub()
        tokenizer = from_preset(hub.models.Tokenizer.from_preset, preset, "tokenizer")
        if not isinstance(tokenizer, hub.tokenizers.WordPieceTokenizer):
            raise NerError(
                f"trainer.encoder.preset: {preset!r} has a {type(tokenizer).__name__}, which the transform "
                "graph does not support. Use an encoder with WordPiece: BERT, DistilBERT or ELECTRA."
            )
        return cls(
            tuple(tokenizer.get_vocabulary()),
            inner=tokenizer.suffix_indicator,
            unknown=tokenizer.oov_token,
            fold_case=tokenizer.lowercase,
            strip_accents=tokenizer.strip_accents,
            split=tokenizer.split,
            split_cjk=tokenizer.split_on_cjk,
        )


def piece_ids(
    tokens: tf.RaggedTensor,
    vocabulary: WordPieceVocabulary,
    most: int,
    table: tf.lookup.StaticHashTable | None = None,
) -> tf.RaggedTensor:
    """Splits tokens into word pieces.

    Args:
        tokens: string ragged [batch, tokens].
        vocabulary: pieces and settings.
        most: maximum number of pieces of a token; further ones are dropped.
        table: piece -> id, -1 for others. None: an asset of the transform graph that is being built.

    Returns:
        int64 ragged [batch, tokens, most]: ids, each plus 1; 0 after the last piece of a token, which has at least one.

    Example: tests/components/transform/test_wordpieces.py.
    """
    if table is None:
        table = vocabulary_table(PIECE_VOCABULARY, vocabulary.pieces, with_ids=False, default=-1)
    distinct, which_token = tf.unique(tokens.flat_values)
    words = _words(distinct, vocabulary)  # ragged [distinct tokens, words]
    known, which_word = tf.unique(words.flat_values)
    unknown = vocabulary.pieces.index(vocabulary.unknown)
    grid = _longest_first(known, table, vocabulary, unknown, most) + 1  # [distinct words, most]
    pieces = tf.RaggedTensor.from_tensor(grid, padding=0)
    by_token = words.with_flat_values(tf.gather(pieces, which_word)).merge_dims(1, 2).to_tensor(shape=[None, most])
    # Tokens of control characters or accents only have no words.
    first = tf.where(tf.equal(by_token[:, :1], 0), tf.constant(unknown + 1, tf.int64), by_token[:, :1])
    return tokens.with_flat_values(tf.gather(tf.concat([first, by_token[:, 1:]], 1), which_token))


def _words(tokens: tf.Tensor, vocabulary: WordPieceVocabulary) -> tf.RaggedTensor:
    """Folds tokens as the tokenizer of the encoder and splits them at punctuation: string ragged [tokens, words]."""
    text = tf.strings.unicode_transcode(tokens, "UTF-8", "UTF-8")  # invalid UTF-8 becomes U+FFFD
    if vocabulary.strip_accents:
        # Case folding composes characters that stripping accents decomposed.
        text = _folded(text, _without_accents_composed if vocabulary.fold_case else _without_accents)
    if vocabulary.split:
        text = tf.strings.regex_replace(text, r"[\s\p{Cc}\p{Cf}]", " ")
        alone = f"{_PUNCTUATION}|{_CJK}" if vocabulary.split_cjk else _PUNCTUATION
        words = tf.strings.split(tf.strings.regex_replace(text, alone, r" \0 "))
    else:
        words = tf.RaggedTensor.from_row_lengths(text, tf.ones_like(text, tf.int64))
    return words.with_flat_values(_folded(words.flat_values, _without_case)) if vocabulary.fold_case else words


def _longest_first(
    words: tf.Tensor, table: tf.lookup.StaticHashTable, vocabulary: WordPieceVocabulary, unknown: int, most: int
) -> tf.Tensor:
    """Splits words greedily into the longest pieces: int64 [words, most], -1 after the last piece.

    If no piece matches at a position, the whole word is unknown.
    """
    lengths = tf.strings.length(words, "UTF8_CHAR")
    sizes = tf.range(1, max(len(piece.removeprefix(vocabulary.inner)) for piece in vocabulary.pieces) + 1)
    columns = tf.range(most)

    def cut(number: tf.Tensor, offset: tf.Tensor, grid: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        active = tf.where(offset < lengths)[:, 0]  # [active]
        begin, end = tf.gather(offset, active)[:, None], tf.gather(lengths, active)[:, None]
        spread = tf.zeros_like(begin + sizes)  # [active, sizes]
        word = tf.broadcast_to(tf.gather(words, active)[:, None], tf.shape(spread))
        candidates = tf.strings.substr(word, begin + spread, sizes + spread, unit="UTF8_CHAR")
        inner = tf.where(begin > 0, vocabulary.inner, "")
        ids = table.lookup(tf.strings.join([tf.broadcast_to(inner, tf.shape(spread)), candidates]))
        fits = (ids >= 0) & (begin + sizes <= end)
        size = tf.reduce_max(tf.where(fits, sizes, 0), 1)  # [active]
        piece = tf.gather(ids, tf.maximum(size - 1, 0), batch_dims=1)
        fails = tf.equal(size, 0)
        row = tf.where(tf.equal(columns, number), piece[:, None], tf.gather(grid, active))
        alone = tf.where(tf.equal(columns, 0), tf.constant(unknown, tf.int64), -1)
        row = tf.where(fails[:, None], alone, row)
        ends = tf.where(fails, end[:, 0], begin[:, 0] + size)
        where = active[:, None]
        return (
            number + 1,
            tf.tensor_scatter_nd_update(offset, where, ends),
            tf.tensor_scatter_nd_update(grid, where, row),
        )

    too_long = tf.strings.length(words) > _LONGEST_WORD
    grid = tf.fill([tf.size(words), most], tf.constant(-1, tf.int64))
    grid = tf.where(too_long[:, None] & tf.equal(columns, 0), tf.constant(unknown, tf.int64), grid)
    state = (tf.constant(0), tf.where(too_long, lengths, 0), grid)
    return tf.while_loop(lambda _, offset, __: tf.reduce_any(offset < lengths), cut, state)[2]


def _folded(texts: tf.Tensor, fold: Callable[[str], str]) -> tf.Tensor:
    """Replaces each character by its folded form of zero or more characters."""
    pages, entries, offsets, flat = _fold_table(fold)
    points = tf.strings.unicode_decode(texts, "UTF-8")  # ragged [texts, characters]
    page = tf.gather(tf.constant(pages), tf.bitwise.right_shift(points.flat_values, 8))
    entry = tf.gather(tf.constant(entries), page * 256 + tf.bitwise.bitwise_and(points.flat_values, 255))
    # Entry 0: unchanged characters, which are read from the batch, after the table.
    pool = tf.concat([tf.constant(flat), points.flat_values], 0)
    own = tf.range(tf.size(entry)) + flat.size
    begin = tf.where(entry > 0, tf.gather(tf.constant(offsets), entry), own)
    end = tf.where(entry > 0, tf.gather(tf.constant(offsets), entry + 1), own + 1)
    folded = tf.gather(pool, tf.ragged.range(begin, end).flat_values)
    splits = tf.gather(tf.pad(tf.cumsum(end - begin), [[1, 0]]), points.row_splits)
    return tf.strings.unicode_encode(tf.RaggedTensor.from_row_splits(folded, splits, validate=False), "UTF-8")


@functools.cache
def _fold_table(fold: Callable[[str], str]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns a two-stage table of folded code points, int32: pages, entries in pages, offsets and code points."""
    known: dict[str, int] = {}
    entry_of = np.zeros(sys.maxunicode + 1, np.int32)
    for point in range(sys.maxunicode + 1):
        char = chr(point)
        folded = fold(char)
        if folded != char:
            entry_of[point] = known.setdefault(folded, len(known) + 1)
    texts = ["", *known]
    offsets = np.cumsum([0, *(len(text) for text in texts)]).astype(np.int32)
    flat = np.array([ord(char) for text in texts for char in text], np.int32)
    entries, pages = np.unique(entry_of.reshape(-1, 256), axis=0, return_inverse=True)
    return pages.reshape(-1).astype(np.int32), entries.reshape(-1), offsets, flat


def _without_accents(char: str) -> str:
    """Removes combining marks after canonical decomposition."""
    return "".join(part for part in unicodedata.normalize("NFD", char) if unicodedata.category(part) != "Mn")


def _without_accents_composed(char: str) -> str:
    return unicodedata.normalize("NFC", _without_accents(char))


def _without_case(char: str) -> str:
    """Returns NFKC_Casefold of one character; TensorFlow Text also composes across characters."""
    if any(low <= ord(char) <= high for low, high in _IGNORABLE):
        return ""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", char).casefold())
