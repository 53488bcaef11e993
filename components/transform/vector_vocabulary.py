"""Which words of a file of pretrained vectors the tagger knows by themselves, seen in training or not.

The word vocabulary is analyzed from the training split; a word that it lacks but that has a pretrained vector is where
such vectors help most. So the first words of the file, which stand in order of frequency, become a second vocabulary: a
file of the transform graph, looked up beside the first one.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from components.common.hashing import file_version
from components.text.folding import fold
from components.text.words import whitespace_offsets, word_offsets
from components.transform.features import UNK_ID
from components.transform.vector_file import VectorFile, VectorFileError

_OFFSETS = {"words": word_offsets, "whitespace": whitespace_offsets}


@dataclasses.dataclass(frozen=True)
class VectorVocabulary:
    """Words with vectors of their own.

    Attributes:
        ids: id of each word's vector, from 2 (0 is padding, 1 no vector), by what a token is looked up as: as it
            stands in the sentence first, then with case and digits folded. Each vector's own word comes before the
            folded spellings that share it.
    """

    ids: Mapping[str, int]

    @property
    def words(self) -> Sequence[str]:
        """The vectors' own words, in the order of their ids."""
        return list(self.ids)[: max(self.ids.values(), default=UNK_ID) - UNK_ID]

    @classmethod
    def select(cls, path: str, most: int, tokenizer: str) -> VectorVocabulary:
        """Takes the first words of a file that the tokenizer can give: `words` never gives "U.S." or "e-mail".

        Args:
            path: the file of vectors.
            most: how many words; no more of the file is read than that takes.
            tokenizer: `words` or `whitespace`.

        Raises:
            VectorFileError: the file is not right, or none of its words is a token.
        """
        return _select(path, most, tokenizer, file_version(path))

    @classmethod
    def load(cls, path: str) -> VectorVocabulary:
        """Reads a file of `lines`."""
        lines = Path(path).read_text(encoding="utf-8").split("\n")[:-1]
        return cls({word: int(number) for word, number in (line.split("\t") for line in lines)})

    def lines(self) -> list[str]:
        """Gives what `load` reads and a lookup table is made from: spelling, tab, id."""
        return [f"{word}\t{number}" for word, number in self.ids.items()]


# Tracing a graph asks for it several times.
@functools.lru_cache(maxsize=2)
def _select(path: str, most: int, tokenizer: str, version: str) -> VectorVocabulary:
    offsets = _OFFSETS[tokenizer]
    ids: dict[str, int] = {}
    for _, word, _ in VectorFile(path) if most else ():
        if word not in ids and offsets(word) == [(0, len(word))]:
            ids[word] = UNK_ID + 1 + len(ids)
        if len(ids) == most:
            break
    if most and not ids:
        raise VectorFileError(path, None, "holds no word that a token could be", "name another file of vectors")
    for word, number in list(ids.items()):
        ids.setdefault(fold(word), number)
    return VectorVocabulary(ids)
