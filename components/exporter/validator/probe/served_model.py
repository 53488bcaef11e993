"""A SavedModel behind TensorFlow's C API, loaded like a server does: in 0.5 s, without Python's TensorFlow."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence

import numpy as np

from .c_api import POINTER, Output, TensorFlowError, call, library, protos, to_array, to_tensor


def announce(action: str) -> None:
    """Called before the model is loaded or gets a request; the probe replaces it to tell its parent."""


class ServedModel:
    """A loaded model. Several threads may call `run` at once.

    tests/components/exporter/validator/test_validate.py shows it at work.
    """

    def __init__(self, folder: str, threads: int = 0) -> None:
        """Loads the graph with the tag `serve` on the CPU, through the C++ function that TensorFlow Serving calls.

        Args:
            folder: the SavedModel.
            threads: that compute one request; 0: one for each processor.

        Raises:
            TensorFlowError: the folder cannot be loaded.
        """
        announce("load")
        lib = library()
        self._graph = lib.TF_NewGraph()
        self._session = None
        self._tensors: dict[str, Output] = {}
        options = lib.TF_NewSessionOptions()
        config = (
            protos("core.protobuf.config_pb2")
            .ConfigProto(
                device_count={"GPU": 0}, intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads
            )
            .SerializeToString()
        )
        tags = (ctypes.c_char_p * 1)(b"serve")
        try:
            call("TF_SetConfig", options, config, len(config))
            self._session = call(
                "TF_LoadSessionFromSavedModel", options, None, folder.encode(), tags, 1, self._graph, None
            )
        finally:
            lib.TF_DeleteSessionOptions(options)
            if self._session is None:
                lib.TF_DeleteGraph(self._graph)

    def run(self, inputs: Mapping[str, np.ndarray], outputs: Sequence[str]) -> list[np.ndarray]:
        """Runs the graph once.

        Args:
            inputs: tensor name (`name:0`) -> value; strings are arrays of `bytes` objects.
            outputs: tensor names.

        Returns:
            One array per output; strings as `bytes` objects.

        Raises:
            TensorFlowError: the run failed, or the graph has no such tensor.
        """
        announce("request")
        feeds = (Output * len(inputs))(*[self._output(name) for name in inputs])
        fetches = (Output * len(outputs))(*[self._output(name) for name in outputs])
        values = (POINTER * len(inputs))(*[to_tensor(value) for value in inputs.values()])
        results = (POINTER * len(outputs))()
        fetched = fetches, results, len(outputs)
        try:
            call("TF_SessionRun", self._session, None, feeds, values, len(inputs), *fetched, None, 0, None)
            return [to_array(result) for result in results if result is not None]
        finally:
            for tensor in filter(None, [*values, *results]):
                library().TF_DeleteTensor(tensor)

    def close(self) -> None:
        """Frees the model's memory. No thread may run it any more; only models that come and go need it."""
        session, self._session = self._session, None
        self._tensors = {}
        if session is not None:
            call("TF_CloseSession", session)
            call("TF_DeleteSession", session)
            library().TF_DeleteGraph(self._graph)

    def _output(self, name: str) -> Output:
        if name not in self._tensors:
            self._tensors[name] = self._find(name)
        return self._tensors[name]

    def _find(self, name: str) -> Output:
        operation, _, index = name.partition(":")
        pointer = library().TF_GraphOperationByName(self._graph, operation.encode())
        if not pointer:
            raise TensorFlowError(f"the graph has no tensor {name}")
        return Output(pointer, int(index or 0))
