"""Loader with which MLflow serves a stored SavedModel (`mlflow models serve`, `mlflow.pyfunc.load_model`).

Every registered version stores a copy of this file. The serving process imports the copy on a machine that has
TensorFlow but possibly not this project, so the file imports none of our modules, and TensorFlow only to load a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DEFAULT_SIGNATURE = "serving_default"


class SavedModelPredictor:
    """Predictor that calls the signatures of a SavedModel with MLflow's input types.

    Args:
        path: the SavedModel folder.
    """

    def __init__(self, path: str) -> None:
        """Loads the model."""
        import tensorflow

        self._tensorflow = tensorflow
        self._model = tensorflow.saved_model.load(path)  # its signatures become invalid without it

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> dict[str, list[Any]]:
        """Runs one signature.

        Args:
            model_input: one column for each input of the signature, all of the same length [batch]: a pandas DataFrame,
                a mapping of names to sequences, or (for a signature with one input) a sequence.
            params: `signature_name` selects a signature; default: `serving_default`.

        Returns:
            Each output as nested lists, [batch] or [batch, tokens], byte strings decoded from UTF-8.

        Raises:
            ValueError: there is no such signature, or an input is missing. MLflow's server answers 400.
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
    """Returns the inputs by name."""
    if not hasattr(model_input, "keys"):
        if len(names) != 1:
            raise ValueError(f"this signature needs the named inputs {sorted(names)}")
        return {names[0]: list(model_input)}
    missing = sorted(set(names) - set(model_input.keys()))
    if missing:
        raise ValueError(f"missing inputs {missing}; this signature needs {sorted(names)}")
    return {name: list(model_input[name]) for name in names}


def _decoded(value: Any) -> Any:
    """Returns nested lists with every byte string as text."""
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value


def _load_pyfunc(path: str) -> SavedModelPredictor:
    """Entry point that MLflow calls by this name."""
    return SavedModelPredictor(path)
