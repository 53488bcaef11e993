"""Vocabulary of the first words of a vector file.

Pretrained vectors help most for words that the word vocabulary, analyzed from the training split, lacks. The first
words of the file, the most frequent ones, form a second vocabulary of the transform graph.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from components.common.hashing import content_version, require_content
from components.text.folding import fold
from components.text.words import OFFSETS
from components.transform.features import UNK_ID
from components.transform.text_file import TextFileError
from components.transform.vector_file import VectorFile


@dataclasses.dataclass(frozen=True)
class VectorVocabulary:
    """Words of a vector file with their ids.

    Attributes:
        ids: id of the vector of each spelling, from 2 (0 is padding, 1 no vector). A token is looked up unchanged, then
            with case and digits folded. The words of the file come first, then folded spellings that share an id.

    Example:
        >>> vocabulary = VectorVocabulary({"Paris": 2, "US": 3, "paris": 2, "us": 3})
        >>> vocabulary.words
        ['Paris', 'US']
    """

    ids: Mapping[str, int]

    @property
    def words(self) -> Sequence[str]:
        """Words of the file, in the order of their ids."""
        return list(self.ids)[: max(self.ids.values(), default=UNK_ID) - UNK_ID]

    @classmethod
    def select(cls, path: str, most: int, tokenizer: str, version: str = "") -> VectorVocabulary:
        """Selects the first words of a file that the tokenizer can return as one token.

        Args:
            path: vector file.
            most: maximum number of words; the rest of the file is not read.
            tokenizer: name of the tokenizer, as in `words.OFFSETS`.
            version: content of the file at the start of the run (`content_version`); default: its present content.

        Raises:
            TextFileError: the file is invalid, or none of its words is a token.
            NerError: the file has another content.
        """
        return _select(path, most, tokenizer, version or content_version(path))

    @classmethod
    def load(cls, path: str) -> VectorVocabulary:
        """Reads a file of `lines`."""
        lines = Path(path).read_text(encoding="utf-8").split("\n")[:-1]
        return cls({word: int(number) for word, number in (line.split("\t") for line in lines)})

    def lines(self) -> list[str]:
        """Returns the lines of the vocabulary file: spelling, tab, id."""
        return [f"{word}\t{number}" for word, number in self.ids.items()]


# Tracing a graph calls it several times.
@functools.lru_cache(maxsize=2)
def _select(path: str, most: int, tokenizer: str, version: str) -> VectorVocabulary:
    offsets = OFFSETS[tokenizer]
    ids: dict[str, int] = {}
    for _, word, _ in VectorFile(path) if most else ():
        if word not in ids and offsets(word) == [(0, len(word))]:
            ids[word] = UNK_ID + 1 + len(ids)
        if len(ids) == most:
            break
    if most and not ids:
        raise TextFileError(path, None, "no word of the file is a token", "Use another vector file.")
    require_content("trainer.cnn_linear.vectors.path", path, version)
    for word, number in list(ids.items()):
        ids.setdefault(fold(word), number)
    return VectorVocabulary(ids)
