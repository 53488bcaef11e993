"""One version of a model in memory: checked, loaded, warm."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from components.common.faults import reading
from components.exporter.contract.contract import Contract
from components.exporter.saved_model.embedded_metadata import embedded_contract
from components.exporter.validator.private_copy import checked_copy
from components.exporter.validator.probe.saved_graph import SavedGraph, TensorInfo
from components.exporter.validator.probe.served_model import ServedModel

PREDICT = "tensorflow/serving/predict"
"""Method name of the signatures that a server offers."""


@dataclasses.dataclass(frozen=True)
class ServedSignature:
    """Inputs and outputs of a signature by name."""

    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]


class LoadedVersion:
    """A version that answers requests.

    tests/components/serving/server/test_engine.py shows it at work.

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
        """Loads a model on the CPU, after the checks of a model of unknown origin.

        Raises:
            NerError: the model may not or cannot be loaded.
        """
        with reading(folder), checked_copy(folder) as copy:
            graph = SavedGraph(copy)
            contract = embedded_contract(copy)
            model = ServedModel(str(copy))
        definitions = {}
        for name, message in graph.message.signature_def.items():
            definitions[name] = type(message)()
            definitions[name].CopyFrom(message)  # a part of the message would keep the whole graph in memory
        signatures = {
            name: ServedSignature(graph.inputs(name), graph.outputs(name))
            for name, method in sorted(graph.methods.items())
            if method == PREDICT
        }
        return cls(number, folder, model, signatures, contract, definitions=definitions)

    def run(self, signature: str, inputs: Mapping[str, np.ndarray], outputs: Sequence[str]) -> dict[str, np.ndarray]:
        """Runs a signature; several threads may do so at once.

        Raises:
            TensorFlowError: the model refuses the request.
        """
        served = self.signatures[signature]
        feeds = {served.inputs[name].tensor: value for name, value in inputs.items()}
        values = self._model.run(feeds, [served.outputs[name].tensor for name in outputs])
        return dict(zip(outputs, values, strict=True))
