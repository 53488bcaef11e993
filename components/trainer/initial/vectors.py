"""The pretrained vectors of the words that a tagger knows, and no others."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from components.transform.features import UNK_ID
from components.transform.vector_file import VectorFile
from components.transform.vector_file_error import VectorFileError
from components.transform.vector_vocabulary import VectorVocabulary, fold

# Size of a vector's numbers (root of their mean square). The sum of freshly made embeddings has 0.1. Made-up words that
# differ in their vectors only: after 60 steps 71 to 99 % of unseen ones are told apart with 0.1, all with 0.3 and 1.
_SCALE = 0.3


@dataclasses.dataclass(frozen=True)
class Vectors:
    """Vectors by id (`components.transform.vector_lookup`).

    Attributes:
        row_of: int64 [ids], row of each id's vector; 1 where there is none.
        table: float32 [rows, dim]; the first two rows, of padding and of no vector, are zero.
        coverage: what was found, in words.
    """

    row_of: np.ndarray
    table: np.ndarray
    coverage: str


def load_vectors(path: str, own: VectorVocabulary, words: Sequence[str]) -> Vectors:
    """Reads the vectors of a tagger's words in one pass over the file.

    Args:
        path: the file.
        own: words that the transform graph looks up by themselves.
        words: the word vocabulary, case and digits folded, [PAD] and [UNK] first. A word's vector is that of the first
            word of the file that folds to it, which is its most frequent spelling.

    Raises:
        VectorFileError: the file is not right, or has none of the words.
    """
    file = VectorFile(path)
    first = UNK_ID + 1
    rows = {word: row for row, word in enumerate(own.words, first)}
    missing = [word for word in words[first:] if word not in own.ids]
    row_of_missing = dict.fromkeys(missing, UNK_ID)
    table = np.zeros((first + len(rows) + len(missing), file.dim), np.float32)
    filled = np.zeros(len(table), bool)
    end = first + len(rows)
    for entry in file:
        word = entry[1]
        row = rows.get(word, UNK_ID)
        if row == UNK_ID and row_of_missing.get(spelling := fold(word)) == UNK_ID:
            row = row_of_missing[spelling] = end
            end += 1
        if row > UNK_ID and not filled[row]:
            table[row], filled[row] = file.parse(*entry), True
    _check(path, own, filled, words, end - first - len(rows))
    table[:end] *= _SCALE / max(np.sqrt(np.mean(np.square(table[:end][filled[:end]]))), np.finfo(np.float32).tiny)
    row_of = np.array([*range(first + len(rows)), *(row_of_missing.get(word, UNK_ID) for word in words[first:])])
    return Vectors(row_of, table[:end], _coverage(file, own, words, end - first - len(rows)))


def _check(path: str, own: VectorVocabulary, filled: np.ndarray, words: Sequence[str], others: int) -> None:
    lost = [word for row, word in enumerate(own.words, UNK_ID + 1) if not filled[row]]
    if lost:
        found = f"lacks {len(lost)} words that it had when the examples were transformed, such as {lost[0]!r}"
        raise VectorFileError(path, None, found, "the file was changed meanwhile: run again")
    known = words[UNK_ID + 1 :]
    if known and not others and not any(word in own.ids for word in known):
        found = f"holds no word of the training split, such as {', '.join(known[:5])}"
        raise VectorFileError(path, None, found, "name a file of vectors of the corpus's language")


def _coverage(file: VectorFile, own: VectorVocabulary, words: Sequence[str], others: int) -> str:
    """Says how many words have vectors."""
    known = words[UNK_ID + 1 :]
    shared = sum(word in own.ids for word in known)
    text = (
        f"{file.path}: {file.dim} numbers a word; vectors of {shared + others} of the {len(known)} words of the "
        f"training split's vocabulary, and {len(own.words)} words known by the file"
    )
    return f"{text}; {file.skipped} words of it hold a blank and were left out" if file.skipped else text
