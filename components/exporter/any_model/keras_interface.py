"""How a Keras model wants to be called, and what it gives: by name, whatever kind of model it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from components.exporter.errors import ModelExportError


class KerasInterface:
    """Calls a model with inputs by name and returns its outputs by name.

    Attributes:
        inputs: name -> spec; the first dimension is the batch and has no fixed size.
        takes_sparse: names of inputs that are declared sparse.
    """

    def __init__(self, model: keras.Model, inputs: Mapping[str, tf.TensorSpec] | None = None) -> None:
        """Looks at the model.

        Args:
            model: functional, sequential or subclassed, with weights.
            inputs: needed for subclassed models, which do not say what they take. One input is handed over as it is,
                several as a dictionary. Renames the input of a model that has a single one.

        Raises:
            ModelExportError: the model has no weights yet, does not say what it takes, or takes something else.
        """
        if not model.built:
            raise ModelExportError(
                f"model {model.name} was never called, so it has no weights. Train it or load its weights first."
            )
        self._model = model
        declared = _declared_inputs(model)
        if declared is None and not inputs:
            raise ModelExportError(
                f"model {model.name} is a {type(model).__name__}, which does not say what it takes. Give inputs: name "
                "-> tf.TensorSpec([None, ...], dtype)."
            )
        self._structure = declared if declared is not None else _structure_of(inputs or {})
        names = _names(self._structure)
        self._renamed = dict(zip(names, inputs, strict=True)) if inputs and len(inputs) == len(names) == 1 else {}
        own = {self._renamed.get(name, name): tensor for name, tensor in names.items()}
        if inputs and set(inputs) != set(own):
            raise ModelExportError(
                f"inputs: {sorted(inputs)} are given, and model {model.name} takes {sorted(own)}. Use its names."
            )
        self.inputs = {name: _spec(name, (inputs or own)[name]) for name in own}
        self.takes_sparse = {name for name, tensor in own.items() if getattr(tensor, "sparse", False)}

    def __call__(self, values: Mapping[str, Any]) -> dict[str, tf.Tensor]:
        """Runs the model as it predicts.

        Args:
            values: all of `inputs`.

        Returns:
            A model's own dictionary; else named after output layers, or `output_0`, `output_1`, ... where there are
            none or two of the same name.

        Raises:
            ModelExportError: an output is no dense tensor.
        """
        given = {name: values[self._renamed.get(name, name)] for name in _names(self._structure)}
        structure = self._structure
        argument: Any = given
        if isinstance(structure, list | tuple):
            argument = type(structure)(given[tensor.name] for tensor in structure)
        elif not isinstance(structure, Mapping):
            [argument] = given.values()
        found = self._named(self._model(argument, training=False))
        for name, value in found.items():
            if not isinstance(value, tf.Tensor):
                raise ModelExportError(
                    f"output {name} of model {self._model.name} is a {type(value).__name__}; a server can only return "
                    "dense tensors. Return one (for ragged ones: `to_tensor()`)."
                )
        return found

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
    """The structure of symbolic tensors that the model was built from; None: there is none."""
    if isinstance(model, keras.Sequential):
        inputs = model.inputs
        return inputs[0] if inputs else None
    try:
        return model.input
    except AttributeError:  # of models that are classes
        return None


def _structure_of(inputs: Mapping[str, tf.TensorSpec]) -> Any:
    if len(inputs) > 1:
        return dict(inputs)
    [(name, spec)] = inputs.items()
    return _spec(name, spec)


def _names(structure: Any) -> dict[str, Any]:
    """Input names of a dictionary, a list or a single tensor."""
    if isinstance(structure, Mapping):
        return dict(structure)
    tensors = list(structure) if isinstance(structure, list | tuple) else [structure]
    return {tensor.name: tensor for tensor in tensors}


def _spec(name: str, tensor: Any) -> tf.TensorSpec:
    shape = list(tensor.shape)
    if not shape:
        raise ModelExportError(f"inputs: {name} has no dimension; the first one must be the batch.")
    return tf.TensorSpec([None, *shape[1:]], tensor.dtype, name=name)
