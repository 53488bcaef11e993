"""The windows of a split as plain columns of numbers in files."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from components.transform.features import TAG_IDS


class WindowPool:
    """Windows one after another.

    Attributes:
        lengths: int [windows], tokens of each window.
    """

    def __init__(self, lengths: np.ndarray, columns: Mapping[str, np.ndarray]) -> None:
        """Keeps the windows.

        Args:
            lengths: int [windows].
            columns: for each feature and for the tag ids the values of all tokens, [sum of the lengths, ...].
        """
        self.lengths = lengths
        self._columns = columns
        self._starts = np.cumsum(lengths, dtype=np.int64) - lengths  # [windows]

    def batch(self, windows: np.ndarray, width: int | None = None, rows: int | None = None) -> Batch:
        """Puts windows into padded rows.

        Args:
            windows: int [rows], positions of the windows in the pool.
            width: tokens a row; none takes the longest window's.
            rows: to fill up to with rows of nothing but padding; none adds no row.
        """
        lengths = self.lengths[windows]
        width = width or int(lengths.max(initial=0))
        if rows is not None:
            lengths = np.pad(lengths, (0, rows - len(lengths)))
            windows = np.pad(windows, (0, rows - len(windows)))
        steps = np.arange(width)
        real = steps < lengths[:, None]  # [rows, width]
        places = np.where(real, self._starts[windows][:, None] + steps, 0)
        padded = {name: _padded(values, places, real) for name, values in self._columns.items()}
        return Batch({name: values for name, values in padded.items() if name != TAG_IDS}, padded[TAG_IDS])


def _padded(values: np.ndarray, places: np.ndarray, real: np.ndarray) -> np.ndarray:
    taken = values[places]  # [rows, width, ...]
    taken[~real] = 0
    return taken


# A block is read at once: 65,536 tokens with twelve numbers each take 3 MB.
_BLOCK_TOKENS = 1 << 16
_LENGTHS = "lengths"


@dataclasses.dataclass(frozen=True)
class _Block:
    """Where some consecutive windows lie."""

    first_window: int
    windows: int
    first_token: int
    tokens: int


class WindowTable:
    """All windows of a split, one token after another, each feature in a file of its own.

    Training reads a corpus many times and in ever new order, so the examples are parsed once and kept in the form in
    which a batch is cut out of them with a few numpy calls. What lies in files need not fit into memory: the operating
    system keeps in its cache what it has room for, and this object keeps 32 bytes for each 65,536 tokens.

    No library served. tf.data's cache, shuffle and bucket_by_sequence_length work element by element, which costs as
    much as the training step of a small tagger, and the state of a shuffle is the buffer itself, so that going on in
    the middle of an epoch means to save or to repeat all of it. Grain has indices instead, but works element by element
    in Python.
    """

    def __init__(
        self, folder: Path, columns: Mapping[str, tuple[np.dtype, tuple[int, ...]]], blocks: list[_Block]
    ) -> None:
        """Is called by `write`."""
        self._folder, self._columns, self._blocks = folder, columns, blocks

    @classmethod
    def write(
        cls, folder: str | Path, chunks: Iterable[tuple[np.ndarray, Mapping[str, np.ndarray]]], largest_block: int = 0
    ) -> WindowTable:
        """Writes the files.

        Args:
            folder: where; made if it is not there. The table is good for as long as the folder is.
            chunks: (lengths, columns) of some windows at a time: int [windows], and for each feature an array
                [sum of the lengths, ...]. Windows without tokens are left out.
            largest_block: tokens after which a new block begins; 0 takes the default. For tests.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        writer = _Writer(folder, largest_block or _BLOCK_TOKENS)
        try:
            for lengths, columns in chunks:
                writer.add(np.asarray(lengths), columns)
        finally:
            writer.close()
        return cls(folder, writer.columns, writer.blocks)

    def __len__(self) -> int:
        """Number of windows."""
        return sum(block.windows for block in self._blocks)

    @property
    def tokens(self) -> int:
        """Number of tokens, those that windows share counted in each."""
        return sum(block.tokens for block in self._blocks)

    @property
    def block_windows(self) -> list[int]:
        """How many windows each block holds."""
        return [block.windows for block in self._blocks]

    def pool(self, blocks: Sequence[int]) -> WindowPool:
        """Reads some blocks into memory.

        Args:
            blocks: their numbers, in the order in which their windows shall stand.
        """
        chosen = [self._blocks[number] for number in blocks]
        spans = [(block.first_token, block.tokens) for block in chosen]
        columns = {name: self._read(name, *form, spans) for name, form in self._columns.items()}
        windows = [(block.first_window, block.windows) for block in chosen]
        return WindowPool(self._read(_LENGTHS, np.dtype(np.int32), (), windows), columns)

    def _read(self, name: str, dtype: np.dtype, shape: tuple[int, ...], spans: Iterable[tuple[int, int]]) -> np.ndarray:
        width = int(np.prod(shape, dtype=np.int64))
        parts = [
            np.fromfile(self._folder / name, dtype, count * width, offset=first * width * dtype.itemsize)
            for first, count in spans
        ]
        return np.concatenate([np.empty(0, dtype), *parts]).reshape(-1, *shape)


class _Writer:
    """Appends to one file a column and remembers where blocks begin."""

    def __init__(self, folder: Path, block_tokens: int) -> None:
        self._folder, self._block_tokens = folder, block_tokens
        self._files: dict[str, BinaryIO] = {}
        self.columns: dict[str, tuple[np.dtype, tuple[int, ...]]] = {}
        self.blocks: list[_Block] = []

    def add(self, lengths: np.ndarray, columns: Mapping[str, np.ndarray]) -> None:
        lengths = lengths[lengths > 0].astype(np.int32)
        total = int(lengths.sum())
        for name, values in columns.items():
            if len(values) != total:
                raise ValueError(f"{name} has {len(values)} values for {total} tokens")
            narrow = values.astype(np.int32) if np.issubdtype(values.dtype, np.integer) else values
            self.columns.setdefault(name, (narrow.dtype, narrow.shape[1:]))
            self._append(name, narrow)
        self._append(_LENGTHS, lengths)
        for windows, tokens in self._cut(lengths):
            self._count(windows, tokens)

    def close(self) -> None:
        for file in self._files.values():
            file.close()

    def _append(self, name: str, values: np.ndarray) -> None:
        if name not in self._files:
            self._files[name] = (self._folder / name).open("wb")
        self._files[name].write(np.ascontiguousarray(values).data)

    def _cut(self, lengths: np.ndarray) -> Iterator[tuple[int, int]]:
        """Splits windows so that no part has many more tokens than a block may have: (windows, tokens) each."""
        number = np.cumsum(lengths) // self._block_tokens
        for part in np.split(lengths, np.flatnonzero(np.diff(number)) + 1):
            yield len(part), int(part.sum())

    def _count(self, windows: int, tokens: int) -> None:
        last = self.blocks[-1] if self.blocks else _Block(0, 0, 0, 0)
        if self.blocks and last.tokens + tokens <= self._block_tokens:
            self.blocks[-1] = dataclasses.replace(last, windows=last.windows + windows, tokens=last.tokens + tokens)
        elif windows:
            self.blocks.append(
                _Block(last.first_window + last.windows, windows, last.first_token + last.tokens, tokens)
            )


class Batch(NamedTuple):
    """Windows of similar length, padded with 0 to the same.

    Attributes:
        features: int32 [rows, tokens] or [rows, tokens, columns] each (float32 where a feature is no id); arrays of
            numpy or tensors.
        tags: int32 [rows, tokens]: 0 at padding, -1 for a tag that training never saw.
    """

    features: dict[str, Any]
    tags: Any

    @property
    def signature(self) -> Batch:
        """Returns tensor specifications that fit batches of any number and length of rows.

        A function that is told of them is traced once; one that is left to find out, for the first shape and again.
        """
        import tensorflow as tf

        return tf.nest.map_structure(lambda array: tf.TensorSpec([None, None, *array.shape[2:]], array.dtype), self)
