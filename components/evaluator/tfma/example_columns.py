"""Columns of a batch of Examples, read from Arrow."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from components.evaluator.counts.tag_vocabulary import TagVocabulary


@dataclasses.dataclass(frozen=True)
class ExampleColumns:
    """Batch of Examples.

    Attributes:
        examples: serialized Examples.
        keys: key of each Example.
        texts: sentence of each Example.
        lengths: int64 [examples], number of gold tags.
        gold: int32 [tokens], ids of the gold tags, example after example.
        features: slicing feature -> the values of each Example, as text.
    """

    examples: Sequence[bytes]
    keys: Sequence[str]
    texts: Sequence[str]
    lengths: np.ndarray
    gold: np.ndarray
    features: dict[str, list[list[str]]]

    @classmethod
    def read(cls, batch: Any, raw: str, features: Sequence[str], vocabulary: TagVocabulary) -> ExampleColumns:
        """Reads a record batch of TFXIO.

        Args:
            batch: `pyarrow.RecordBatch`; a column holds a list of values per Example, or none.
            raw: name of the column with the serialized Examples.
            features: slicing columns; a missing one has no values.
            vocabulary: receives the gold tags.
        """
        tags = _column(batch, "tags")
        lengths, gold = np.zeros(batch.num_rows, np.int64), np.zeros(0, np.int32)
        if tags is not None:
            lengths = tags.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
            gold = vocabulary.encode(tags.flatten().to_pylist())
        return cls(
            examples=[values[0] for values in _column(batch, raw).to_pylist()],
            keys=[" ".join(values) for values in _texts(batch, "key")],
            texts=[" ".join(values) for values in _texts(batch, "sentence")],
            lengths=lengths,
            gold=gold,
            features={name: _texts(batch, name) for name in features},
        )


def _column(batch: Any, name: str) -> Any:
    index = batch.schema.get_field_index(name)
    # A feature that no Example of the batch has is a column of type null.
    return None if index < 0 or str(batch.schema.field(index).type) == "null" else batch.column(index)


def _texts(batch: Any, name: str) -> list[list[str]]:
    column = _column(batch, name)
    if column is None:
        return [[] for _ in range(batch.num_rows)]
    return [[_text(value) for value in values or ()] for values in column.to_pylist()]


def _text(value: bytes | float | int) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return f"{value:g}" if isinstance(value, float) else str(value)
