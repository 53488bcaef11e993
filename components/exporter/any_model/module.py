"""The exported graph of any Keras model: raw features in, named outputs or labels out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from components.common.faults import MachineError
from components.exporter.any_model.keras_interface import KerasInterface
from components.exporter.any_model.label_lookup import LabelLookup
from components.exporter.errors import ExportError
from components.transform.transform_graph import TransformGraph


class GenericModule(tf.Module):
    """Transform graph, model and label lookup in one graph.

    Tracks the raw variables that the graph reads and never the Keras model, for the reason given in `ServingModule`;
    the model is kept in a closure. Tables of its lookup layers are tracked one by one.

    Attributes:
        inputs: served name -> spec.
        answer: concrete function, inputs by name -> outputs by name.
    """

    def __init__(
        self,
        model: keras.Model,
        interface: KerasInterface,
        transform_graph: str | None = None,
        labels: LabelLookup | None = None,
    ) -> None:
        """Combines and traces the parts.

        Args:
            model: owns the variables and tables.
            interface: calls the model.
            transform_graph: tf.Transform's output folder; None: requests hold the model's own inputs.
            labels: converts the model's only output to labels.

        Raises:
            ExportError: the parts do not fit together.
        """
        super().__init__(name="generic_serving")
        self.transform = None if transform_graph is None else _loaded(transform_graph)
        raw = {} if self.transform is None else _raw_features(self.transform, interface)
        self.inputs = {name: _served(name, spec) for name, spec in raw.items()} or {
            name: tf.TensorSpec(spec.shape, _served_dtype("input", name, spec.dtype), name)
            for name, spec in interface.inputs.items()
        }

        @tf.function(autograph=False)
        def answer(values: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            if self.transform is not None:
                values = self.transform({name: _as_parsed(raw[name], value) for name, value in values.items()})
                _require_dense(values, interface)
            own = {name: _cast(values[name], spec.dtype) for name, spec in interface.inputs.items()}
            outputs = {
                name: _cast(value, _served_dtype("output", name, value.dtype)) for name, value in interface(own).items()
            }
            return outputs if labels is None else _labelled(outputs, labels)

        self.answer = answer.get_concrete_function(self.inputs)
        self.model_variables = list(self.answer.variables)
        kind = tf.saved_model.experimental.TrackableResource
        self.tables = [each for each in tf.train.TrackableView(model).descendants() if isinstance(each, kind)]


def _loaded(folder: str) -> TransformGraph:
    try:
        return TransformGraph(folder)
    except (OSError, MachineError) as error:
        raise ExportError(
            f"transform_graph: {folder} is not a complete output folder of tf.Transform ({error}). It must hold "
            "transform_fn, transformed_metadata and, like TFX's Transform writes it, the raw schema in metadata."
        ) from error


def _raw_features(transform: TransformGraph, interface: KerasInterface) -> dict[str, Any]:
    """Returns specs of the raw features that the model's inputs are computed from, so not the training label."""
    if missing := sorted({*interface.inputs} - transform.names()):
        raise ExportError(
            f"inputs: the model takes {missing}, which the transform graph does not give; it gives "
            f"{sorted(transform.names())}. Name the model's inputs after transformed features."
        )
    return transform.sources(interface.inputs)


def _served(name: str, spec: Any) -> tf.TensorSpec:
    """Returns the input of a request for a raw feature."""
    if isinstance(spec, tf.io.FixedLenFeature):
        return tf.TensorSpec([None, *spec.shape], spec.dtype, name=name)
    if isinstance(spec, tf.io.VarLenFeature):
        return tf.TensorSpec([None, None], spec.dtype, name=name)
    raise ExportError(
        f"raw feature {name} of the transform graph: is a {type(spec).__name__}, which a request cannot hold. Declare "
        "it with a fixed shape, or as a list of values, in the schema."
    )


def _as_parsed(spec: Any, value: tf.Tensor) -> Any:
    """Converts to the parsed form of a tf.Example; every value of a variable-length feature counts, "" and 0 too."""
    if isinstance(spec, tf.io.VarLenFeature):
        return tf.RaggedTensor.from_tensor(value).to_sparse()
    return value


def _require_dense(values: Mapping[str, Any], interface: KerasInterface) -> None:
    for name in interface.inputs:
        if not isinstance(values[name], tf.Tensor) and name not in interface.takes_sparse:
            raise ExportError(
                f"transformed feature {name}: is a {type(values[name]).__name__}, but the model takes it dense. Make "
                "it dense in the preprocessing function, or declare keras.Input(..., sparse=True)."
            )


def _cast(value: Any, dtype: tf.DType) -> Any:
    return value if value.dtype == dtype else tf.cast(value, dtype)


def _served_dtype(side: str, name: str, dtype: tf.DType) -> tf.DType:
    """Returns the dtype with which a request or an answer holds a tensor."""
    if dtype in (tf.bfloat16, tf.float16):
        return tf.float32
    if dtype.is_complex or dtype.is_quantized or dtype in (tf.resource, tf.variant):
        raise ExportError(
            f"{side} {name}: is {dtype.name}, which a request or an answer cannot hold (docs/pitfalls.md, "
            "dtype_not_served). Cast it inside the model: tf.math.real and tf.math.imag for complex numbers, "
            "tf.dequantize for quantized ones."
        )
    return dtype


def _labelled(outputs: Mapping[str, tf.Tensor], labels: LabelLookup) -> dict[str, tf.Tensor]:
    if len(outputs) != 1:
        raise ExportError(
            f"labels: belong to one output, but the model gives {sorted(outputs)}. Export a model that gives only the "
            "class scores: keras.Model(model.inputs, model.outputs[0])."
        )
    [(name, scores)] = outputs.items()
    return labels(scores, name)
