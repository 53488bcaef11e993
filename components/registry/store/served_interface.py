"""MLflow's signature and input example, derived from a model's serving contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.exporter.contract.contract import Contract
from components.exporter.contract.tensors import TensorContract
from components.exporter.saved_model.embedded_metadata import embedded_contract
from components.registry.store.ner_pyfunc_loader import DEFAULT_SIGNATURE

# TensorFlow's dtype -> MLflow's data type.
_DTYPES = {
    "string": "string",
    "float32": "float",
    "float64": "double",
    "int32": "integer",
    "int64": "long",
    "bool": "boolean",
}


def model_contract(model_dir: Path) -> Contract | None:
    """Returns the embedded contract of a model; None if it has none, or one without a default signature.

    Raises:
        ContractError: the contract is damaged.
    """
    contract = embedded_contract(model_dir)
    return contract if contract and DEFAULT_SIGNATURE in contract.signatures else None


def mlflow_signature(contract: Contract) -> Any:
    """Returns the `mlflow.models.ModelSignature` of the default signature, which MLflow's server enforces.

    Inputs of the other signatures are optional columns, because MLflow drops columns that it does not know;
    `params={"signature_name": ...}` selects the signature.
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
    """Returns one request for the default signature: input -> values [batch]; None if an input has no example."""
    inputs = contract.signatures[DEFAULT_SIGNATURE].inputs
    if not inputs or not all(tensor.example for tensor in inputs.values()):
        return None
    return {name: list(tensor.example) for name, tensor in inputs.items()}


def _is_column(tensor: TensorContract) -> bool:
    """Returns whether MLflow can pass the tensor: one plain value a row. Serialized Examples are bytes, not text."""
    return tensor.dtype in _DTYPES and tensor.shape is not None and len(tensor.shape) == 1 and tensor.role != "examples"


def _column(name: str, tensor: TensorContract, required: bool = True) -> Any:
    from mlflow.types.schema import Array, ColSpec, DataType

    kind = DataType[_DTYPES[tensor.dtype]]
    rank = 1 if tensor.shape is None else len(tensor.shape)
    for _ in range(rank - 1):
        kind = Array(kind)
    return ColSpec(kind, name, required)
