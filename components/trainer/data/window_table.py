"""Windows of a split as columns of numbers in files."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from components.transform.features import TAG_IDS

_BLOCK_TOKENS = 1 << 16  # a block is read at once: 3 MB with twelve numbers a token
_LENGTHS = "lengths"

Chunk = tuple[np.ndarray, dict[str, np.ndarray]]
"""Some windows: their lengths, and the values of their tokens by feature, one window after another."""


class Batch(NamedTuple):
    """Windows of similar length, padded with 0.

    Attributes:
        features: int32 [rows, tokens] or [rows, tokens, columns] each (float32 where a feature is not an id); numpy
            arrays or tensors.
        tags: int32 [rows, tokens]: 0 at padding, -1 for a tag that is not in the training split.
    """

    features: dict[str, Any]
    tags: Any

    @property
    def signature(self) -> Batch:
        """Tensor specifications for any number and length of rows.

        A function with this input signature is traced once; without it, TensorFlow traces the first shape separately.
        """
        import tensorflow as tf

        return tf.nest.map_structure(lambda array: tf.TensorSpec([None, None, *array.shape[2:]], array.dtype), self)


class WindowPool:
    """Windows in memory, one token after another.

    Attributes:
        lengths: int [windows], tokens of each window.

    Example:
        >>> pool = WindowPool(np.array([2, 1]), {"word_ids": np.array([7, 8, 9]), "tag_ids": np.array([1, 2, 1])})
        >>> pool.batch(np.array([1, 0])).tags.tolist()
        [[1, 0], [1, 2]]
    """

    def __init__(self, lengths: np.ndarray, columns: Mapping[str, np.ndarray]) -> None:
        """Stores the arguments.

        Args:
            lengths: int [windows].
            columns: token values of each feature and of the tag ids, [sum of lengths, ...].
        """
        self.lengths = lengths
        self._columns = columns
        self._starts = np.cumsum(lengths, dtype=np.int64) - lengths  # [windows]

    def batch(self, windows: np.ndarray, width: int | None = None, rows: int | None = None) -> Batch:
        """Pads windows to a batch.

        Args:
            windows: int [rows], positions of the windows in the pool.
            width: tokens in a row; None takes the longest window's length.
            rows: number of rows to pad to with empty windows; None adds none.
        """
        lengths = self.lengths[windows]
        width = width or int(lengths.max(initial=0))
        if rows is not None:
            lengths = np.pad(lengths, (0, rows - len(lengths)))
            windows = np.pad(windows, (0, rows - len(windows)))
        steps = np.arange(width)
        real = steps < lengths[:, None]  # [rows, width]
        positions = np.where(real, self._starts[windows][:, None] + steps, 0)  # [rows, width]
        padded = {name: _padded(values, positions, real) for name, values in self._columns.items()}
        return Batch({name: values for name, values in padded.items() if name != TAG_IDS}, padded[TAG_IDS])


def _padded(values: np.ndarray, positions: np.ndarray, real: np.ndarray) -> np.ndarray:
    taken = values[positions]  # [rows, width, ...]
    taken[~real] = 0
    return taken


@dataclasses.dataclass(frozen=True)
class _Block:
    """Position of consecutive windows in the files."""

    first_window: int
    windows: int
    first_token: int
    tokens: int


class WindowTable:
    """All windows of a split, each feature in a file of its values.

    Training reads a corpus many times in a changing order. Examples are therefore parsed once, and a batch is cut out
    of the columns with a few numpy calls. The files need not fit into memory: the operating system caches as much as it
    can, and this object holds 32 bytes for each 65,536 tokens.

    No library was suitable: tf.data's cache, shuffle and bucket_by_sequence_length work element by element, which costs
    as much as the training step of a small tagger, and the state of its shuffle is the buffer, so resuming within an
    epoch means to save or repeat all of it. Grain has indices, but also works element by element, in Python.
    """

    def __init__(
        self, folder: Path, columns: Mapping[str, tuple[np.dtype, tuple[int, ...]]], blocks: list[_Block]
    ) -> None:
        """Is called by `write`."""
        self._folder, self._columns, self._blocks = folder, columns, blocks

    @classmethod
    def write(cls, folder: str | Path, chunks: Iterable[Chunk], largest_block: int = _BLOCK_TOKENS) -> WindowTable:
        """Writes the files.

        Args:
            folder: folder to create the files in; the table is valid as long as it exists.
            chunks: `(lengths, columns)` of some windows at a time: int [windows], and an array [sum of lengths, ...]
                for each feature. Windows without tokens are dropped.
            largest_block: number of tokens after which a new block begins.

        Raises:
            ValueError: a column has another number of values than there are tokens.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        writer = _Writer(folder, largest_block)
        try:
            for lengths, columns in chunks:
                writer.add(np.asarray(lengths), columns)
        finally:
            writer.close()
        return cls(folder, writer.columns, writer.blocks)

    def __len__(self) -> int:
        """Returns the number of windows."""
        return sum(block.windows for block in self._blocks)

    @property
    def tokens(self) -> int:
        """Number of tokens; tokens that windows share count in each."""
        return sum(block.tokens for block in self._blocks)

    @property
    def block_windows(self) -> list[int]:
        """Number of windows in each block."""
        return [block.windows for block in self._blocks]

    def counts(self, name: str, size: int) -> np.ndarray:
        """Returns how often each value of a column of ids occurs, int64 [size]; negative ids do not count."""
        total = np.zeros(size, np.int64)
        for block in self._blocks:
            ids = self._read(name, *self._columns[name], [(block.first_token, block.tokens)])
            total += np.bincount(ids[ids >= 0], minlength=size)
        return total

    def pool(self, blocks: Sequence[int]) -> WindowPool:
        """Reads some blocks into memory.

        Args:
            blocks: block numbers, in the order of the windows in the pool.
        """
        chosen = [self._blocks[number] for number in blocks]
        tokens = [(block.first_token, block.tokens) for block in chosen]
        columns = {name: self._read(name, *form, tokens) for name, form in self._columns.items()}
        windows = [(block.first_window, block.windows) for block in chosen]
        return WindowPool(self._read(_LENGTHS, np.dtype(np.int32), (), windows), columns)

    def _read(
        self, name: str, dtype: np.dtype, shape: tuple[int, ...], ranges: Iterable[tuple[int, int]]
    ) -> np.ndarray:
        width = int(np.prod(shape, dtype=np.int64))
        parts = [
            np.fromfile(self._folder / name, dtype, count * width, offset=first * width * dtype.itemsize)
            for first, count in ranges
        ]
        return np.concatenate([np.empty(0, dtype), *parts]).reshape(-1, *shape)


class _Writer:
    """Appends to one file a column and records where blocks begin."""

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
        for windows, tokens in self._split(lengths):
            self._extend_blocks(windows, tokens)

    def close(self) -> None:
        for file in self._files.values():
            file.close()

    def _append(self, name: str, values: np.ndarray) -> None:
        if name not in self._files:
            self._files[name] = (self._folder / name).open("wb")
        self._files[name].write(np.ascontiguousarray(values).data)

    def _split(self, lengths: np.ndarray) -> Iterator[tuple[int, int]]:
        """Yields (windows, tokens) of parts that are hardly larger than a block."""
        number = np.cumsum(lengths) // self._block_tokens
        for part in np.split(lengths, np.flatnonzero(np.diff(number)) + 1):
            yield len(part), int(part.sum())

    def _extend_blocks(self, windows: int, tokens: int) -> None:
        last = self.blocks[-1] if self.blocks else _Block(0, 0, 0, 0)
        if self.blocks and last.tokens + tokens <= self._block_tokens:
            self.blocks[-1] = dataclasses.replace(last, windows=last.windows + windows, tokens=last.tokens + tokens)
        elif windows:
            self.blocks.append(
                _Block(last.first_window + last.windows, windows, last.first_token + last.tokens, tokens)
            )
