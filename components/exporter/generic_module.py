"""What is served of any Keras model: raw features in, named outputs or labels out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft

from components.exporter.keras_interface import KerasInterface
from components.exporter.label_lookup import LabelLookup
from components.exporter.model_export_error import ModelExportError
from components.exporter.transform_graph import TransformGraph


class GenericModule(tf.Module):
    """Transform graph, model and label lookup in one graph.

    Tracks the raw variables that the graph reads and never the Keras model, for the reason that `ServingModule` gives;
    the model lives in a closure. Tables of its lookup layers are tracked one by one.

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
        """Puts the parts together and traces them.

        Args:
            model: owns the variables and tables.
            interface: calls the model.
            transform_graph: tf.Transform's output folder; None: the model takes what is served.
            labels: turns the model's only output into a label.

        Raises:
            ModelExportError: the parts do not go together.
        """
        super().__init__(name="generic_serving")
        self.transform = TransformGraph(transform_graph) if transform_graph is not None else None
        raw = {} if self.transform is None else _raw_features(str(transform_graph), self.transform, interface)
        self.inputs = {name: _served(name, spec) for name, spec in raw.items()} or interface.inputs

        # Not `autograph=False`: a model whose `call` was trained with Python's `if` on tensors can be exported, too.
        @tf.function
        def answer(values: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            if self.transform is not None:
                values = self.transform({name: _as_parsed(raw[name], value) for name, value in values.items()})
                _require_dense(values, interface)
            outputs = interface(values)
            return outputs if labels is None else _labelled(outputs, labels)

        self.answer = answer.get_concrete_function(self.inputs)
        self.model_variables = list(self.answer.variables)
        kind = tf.saved_model.experimental.TrackableResource
        self.tables = [each for each in tf.train.TrackableView(model).descendants() if isinstance(each, kind)]


def _raw_features(folder: str, transform: TransformGraph, interface: KerasInterface) -> dict[str, Any]:
    """Feature specs of what must be sent: what the model's inputs are computed from, so not the training label."""
    graph = transform.saved_transform.transform_fn.graph
    transformed = graph.structured_outputs
    if missing := sorted({*interface.inputs} - {*transformed}):
        raise ModelExportError(
            f"the model takes {missing}, and the transform graph gives {sorted(transformed)}. Name the model's inputs "
            "after transformed features."
        )
    wanted = [tf.nest.flatten(transformed[name], expand_composites=True) for name in interface.inputs]
    [given], _ = transform.saved_transform.transform_fn.structured_input_signature
    needed = _ancestors(graph, {spec.name for specs in wanted for spec in specs})
    positions = iter(graph.inputs)
    fed = {name: [next(positions) for _ in tf.nest.flatten(given[name], expand_composites=True)] for name in sorted(given)}
    spec = tft.TFTransformOutput(folder).raw_feature_spec()
    return {name: spec[name] for name in spec if needed & {tensor.op.name for tensor in fed[name]}}
