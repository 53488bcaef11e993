"""A model that is not a tagger: fields of the rows in, its outputs unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from components.common.errors import NerError, quoted
from components.common.faults import reading
from components.exporter.validator.private_copy import checked_copy
from components.exporter.validator.probe.c_api import TensorFlowError, numpy_dtype
from components.exporter.validator.probe.saved_graph import SavedGraph
from components.exporter.validator.probe.served_model import ServedModel
from components.exporter.validator.probe.values import from_json
from components.keys import SERVING_DEFAULT
from components.serving.batch_prediction.errors import BadRowError, BatchError
from components.serving.batch_prediction.rows import Row, feature, plain
from components.serving.saved_model_tagger import RefusedError


class AnyModel:
    """A SavedModel whose inputs have a row per example.

    An input takes the field of its name; the only input without such a field takes the text.

    tests/components/serving/batch_prediction/test_job.py shows it at work.
    """

    def __init__(self, folder: Path, signature: str | None = None, threads: int = 0) -> None:
        """Loads the model after the checks of a model of unknown origin.

        Args:
            folder: the SavedModel.
            signature: its name; None: `serving_default`, or the only one.
            threads: that compute one request; 0: one for each processor.

        Raises:
            NerError: the model may not be loaded, has no such signature, or it has no inputs by rows.
        """
        with reading(folder), checked_copy(folder) as copy:
            graph = SavedGraph(copy)
            self._model = ServedModel(str(copy), threads)
        names = sorted(graph.methods)
        self.signature = signature or (SERVING_DEFAULT if SERVING_DEFAULT in names or len(names) != 1 else names[0])
        if self.signature not in names:
            raise NerError(
                f"{folder}: the model has no signature {quoted(self.signature)}. Use one of {', '.join(names)}."
            )
        self._folder, self._inputs, self._outputs = folder, graph.inputs(self.signature), graph.outputs(self.signature)
        for name, info in self._inputs.items():
            if not info.shape or info.shape[0] is not None:
                raise BatchError(
                    f"{folder}: input `{name}` of signature {self.signature} has the shape {info.shape}. Use a "
                    "signature whose inputs have a first dimension of any size, for the rows."
                )

    def run_texts(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Returns name -> value of the outputs, for every text.

        Raises:
            NerError: the signature takes more than texts, or refuses them.
        """
        try:
            return self.run([Row(number, text, {}, b"") for number, text in enumerate(texts, 1)])
        except BadRowError as error:
            names = ", ".join(self._inputs)
            raise BatchError(
                f"{self._folder}: signature {self.signature} takes {names}, not texts alone. Give rows with these "
                "fields: `ner predict --input FILE --output FILE --signature ...`."
            ) from error

    def run(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Returns name -> value of the outputs, for every row.

        Raises:
            BadRowError: a row lacks a field; the caller asks for rows one by one then.
            RefusedError: the model refuses the request, or the rows have values of different shapes.
        """
        feeds = {}
        for name, info in self._inputs.items():
            dtype = numpy_dtype(info.number)
            values = [self._value(row, name, dtype) for row in rows]
            try:
                feeds[info.tensor] = _stacked(values, dtype)
            except (ValueError, IndexError, TypeError) as error:
                raise RefusedError(f"the values of `{name}` have different shapes") from error
            shape = feeds[info.tensor].shape[1:]  # of a row; TensorFlow does not compare it with the signature
            if not _fits(shape, info.shape or ()):
                raise RefusedError(
                    f"`{name}` has values of shape {list(shape)}, signature {self.signature} takes {info.shape}"
                )
        try:
            arrays = self._model.run(feeds, [info.tensor for info in self._outputs.values()])
        except TensorFlowError as error:
            raise RefusedError(f"{self._folder}: signature {self.signature} refuses the rows: {error}") from error
        for name, array in zip(self._outputs, arrays, strict=True):
            if not array.ndim or len(array) != len(rows):
                raise BatchError(
                    f"{self._folder}: output `{name}` of signature {self.signature} has the shape {array.shape} for "
                    f"{len(rows)} rows. Use a signature whose outputs have one value for each row."
                )
        columns = {name: array.tolist() for name, array in zip(self._outputs, arrays, strict=True)}
        return [{name: plain(values[row]) for name, values in columns.items()} for row in range(len(rows))]

    def _value(self, row: Row, name: str, dtype: np.dtype) -> Any:
        if name not in row.members and len(self._inputs) == 1 and dtype.kind == "O":
            return row.text.encode("utf-8")
        try:
            return feature(row, name, dtype)
        except BadRowError as error:
            raise BadRowError(f"{error} (signature {self.signature})") from error


def _fits(shape: Sequence[int], expected: Sequence[int | None]) -> bool:
    sizes = expected[1:]
    return len(shape) == len(sizes) and all(size in (None, actual) for actual, size in zip(shape, sizes, strict=True))


def _stacked(values: list[Any], dtype: np.dtype) -> np.ndarray:
    return from_json(values, dtype) if dtype.kind == "O" else np.stack(values)
