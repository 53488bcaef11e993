"""Word pieces and normalization settings of the tokenizer of a pretrained encoder."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from components.common.errors import NerError
from components.model.encoder_library import from_preset, keras_hub


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
