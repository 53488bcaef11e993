"""Lets MLflow's own server load a stored SavedModel (`mlflow models serve`, `mlflow.pyfunc.load_model`).

A copy of this file is stored with every registered version and is imported by the process that serves it, on a machine
that has TensorFlow but not necessarily this project. So it imports nothing of ours, and TensorFlow only when a model is
loaded: the registry and the pusher never run it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DEFAULT_SIGNATURE = "serving_default"


class SavedModelPredictor:
    """Calls the signatures of a SavedModel with MLflow's kind of input.

    Args:
        path: The SavedModel folder.
    """

    def __init__(self, path: str) -> None:
        """Loads the model."""
        import tensorflow

        self._tensorflow = tensorflow
        self._model = tensorflow.saved_model.load(path)  # its signatures die with it, so it is kept

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> dict[str, list[Any]]:
        """Runs one signature.

        Args:
            model_input: One column for each input of the signature, all of one length [batch]: a pandas DataFrame, a
                mapping of names to sequences, or (signatures with one input) a bare sequence.
            params: `signature_name` chooses another signature than `serving_default`.

        Returns:
            Each output as nested lists, [batch] or [batch, tokens]; byte strings decoded from UTF-8.

        Raises:
            ValueError: If there is no such signature or an input is missing; MLflow's server answers 400.
        """
        name = (params or {}).get("signature_name", DEFAULT_SIGNATURE)
        if name not in self._model.signatures:
            raise ValueError(f"no signature {name!r}; this model has {sorted(self._model.signatures)}")
        signature = self._model.signatures[name]
        specs = signature.structured_input_signature[1]
        columns = _columns(model_input, list(specs))
        tensors = {key: self._tensorflow.constant(columns[key], specs[key].dtype) for key in specs}
        return {key: _decoded(value.numpy().tolist()) for key, value in signature(**tensors).items()}


def _columns(model_input: Any, names: Sequence[str]) -> dict[str, list[Any]]:
    """The inputs by name, whichever of MLflow's forms they came in."""
    if not hasattr(model_input, "keys"):
        if len(names) != 1:
            raise ValueError(f"this signature needs the named inputs {sorted(names)}")
        return {names[0]: list(model_input)}
    missing = sorted(set(names) - set(model_input.keys()))
    if missing:
        raise ValueError(f"missing inputs {missing}; this signature needs {sorted(names)}")
    return {name: list(model_input[name]) for name in names}


def _decoded(value: Any) -> Any:
    """Nested lists with every byte string as text."""
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value


def _load_pyfunc(path: str) -> SavedModelPredictor:
    """The entry point that MLflow calls; the name is MLflow's."""
    return SavedModelPredictor(path)
