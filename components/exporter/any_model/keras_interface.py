"""A Keras model of any kind, called with inputs and outputs by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from components.exporter.errors import ExportError


class KerasInterface:
    """Calls a model with inputs by name and returns its outputs by name.

    tests/components/exporter/any_model/test_export_models.py shows models of every kind.

    Attributes:
        inputs: name -> spec; the first dimension is the batch, of open size.
        takes_sparse: names of inputs that are declared sparse.
    """

    def __init__(self, model: keras.Model, inputs: Mapping[str, tf.TensorSpec] | None = None) -> None:
        """Reads the model's inputs.

        Args:
            model: functional, sequential or subclassed, with weights.
            inputs: required for subclassed models, which do not declare theirs. One input is passed as it is, several
                as a dictionary. Renames the input of a model with a single one.

        Raises:
            ExportError: the model has no weights yet, declares no inputs, or declares others.
        """
        if not model.built:
            raise ExportError(
                f"model {model.name}: was never called, so it has no weights. Train it or load its weights first."
            )
        self._model = model
        declared = _declared_inputs(model)
        if declared is None and not inputs:
            raise ExportError(
                f"model {model.name}: a {type(model).__name__} declares no inputs. Give inputs: name -> "
                "tf.TensorSpec([None, ...], dtype)."
            )
        self._structure = declared if declared is not None else _structure_of(inputs or {})
        names = _names(self._structure)
        self._renamed = dict(zip(names, inputs, strict=True)) if inputs and len(inputs) == len(names) == 1 else {}
        own = {self._renamed.get(name, name): tensor for name, tensor in names.items()}
        if inputs and set(inputs) != set(own):
            raise ExportError(
                f"inputs: {sorted(inputs)} differ from those of model {model.name}, {sorted(own)}. Use its names."
            )
        self.inputs = {name: _spec(name, (inputs or own)[name]) for name in own}
        self.takes_sparse = {name for name, tensor in own.items() if getattr(tensor, "sparse", False)}

    def __call__(self, values: Mapping[str, Any]) -> dict[str, tf.Tensor]:
        """Runs the model in inference mode.

        Args:
            values: all of `inputs`.

        Returns:
            The model's own dictionary; otherwise named after output layers, or `output_0`, `output_1`, ... if there
            are none or two of the same name.

        Raises:
            ExportError: an output is not a dense tensor.
        """
        own = {name: values[self._renamed.get(name, name)] for name in _names(self._structure)}
        structure = self._structure
        argument: Any = own
        if isinstance(structure, list | tuple):
            argument = type(structure)(own[tensor.name] for tensor in structure)
        elif not isinstance(structure, Mapping):
            [argument] = own.values()
        outputs = self._named(self._model(argument, training=False))
        for name, value in outputs.items():
            if not isinstance(value, tf.Tensor):
                raise ExportError(
                    f"output {name} of model {self._model.name}: is a {type(value).__name__}; a server can only return "
                    "dense tensors. Return one (for ragged ones: `to_tensor()`)."
                )
        return outputs

    def _named(self, outputs: Any) -> dict[str, Any]:
        if isinstance(outputs, Mapping):
            return {str(name): value for name, value in outputs.items()}
        values = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
        names = list(getattr(self._model, "output_names", []))
        if isinstance(self._model, keras.Sequential):
            names = [self._model.layers[-1].name]
        if len(set(names)) != len(values):
            names = [f"output_{number}" for number in range(len(values))]
        return dict(zip(names, values, strict=True))


def _declared_inputs(model: keras.Model) -> Any:
    """Returns the structure of symbolic tensors that the model was built from; None for a subclassed model."""
    if isinstance(model, keras.Sequential):
        inputs = model.inputs
        return inputs[0] if inputs else None
    try:
        return model.input
    except AttributeError:  # subclassed
        return None


def _structure_of(inputs: Mapping[str, tf.TensorSpec]) -> Any:
    if len(inputs) > 1:
        return dict(inputs)
    [(name, spec)] = inputs.items()
    return _spec(name, spec)


def _names(structure: Any) -> dict[str, Any]:
    """Returns the tensors of a dictionary, a list or a single tensor by input name."""
    if isinstance(structure, Mapping):
        return dict(structure)
    tensors = list(structure) if isinstance(structure, list | tuple) else [structure]
    return {tensor.name: tensor for tensor in tensors}


def _spec(name: str, tensor: Any) -> tf.TensorSpec:
    shape = list(tensor.shape)
    if not shape:
        raise ExportError(f"inputs: {name} has no dimension. Make the batch its first one.")
    return tf.TensorSpec([None, *shape[1:]], tensor.dtype, name=name)
