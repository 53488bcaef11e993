"""Pretrained vectors of the words that a tagger knows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from components.text.folding import fold
from components.transform.features import UNK_ID
from components.transform.text_file import TextFileError
from components.transform.vector_file import VectorFile
from components.transform.vector_vocabulary import VectorVocabulary

# Root mean square of a vector's numbers; the sum of fresh embeddings has 0.1. On an artificial corpus of words that
# differ in their vectors only, a tagger tells 71 to 99 % of unseen words apart after 60 steps with 0.1, and all of them
# with 0.3 or 1.
_SCALE = 0.3


@dataclasses.dataclass(frozen=True)
class Vectors:
    """Vectors by id (`components.transform.preprocessing`).

    Attributes:
        row_of: int64 [ids], row of each id's vector; 1 for ids without a vector.
        table: float32 [rows, dim]; the first two rows, for padding and for ids without a vector, are zero.
        coverage: number of words with vectors, as a sentence.
    """

    row_of: np.ndarray
    table: np.ndarray
    coverage: str


def load_vectors(path: str, own: VectorVocabulary, words: Sequence[str]) -> Vectors:
    """Loads the vectors of a tagger's words in one pass over the file.

    Args:
        path: the file.
        own: words that the transform graph looks up in the file's own spelling.
        words: the word vocabulary, folded, [PAD] and [UNK] first. The vector of a word is that of the first word in the
            file that folds to it, its most frequent spelling.

    Raises:
        TextFileError: the file is damaged, or has none of the words.
    """
    file = VectorFile(path)
    first = UNK_ID + 1
    rows = {word: row for row, word in enumerate(own.words, first)}
    missing = [word for word in words[first:] if word not in own.ids]
    row_of_missing = dict.fromkeys(missing, UNK_ID)
    table = np.zeros((first + len(rows) + len(missing), file.dim), np.float32)
    filled = np.zeros(len(table), bool)
    end = first_missing = first + len(rows)
    for entry in file:
        word = entry[1]
        row = rows.get(word, UNK_ID)
        if row == UNK_ID and row_of_missing.get(spelling := fold(word)) == UNK_ID:
            row = row_of_missing[spelling] = end
            end += 1
        if row > UNK_ID and not filled[row]:
            table[row], filled[row] = file.parse(*entry), True
    located = end - first_missing  # words of the vocabulary that only the pass over the file has found
    _check(path, own, filled, words, located)
    mean_square = np.mean(np.square(table[:end][filled[:end]], dtype=np.float64))
    table[:end] *= _SCALE / max(np.sqrt(mean_square), np.finfo(np.float32).tiny)
    row_of = np.array([*range(first_missing), *(row_of_missing.get(word, UNK_ID) for word in words[first:])])
    return Vectors(row_of, table[:end], _coverage(file, own, words, located))


def _check(path: str, own: VectorVocabulary, filled: np.ndarray, words: Sequence[str], others: int) -> None:
    lost = [word for row, word in enumerate(own.words, UNK_ID + 1) if not filled[row]]
    if lost:
        problem = f"the file lacks {len(lost)} words that Transform read from it, such as {lost[0]!r}"
        raise TextFileError(path, None, problem, "Run again with the unchanged file.")
    known = words[UNK_ID + 1 :]
    if known and not others and not any(word in own.ids for word in known):
        problem = f"the file has no word of the training split, such as {', '.join(known[:5])}"
        raise TextFileError(path, None, problem, "Use a vector file for the language of the corpus.")


def _coverage(file: VectorFile, own: VectorVocabulary, words: Sequence[str], others: int) -> str:
    known = words[UNK_ID + 1 :]
    shared = sum(word in own.ids for word in known)
    text = (
        f"{file.path}: {file.dim} numbers a word; vectors for {shared + others} of the {len(known)} words of the "
        f"training split's vocabulary, and {len(own.words)} words known from the file"
    )
    return f"{text}; {file.skipped} words of the file contain a space and were skipped" if file.skipped else text
