"""The word pieces of a pretrained encoder, and what its tokenizer does to a text before it looks for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from components.common.errors import NerError
from components.model.encoder_library import from_preset, keras_hub


@dataclasses.dataclass(frozen=True)
class WordPieceVocabulary:
    """A WordPiece tokenizer, without the tokenizer.

    Attributes:
        pieces: by id; those inside a word begin with `inner`.
        inner: such as `##`.
        unknown: the piece for words that no pieces make up.
        fold_case: whether case is folded (Unicode's full case folding).
        strip_accents: whether combining marks are taken off.
        split: whether words are split at punctuation.
        split_cjk: whether CJK ideographs are words of their own where words are split.
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
            preset: a folder, or a name that keras-hub knows.

        Raises:
            NerError: keras-hub is not installed, the preset cannot be read, or its tokenizer is no WordPiece.
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
