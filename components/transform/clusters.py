"""Word clusters of a user-given file in the transform graph.

Clusters of words that occur in similar contexts, made from unlabelled text, tell the tagger about words that the
training split lacks (Turian et al. 2010, "Word Representations: A Simple and General Method for Semi-Supervised
Learning").
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from absl import logging

from components.common.errors import quoted
from components.common.hashing import content_version, require_content
from components.text.folding import fold
from components.transform.features import CLUSTER_WORDS
from components.transform.text_file import TextFile, TextFileError, quoted_bytes

if TYPE_CHECKING:  # `ner run` checks the file before it imports TensorFlow
    import tensorflow as tf

PREFIXES = (4, 6, 10, 20)
"""Bits of a Brown cluster in each column (Ratinov and Roth 2009)."""

NONE = 1
"""Id of a word without a cluster, as of one without a gazetteer's name; 0 is padding."""

_BITS = 15  # of the id of a column in an entry of the table
_MOST = (1 << _BITS) - 1

MOST_IDS = _MOST + 1
"""Upper bound of the number of ids, with padding and `NONE`."""

_FORMAT = "UTF-8 text with `bits<TAB>word<TAB>count` (Brown) or `word cluster` on each line"
_BINARY = re.compile(rb"[01]+")


@dataclasses.dataclass(frozen=True)
class Clusters:
    """Clusters of words.

    Attributes:
        words: ids of the columns of each word, `_BITS` each, the first in the lowest; spellings as in the file, then
            folded ones.
        columns: number of columns: 4 for Brown clusters, otherwise 1.
    """

    words: Mapping[str, int]
    columns: int

    @classmethod
    def read(cls, path: str, version: str = "") -> Clusters:
        """Reads a file.

        Args:
            path: the file.
            version: its content at the start of the run (`content_version`); default: its present content.

        Raises:
            TextFileError: the file is invalid.
            NerError: the file has another content.
        """
        return _read(path, version or content_version(path))

    @staticmethod
    def check(path: str) -> None:
        """Checks that a file is valid.

        Raises:
            TextFileError: the file is invalid.
        """
        _ids_of_words(path)

    def ids(self, tokens: tf.RaggedTensor, folded: tf.RaggedTensor) -> tf.RaggedTensor:
        """Looks up tokens: unchanged, then with case and digits folded.

        Returns:
            int64 ragged [batch, tokens, columns], from 1 (`NONE`). Each other id belongs to one column.

        Example: tests/components/transform/test_clusters.py.
        """
        import tensorflow as tf

        from components.transform.vocabulary_asset import vocabulary_table

        lines = (f"{word}\t{packed}" for word, packed in self.words.items())
        table = vocabulary_table(CLUSTER_WORDS, lines, with_ids=True, default=0)
        packed, of_folded = (table.lookup(each.flat_values) for each in (tokens, folded))
        packed = tf.where(packed > 0, packed, of_folded)[:, None]  # [tokens, 1]
        shifted = tf.bitwise.right_shift(packed, tf.constant(_BITS * np.arange(self.columns), tf.int64))
        return tokens.with_flat_values(tf.maximum(tf.bitwise.bitwise_and(shifted, _MOST), NONE))


def size_of(lines: Iterator[str]) -> tuple[int, int]:
    r"""Returns the number of ids, with padding and `NONE`, and of columns of an asset of `Clusters.ids`.

    Example:
        >>> size_of(iter([f"the\t{2 | 3 << 15}", f"of\t{2 | 4 << 15}"]))
        (5, 2)
    """
    packed = np.array([int(line.rpartition("\t")[2]) for line in lines], np.int64)
    columns = max(-(-int(packed.max()).bit_length() // _BITS), 1)
    return int((packed[:, None] >> (_BITS * np.arange(columns)) & _MOST).max()) + 1, columns


# Tracing a graph calls it several times.
@functools.lru_cache(maxsize=2)
def _read(path: str, version: str) -> Clusters:
    words, columns, count = _ids_of_words(path)
    require_content("transform.clusters", path, version)
    logging.info("%s: %d words, %d clusters and prefixes", path, len(words), count)
    for word, packed in list(words.items()):
        words.setdefault(fold(word), packed)
    return Clusters(words, columns)


def _ids_of_words(path: str) -> tuple[dict[str, int], int, int]:
    """Returns the ids of the columns of each word, see `Clusters.words`, and the numbers of columns and of ids."""
    ids: dict[tuple[int, bytes], int] = {}
    words: dict[str, int] = {}
    columns = 1
    for line, word, parts in _entries(path):
        packed = 0
        for column, part in enumerate(parts):
            packed |= ids.setdefault((column, part), len(ids) + NONE + 1) << _BITS * column
        if len(ids) + NONE > _MOST:
            raise TextFileError(path, line, f"more than {_MOST - NONE} clusters and prefixes", "Make fewer clusters.")
        if words.setdefault(word, packed) != packed:
            problem = f"a second cluster of {quoted(word)}"
            fix = f"Keep one cluster a word; are the columns swapped? Use {_FORMAT}: the word first, or bits."
            raise TextFileError(path, line, problem, fix)
        columns = len(parts)
    if not words:
        raise TextFileError(path, None, "has no word", f"Use {_FORMAT}.")
    return words, columns, len(ids)


def _entries(path: str) -> Iterator[tuple[int, str, list[bytes]]]:
    """Yields (line number, word, cluster in each column)."""
    file, brown = TextFile(path, _FORMAT), None
    for line, text in file:
        if not text:
            continue
        fields = text.split(b"\t") if b"\t" in text else text.split()
        if brown is None:
            brown = len(fields) == 3 and bool(_BINARY.fullmatch(fields[0]))
        if len(fields) != (3 if brown else 2) or not all(fields) or (brown and not _BINARY.fullmatch(fields[0])):
            problem = f"{quoted_bytes(text)} is not {'bits, a word and a count' if brown else 'a word and a cluster'}"
            swapped = "Are the columns swapped? " if len(fields) == 3 and _BINARY.fullmatch(fields[1]) else ""
            raise TextFileError(path, line, problem, f"{swapped}Use {_FORMAT}, the same in all lines.")
        if brown:
            yield line, file.decoded(line, fields[1], "word"), [fields[0][:length] for length in PREFIXES]
        else:
            yield line, file.decoded(line, fields[0], "word"), fields[1:]
