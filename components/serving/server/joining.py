"""Checks of a request's inputs, and requests that are joined to one and taken apart again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from components.common.errors import quoted
from components.exporter.contract.contract import Contract
from components.exporter.validator.probe.c_api import TensorFlowError, numpy_dtype
from components.exporter.validator.probe.saved_graph import TensorInfo
from components.serving.server.errors import InvalidArgumentError

Arrays = Mapping[str, np.ndarray]
# Roles of outputs that one row pads like another: offsets show the length of a row, or else the text of the padding.
_TOKENS = ("starts", "ends", "tags"), ("tokens", "tags", "scores", "starts", "ends")
_ENTITIES = (
    ("entity_starts", "entity_ends", "entity_types"),
    ("entity_texts", "entity_types", "entity_starts", "entity_ends", "entity_scores"),
)


RowWriter = Callable[[Arrays, Mapping[str, np.ndarray]], list[str]]
"""Writes each row of outputs that have these widths; raises InvalidArgumentError if a row has no text."""


class Joined:
    """Outputs for joined requests.

    Attributes:
        outputs: of all rows.
        ends: the row after the last one of each request.
        widths: of each row, for every output that is padded; a request's rows are as wide as its longest.
    """

    def __init__(self, outputs: Arrays, ends: Sequence[int], widths: Mapping[str, np.ndarray]) -> None:
        """Stores the outputs."""
        self.outputs = outputs
        self.ends = ends
        self.widths = widths
        self._texts: dict[RowWriter, list[str] | None] = {}

    def parts(self) -> list[Part]:
        """Returns the answer to each request."""
        return [Part(self, begin, end) for begin, end in zip((0, *self.ends), self.ends, strict=False)]

    def texts(self, writer: RowWriter) -> list[str] | None:
        """Returns the text of each row, written once for all requests; None if one of them cannot be written."""
        if writer not in self._texts:
            try:
                self._texts[writer] = writer(self.outputs, self.widths)
            except InvalidArgumentError:
                self._texts[writer] = None
        return self._texts[writer]


class Part(Mapping[str, np.ndarray]):
    """Outputs for one of several joined requests; every output is as wide as it would be alone.

    Arrays are cut out when they are used.
    """

    def __init__(self, joined: Joined, begin: int, end: int) -> None:
        """Stores the rows of the request."""
        self._joined, self._begin, self._end = joined, begin, end

    def __getitem__(self, name: str) -> np.ndarray:
        """Returns an output."""
        value, widths = self._joined.outputs[name][self._begin : self._end], self._joined.widths.get(name)
        return value if widths is None else value[:, : widths[self._begin]]

    def __iter__(self) -> Iterator[str]:
        """Iterates over the names."""
        return iter(self._joined.outputs)

    def __len__(self) -> int:
        """Returns the number of outputs."""
        return len(self._joined.outputs)

    def texts(self, writer: RowWriter) -> list[str]:
        """Returns the text of each row.

        Raises:
            InvalidArgumentError: a row has no text.
        """
        texts = self._joined.texts(writer)
        return writer(dict(self), {}) if texts is None else texts[self._begin : self._end]


@dataclasses.dataclass(frozen=True)
class _Axis:
    """A padded axis that several outputs share.

    Attributes:
        starts, ends: outputs with offsets, whose end is greater than the start except in the padding; or None.
        texts: output whose text is `pad` in the padding and nowhere else.
        pad: that text.
        outputs: that have this axis.
    """

    starts: str | None
    ends: str | None
    texts: str | None
    pad: bytes
    outputs: tuple[str, ...]

    @property
    def marked(self) -> bool:
        """True if an output shows where the padding begins."""
        return bool((self.starts and self.ends) or self.texts)

    def lengths(self, answer: Arrays) -> np.ndarray:
        """Returns the number of real items of each row."""
        if self.starts and self.ends:
            return (answer[self.ends] > answer[self.starts]).sum(1)
        assert self.texts is not None, "`Joining.of` requires a marker"
        return (answer[self.texts] != self.pad).astype(bool).sum(1)


@dataclasses.dataclass(frozen=True)
class Joining:
    """Rules by which requests to one signature are joined along the first axis.

    tests/components/serving/server/test_batching.py shows it at work.

    Attributes:
        possible: whether they can be joined at all: all inputs and outputs have rows, and it is known where the padding
            of every output begins.
        axes: padded axes of the outputs.
        texts: inputs whose length decides the length of the answer.
        limit: most characters of a request, and of its padded rows; 0: any number.
    """

    possible: bool
    axes: tuple[_Axis, ...]
    texts: tuple[str, ...]
    limit: int

    @classmethod
    def of(
        cls, name: str, inputs: Mapping[str, TensorInfo], outputs: Mapping[str, TensorInfo], contract: Contract | None
    ) -> Joining:
        """Derives the rules from a signature and the model's contract."""
        signature = contract.signatures.get(name) if contract else None
        takes = signature.inputs if signature else {}
        texts = tuple(key for key, tensor in takes.items() if tensor.role in ("text", "examples") and key in inputs)
        texts = texts or tuple(key for key, info in inputs.items() if info.dtype == "string")
        roles = {tensor.role: key for key, tensor in signature.outputs.items() if key in outputs} if signature else {}
        pad = contract.pad.encode() if contract else b""
        open_outputs = {key for key, info in outputs.items() if info.shape is None or None in info.shape[1:]}
        axes = tuple(_axes(roles, outputs, pad))
        cut = {key for axis in axes for key in axis.outputs if axis.marked}
        rows = all(info.shape and info.shape[0] is None and None not in info.shape[1:] for info in inputs.values())
        rows = rows and all(info.shape and info.shape[0] is None for info in outputs.values())
        possible = bool(rows and inputs and open_outputs <= cut)
        return cls(possible, axes, texts, contract.max_characters if contract else 0)

    def join(self, requests: Sequence[Arrays]) -> dict[str, np.ndarray]:
        """Joins requests with rows."""
        return {name: np.concatenate([request[name] for request in requests]) for name in requests[0]}

    def split(self, answer: Arrays, rows: Sequence[int]) -> list[Part]:
        """Takes an answer apart.

        Args:
            answer: to joined requests, all outputs of it.
            rows: of each request, at least one.
        """
        ends = np.cumsum(rows)
        widths = {}
        for axis in self.axes:
            most = np.repeat(np.maximum.reduceat(axis.lengths(answer), ends - rows), rows)
            widths.update(dict.fromkeys(axis.outputs, most))
        return Joined(answer, ends.tolist(), widths).parts()


def _axes(roles: Mapping[str, str], outputs: Mapping[str, TensorInfo], pad: bytes) -> list[_Axis]:
    axes = []
    for (starts, ends, texts), members in (_TOKENS, _ENTITIES):
        # An output of fixed width keeps it.
        names = [roles[role] for role in members if role in roles]
        open_names = tuple(name for name in names if (outputs[name].shape or ())[1:] == (None,))
        marks = [roles.get(role) for role in (starts, ends, texts)]
        marks = [mark if mark in open_names else None for mark in marks]
        if open_names:
            axes.append(_Axis(marks[0], marks[1], marks[2], pad, open_names))
    return axes


def check_inputs(name: str, infos: Mapping[str, TensorInfo], inputs: Arrays) -> int | None:
    """Checks names, dtypes and shapes of a request's inputs.

    Args:
        name: of the signature.
        infos: its inputs.
        inputs: of the request.

    Returns:
        The number of rows; None if the inputs have different ones, or none.

    Raises:
        InvalidArgumentError: an input does not fit.
    """
    if missing := sorted({*infos} - {*inputs}):
        raise InvalidArgumentError(f"signature {name}: the input {missing[0]} is missing. Send {', '.join(infos)}.")
    if unknown := sorted({*inputs} - {*infos}):
        raise InvalidArgumentError(f"signature {name}: no input {quoted(unknown[0])}. Send {', '.join(infos)}.")
    sizes = set()
    for key, info in infos.items():
        value = inputs[key]
        where = f"signature {name}, input {key}"
        try:
            dtype = numpy_dtype(info.number)
        except TensorFlowError as error:
            raise InvalidArgumentError(f"{where}: {error}. Use another signature.") from error
        if value.dtype != dtype:
            raise InvalidArgumentError(f"{where}: dtype {_dtype(value.dtype)}. Send {info.dtype}.")
        if info.shape is not None and not _fits(value.shape, info.shape):
            shape = ", ".join("any" if size is None else str(size) for size in info.shape)
            raise InvalidArgumentError(f"{where}: shape {list(value.shape)}. Send [{shape}].")
        if dtype.kind == "O" and not all(type(item) is bytes for item in value.flat):
            raise InvalidArgumentError(f"{where}: a value that is not bytes. Send texts as bytes.")
        sizes.add(value.shape[0] if value.ndim else None)
    return sizes.pop() if len(sizes) == 1 else None


def _fits(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(shape) == len(expected) and all(
        size in (None, actual) for actual, size in zip(shape, expected, strict=True)
    )


def _dtype(dtype: np.dtype) -> str:
    return "string" if dtype.kind == "O" else dtype.name
