"""The serving contract of a model as MLflow's signature and input example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.exporter.contract.contract import Contract
from components.exporter.contract.tensors import TensorContract
from components.exporter.saved_model.embedded_metadata import embedded_contract
from components.registry.store.ner_pyfunc_loader import DEFAULT_SIGNATURE

# TensorFlow's names and MLflow's.
_DTYPES = {"string": "string", "float32": "float", "float64": "double", "int32": "integer", "int64": "long"}
_DTYPES["bool"] = "boolean"


def model_contract(model_dir: Path) -> Contract | None:
    """The contract that a model carries; None if it carries none, or none with a default signature.

    Raises:
        ContractError: If it is damaged.
    """
    contract = embedded_contract(model_dir)
    return contract if contract and DEFAULT_SIGNATURE in contract.signatures else None


def mlflow_signature(contract: Contract) -> Any:
    """Says to MLflow what the default signature takes and gives, so that its server refuses other requests.

    Inputs of the other signatures are columns too, not required, since MLflow drops what it does not know;
    `params={"signature_name": ...}` chooses the signature.

    Returns:
        An `mlflow.models.ModelSignature`.
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ParamSchema, ParamSpec, Schema

    default = contract.signatures[DEFAULT_SIGNATURE]
    inputs = {
        name: tensor
        for signature in contract.signatures.values()
        for name, tensor in signature.inputs.items()
        if _is_column(tensor)
    }
    params = ParamSchema([ParamSpec("signature_name", "string", DEFAULT_SIGNATURE)])
    return ModelSignature(
        Schema([_column(name, tensor, name in default.inputs) for name, tensor in sorted(inputs.items())]),
        Schema([_column(name, tensor) for name, tensor in sorted(default.outputs.items())]),
        params,
    )


def input_example(contract: Contract) -> dict[str, Any] | None:
    """One request for the default signature, made of the contract's own examples; None where one is lacking.

    Returns:
        Input -> values [batch].
    """
    inputs = contract.signatures[DEFAULT_SIGNATURE].inputs
    if not inputs or not all(tensor.example for tensor in inputs.values()):
        return None
    return {name: list(tensor.example) for name, tensor in inputs.items()}


def _is_column(tensor: TensorContract) -> bool:
    """Whether MLflow can hand it through: one plain value a row. Serialized Examples are bytes, not text."""
    return tensor.dtype in _DTYPES and tensor.shape is not None and len(tensor.shape) == 1 and tensor.role != "examples"


def _column(name: str, tensor: TensorContract, required: bool = True) -> Any:
    from mlflow.types.schema import Array, ColSpec, DataType

    kind = DataType[_DTYPES[tensor.dtype]]
    rank = 1 if tensor.shape is None else len(tensor.shape)
    for _ in range(rank - 1):
        kind = Array(kind)
    return ColSpec(kind, name, required)
