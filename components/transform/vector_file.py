"""Streaming reader for pretrained word vectors in text format.

Each line consists of a word and its numbers, separated by spaces (GloVe). Files of fastText and word2vec begin with a
line of two numbers: words and dimension. gensim reads these formats, too, but keeps all vectors in memory and cannot
select those of a vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from absl import logging

from components.common.errors import quoted
from components.transform.text_file import TextFile, TextFileError, quoted_bytes

_FORMAT = "UTF-8 text (plain or .gz) with a word and its numbers on each line, separated by spaces"


class VectorFile:
    r"""File of word vectors.

    Attributes:
        path: path or URL.
        dim: dimension of the vectors.
        skipped: number of words with a space, which the last iteration skipped.

    Example:
        >>> path = getfixture("tmp_path") / "vectors.txt"
        >>> _ = path.write_text("the 0.5 1\nparis 2 3\n")
        >>> file = VectorFile(str(path))
        >>> [(entry[1], file.parse(*entry).tolist()) for entry in file]
        [('the', [0.5, 1.0]), ('paris', [2.0, 3.0])]
    """

    def __init__(self, path: str) -> None:
        """Reads the first line.

        Args:
            path: local file, or URL that TensorFlow's file systems support (`gs://...`). gzip is detected by content.

        Raises:
            TextFileError: the file cannot be read or is not a vector file.
        """
        self.path = path
        self.skipped = 0
        self._file = TextFile(path, _FORMAT)
        number, first = next(iter(self._file), (1, b""))
        fields = first.split(b" ")
        self._count = int(fields[0]) if len(fields) == 2 and fields[0].isdigit() and fields[1].isdigit() else None
        self.dim = len(fields) - 1 if self._count is None else int(fields[1])
        numbers = self._count is not None or all(map(_is_number, fields[1:]))
        if self.dim < 1 or not numbers or b"\t" in first:
            raise TextFileError(path, number, f"{quoted_bytes(first)} is not a word with numbers", f"Use {_FORMAT}.")

    def __iter__(self) -> Iterator[tuple[int, str, bytes]]:
        """Yields (line number from 1, word, text of its numbers) in the order of the file.

        Words with a space, which equal no token, are skipped and counted in `skipped`.

        Raises:
            TextFileError: a line has too few or too many columns, its word is not UTF-8, or a gzip file is truncated.
        """
        self.skipped = read = 0
        lines = iter(self._file)
        if self._count is not None:
            next(lines, None)
        for line, text in lines:
            read += 1
            word, numbers = self._split(line, text)
            if word:
                yield line, word, numbers
            else:
                self.skipped += 1
        if self._count is not None and read != self._count:
            logging.warning("%s: the first line announces %d words, the file has %d", self.path, self._count, read)

    def parse(self, line: int, word: str, numbers: bytes) -> np.ndarray:
        """Parses an entry of the iteration: float32 [dim].

        Raises:
            TextFileError: a field is not a finite number.
        """
        fields = numbers.split(b" ")
        with np.errstate(over="ignore"):  # numbers that are too large become infinite
            values = np.array([float(field) if _is_number(field) else np.nan for field in fields], np.float32)
        invalid = np.flatnonzero(~np.isfinite(values))
        if invalid.size:
            field = quoted_bytes(fields[invalid[0]])
            problem = f"{field} is not a finite number (number {invalid[0] + 1} of {quoted(word)})"
            raise TextFileError(self.path, line, problem, "Use numbers such as -0.25.")
        return values

    def _split(self, line: int, text: bytes) -> tuple[str, bytes]:
        """Splits a line into its word, empty if it contains a space, and the text of its numbers."""
        columns = text.count(b" ")
        if columns == self.dim:
            first, _, numbers = text.partition(b" ")
            return self._file.decoded(line, first, "word"), numbers
        fields = text.split(b" ")
        surplus = fields[1 : columns - self.dim + 1]
        if columns < self.dim or all(_is_number(field) for field in surplus):
            word = quoted_bytes(fields[0])
            problem = f"{columns} numbers after the word {word}, expected {self.dim} as in the first line"
            fix = f"Download the file again, or convert it to {_FORMAT}, if it is a binary word2vec model."
            raise TextFileError(self.path, line, problem, fix)
        return "", b""


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
