"""One version of a model in memory: checked, loaded, warm."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from components.common.errors import NerError, quoted
from components.common.faults import reading
from components.exporter.contract.contract import Contract
from components.exporter.saved_model.embedded_metadata import embedded_contract, embedded_golden, embedded_manifest
from components.exporter.validator.private_copy import checked_copy
from components.exporter.validator.probe import folder_checks
from components.exporter.validator.probe.answer_checks import alike
from components.exporter.validator.probe.c_api import TensorFlowError, numpy_dtype
from components.exporter.validator.probe.endpoint import Context, Endpoint
from components.exporter.validator.probe.pitfalls import CheckFailedError
from components.exporter.validator.probe.saved_graph import SavedGraph, TensorInfo, derived_contract
from components.exporter.validator.probe.served_model import ServedModel
from components.exporter.validator.probe.values import from_json

PREDICT = "tensorflow/serving/predict"
"""Method name of the signatures that a server offers."""


class VersionError(NerError):
    """A version cannot be served."""


@dataclasses.dataclass(frozen=True)
class ServedSignature:
    """Inputs and outputs of a signature by name."""

    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]


class LoadedVersion:
    """A version that answers requests.

    tests/components/serving/server/test_following.py shows it at work.

    Attributes:
        number: of the version.
        folder: its SavedModel.
        signatures: by name.
        contract: the embedded one; None if the model has none.
        definitions: `SignatureDef` of every signature by name, also of those that are not served.
    """

    def __init__(
        self,
        number: int,
        folder: Path,
        model: ServedModel,
        signatures: Mapping[str, ServedSignature],
        contract: Contract | None,
        *,
        definitions: Mapping[str, Any],
    ) -> None:
        """Takes over a loaded model."""
        self.number = number
        self.folder = folder
        self.signatures = signatures
        self.contract = contract
        self.definitions = definitions
        self._model = model

    @classmethod
    def load(cls, number: int, folder: Path) -> LoadedVersion:
        """Loads a model on the CPU and asks it the requests that are embedded in it.

        Its files are compared with the embedded hashes, and the checks of a model of unknown origin come before the
        load. Signatures without embedded requests get generated ones, so that their first caller does not wait.

        Raises:
            NerError: the model may not or cannot be loaded, or its answers differ from the embedded ones.
        """
        with reading(folder), checked_copy(folder) as copy:
            graph = SavedGraph(copy)
            contract = embedded_contract(copy)
            golden = embedded_golden(copy)
            _require_intact(folder, copy, graph)
            try:
                model = ServedModel(str(copy))
            except TensorFlowError as error:
                raise VersionError(f"{folder}: TensorFlow cannot load the model: {error}. Export it again.") from error
        definitions = {}
        for name, message in graph.message.signature_def.items():
            definitions[name] = type(message)()
            definitions[name].CopyFrom(message)  # a part of the message would keep the whole graph in memory
        signatures = {
            name: ServedSignature(graph.inputs(name), graph.outputs(name))
            for name, method in sorted(graph.methods.items())
            if method == PREDICT
        }
        version = cls(number, folder, model, signatures, contract, definitions=definitions)
        try:
            if not signatures:
                raise VersionError(f"{folder}: the model has no signature. Export it with one.")
            version._require_golden(golden)
            version._warm_up(graph, {*signatures} - {case["signature"] for case in golden})
        except BaseException:
            version.close()
            raise
        return version

    def run(self, signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs a signature and returns all its outputs; several threads may do so at once.

        TensorFlow compiles a graph for every set of outputs: the first run of each would take a second, and its memory
        stays. Callers that want few outputs drop the others.

        Raises:
            TensorFlowError: the model refuses the request.
        """
        served = self.signatures[signature]
        feeds = {served.inputs[name].tensor: value for name, value in inputs.items()}
        values = self._model.run(feeds, [info.tensor for info in served.outputs.values()])
        return dict(zip(served.outputs, values, strict=True))

    def close(self) -> None:
        """Frees the memory; no thread may run the model any more."""
        self._model.close()

    def _require_golden(self, cases: Sequence[Mapping[str, Any]]) -> None:
        """Compares answers; numbers may differ by the rounding of another processor."""
        for number, case in enumerate(cases):
            name = case["signature"]
            where = f"{self.folder}: embedded request {number}, signature {quoted(name)}"
            try:
                served = self.signatures[name]
                inputs = {key: _parsed(served.inputs[key], value) for key, value in case["inputs"].items()}
                expected = {key: _parsed(served.outputs[key], value) for key, value in case["outputs"].items()}
                answer = self.run(name, inputs)
            except (TensorFlowError, KeyError, ValueError, TypeError) as error:
                raise VersionError(f"{where}: {type(error).__name__}: {error}. Export the model again.") from error
            for key, value in expected.items():
                if value.size != answer[key].size or not alike(value.reshape(answer[key].shape), answer[key], ""):
                    raise VersionError(
                        f"{where}: the model answers {quoted(answer[key].tolist())} as {key}, and answered "
                        f"{quoted(value.tolist())} when it was exported. Restore the folder, or export the model again."
                    )

    def _warm_up(self, graph: SavedGraph, names: Collection[str]) -> None:
        contract = (self.contract and self.contract.to_dict()) or derived_contract(graph, ())
        failures = []
        for name in sorted(names):
            if name not in contract["signatures"]:
                continue
            endpoint = Endpoint(name, contract["signatures"][name], graph, self._model, ())
            try:
                for rows in (1, 2) if endpoint.batched else (1,):
                    endpoint.call(endpoint.request(rows), f"a request to signature {name}")
            except (CheckFailedError, TensorFlowError) as error:
                failures.append(str(error))  # generated values need not suit a model of another project
        if self.contract is not None and failures:
            raise VersionError(f"{self.folder}: {failures[0]}. Export the model again.")


def _require_intact(folder: Path, copy: Path, graph: SavedGraph) -> None:
    context = Context(copy, {}, (), {"manifest": embedded_manifest(copy)}, graph)
    for check in (folder_checks.files, folder_checks.manifest):
        try:
            check(context)
        except CheckFailedError as error:
            raise VersionError(f"{folder}: {error.pitfall}: {error.detail}. {error.fix}") from error


def _parsed(info: TensorInfo, value: Any) -> np.ndarray:
    return from_json(value, numpy_dtype(info.number))
