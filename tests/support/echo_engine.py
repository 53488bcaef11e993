"""An engine that returns the inputs of a request, for tests of protocols without a model."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from components.exporter.validator.probe.saved_graph import TensorInfo
from components.serving.server.engine import PredictAnswer, ServedVersion, VersionStatus
from components.serving.server.errors import NotFoundError

NUMBERS = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "string": 7, "int64": 9, "bool": 10,
    "uint32": 22, "uint64": 23,
}  # fmt: skip
"""dtype -> TensorFlow's number."""


def infos(**dtypes):
    """Returns TensorInfos by name; every dimension may have any size."""
    return {name: TensorInfo(f"{name}:0", NUMBERS.get(dtype, 19), None) for name, dtype in dtypes.items()}


class EchoEngine:
    """Serves the model `echo`, version 3, label champion. `serving_default` has one input, `all` one of each dtype.

    Attributes:
        requests: what was asked, in order.
        error: is raised by the next requests.
        delay: seconds until an answer.
        outputs: replaces the answer.
    """

    def __init__(self):
        self.requests, self.error, self.delay, self.outputs = [], None, 0.0, None
        self.state, self.stopping = "AVAILABLE", False
        self._signatures = {
            name: SimpleNamespace(inputs=inputs, outputs=inputs)
            for name, inputs in {
                "serving_default": infos(text="string"),
                "all": infos(**{dtype: dtype for dtype in NUMBERS}, key_bytes="string"),
                "two": infos(number="int64", text="string"),
                "half": infos(half="float16"),
            }.items()
        }

    def models(self):
        return ["echo"]

    def waiting(self):
        return {("echo", 3, "serving_default"): 2}

    def signatures(self, model, version=None, label=None):
        if model != "echo" or version not in (None, 3) or label not in (None, "champion"):
            raise NotFoundError(f"no version {version}, label {label} of model {model}.")
        return ServedVersion("echo", 3, ("champion",), self._signatures, None, definitions={})

    def statuses(self, model, version=None, label=None):
        self.signatures(model, version, label)
        return [VersionStatus(3, self.state)]

    async def predict(self, request):
        self.requests.append(request)
        if self.error:
            raise self.error
        await asyncio.sleep(self.delay)
        outputs = self.outputs or {name: request.inputs[name] for name in request.outputs or request.inputs}
        return PredictAnswer(3, request.signature, outputs)


def same(first, second):
    """Compares arrays by name: dtypes, shapes and bits, NaN included."""
    assert first.keys() == second.keys()
    for name, array in first.items():
        other = second[name]
        assert (array.dtype, array.shape) == (other.dtype, other.shape), name
        assert array.tolist() == other.tolist() if array.dtype == object else array.tobytes() == other.tobytes(), name
    return True
