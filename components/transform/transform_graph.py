"""A tf.Transform graph as a function without Beam, which can be exported again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from components.common.faults import reading
from components.transform.features import ENDS, SENTENCE, STARTS, model_features


class TransformGraph(tf.Module):
    """A transform graph that fills in the raw features which raw texts do not have (tags, keys).

    Only public functions are used. `TFTransformOutput.transform_features_layer()` is a Keras 2 layer: saving it traces
    it again as a Keras model, which takes seconds. `transform_raw_features` cannot be saved, because nothing tracks the
    graph's tables then (tensorflow/transform#237).

    Example: tests/components/transform/test_transform_graph.py.
    """

    def __init__(self, folder: str) -> None:
        """Loads the graph from tf.Transform's output folder."""
        super().__init__(name="transform_graph")
        output = tft.TFTransformOutput(folder)
        with reading(folder):
            self._spec = output.raw_feature_spec()
            self.saved_transform = tf.saved_model.load(output.transform_savedmodel_dir)

    def __call__(self, features: Mapping[str, tf.Tensor]) -> dict[str, Any]:
        """Transforms a batch.

        Args:
            features: raw features by name, at least one; fixed-length ones have shape [batch, 1].

        Returns:
            All transformed features. Those computed from missing features are meaningless.
        """
        return self.saved_transform.transform_fn(self._filled(features))

    def only(self, names: Collection[str], features: Mapping[str, tf.Tensor]) -> dict[str, Any]:
        """Computes some of the transformed features, inside a `tf.function`.

        Copies only the required operations into the traced function instead of calling the whole graph: the server
        neither inlines the call nor prunes its unused outputs.

        Args:
            names: transformed features to compute.
            features: raw features by name, at least one.
        """
        function = self.saved_transform.transform_fn
        filled = tf.nest.flatten(self._filled(features), expand_composites=True)
        values = [*filled, *function.captured_inputs]
        fed = {tensor.name: value for tensor, value in zip(function.inputs, values, strict=True)}
        specs = {name: function.structured_outputs[name] for name in sorted(names)}
        outputs = [_computed(tensor) for name in specs for tensor in self._outputs()[name]]
        body, fed = _extracted(function.graph, outputs, fed)
        # A handle of a table must become a tensor of the traced function; those of other tables would cost a call each.
        fed = {name: tf.identity(value) for name, value in fed.items()}
        results = tf.graph_util.import_graph_def(body, fed, [tensor.name for tensor in outputs], name="transform")
        return dict(tf.nest.pack_sequence_as(specs, results, expand_composites=True))

    def token_columns(self, texts: Sequence[str]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Returns the number of tokens of each text, and the columns of all tokens.

        Args:
            texts: raw texts.

        Returns:
            int64 [texts]; `starts`, `ends` and the features of a tagger, [tokens] or [tokens, columns].
        """
        features = self({SENTENCE: tf.constant([[text] for text in texts], tf.string)})
        columns = {name: features[name].values.numpy() for name in (STARTS, ENDS, *model_features(self.names()))}
        return np.diff(features[STARTS].row_splits.numpy()), columns

    def names(self) -> frozenset[str]:
        """Returns the names of all transformed features."""
        return frozenset(self.saved_transform.transform_fn.structured_outputs)

    def sources(self, names: Iterable[str]) -> dict[str, Any]:
        """Returns the specs of the raw features from which transformed features are computed.

        Args:
            names: transformed features.
        """
        function = self.saved_transform.transform_fn
        needed = _ancestors(_computed(tensor) for name in names for tensor in self._outputs()[name])
        [[features], _] = function.structured_input_signature
        fed = _by_name(features, function.inputs)  # captured tables and constants follow after the features
        return {name: self._spec[name] for name in self._spec if needed & {tensor.op.name for tensor in fed[name]}}

    def _outputs(self) -> dict[str, list[tf.Tensor]]:
        function = self.saved_transform.transform_fn
        return _by_name(function.structured_outputs, function.outputs)

    def _filled(self, features: Mapping[str, tf.Tensor]) -> dict[str, Any]:
        batch = tf.shape(next(iter(features.values())), tf.int64)[0]
        return {name: features[name] if name in features else _empty(spec, batch) for name, spec in self._spec.items()}


def _by_name(structure: Mapping[str, Any], tensors: Sequence[tf.Tensor]) -> dict[str, list[tf.Tensor]]:
    """Groups the flat list of a function's tensors by feature: one, or several if it is sparse or ragged."""
    flat = iter(tensors)
    return {
        name: [next(flat) for _ in tf.nest.flatten(structure[name], expand_composites=True)]
        for name in sorted(structure)  # the order in which TensorFlow flattens dictionaries
    }


def _computed(output: tf.Tensor) -> tf.Tensor:
    """Returns an output of a function without its control dependencies.

    In a transform graph these only trigger unrelated lookups and checks.
    """
    return output.op.inputs[0] if output.op.type == "Identity" and output.op.control_inputs else output


def _extracted(
    graph: tf.Graph, outputs: Sequence[tf.Tensor], fed: Mapping[str, tf.Tensor]
) -> tuple[Any, dict[str, tf.Tensor]]:
    """Returns the part of a graph that computes the outputs, as a GraphDef, and the entries of `fed` that it reads."""
    needed = _ancestors(outputs)
    read = {name: value for name, value in fed.items() if name.partition(":")[0] in needed}
    needed -= {name.partition(":")[0] for name in read}
    whole = graph.as_graph_def()
    part = tf.compat.v1.GraphDef(versions=whole.versions, library=whole.library)
    part.node.extend(node for node in whole.node if node.name in needed)
    return part, read


def _ancestors(tensors: Iterable[tf.Tensor]) -> set[str]:
    """Returns the names of all ops from which tensors are computed."""
    waiting, seen = [tensor.op for tensor in tensors], set[str]()
    while waiting:
        op = waiting.pop()
        if op.name not in seen:
            seen.add(op.name)
            waiting += [*(tensor.op for tensor in op.inputs), *op.control_inputs]
    return seen


def _empty(spec: Any, batch: tf.Tensor) -> tf.Tensor | tf.SparseTensor:
    """Returns a batch of empty values for a feature."""
    filler: Any = "" if spec.dtype == tf.string else tf.constant(0, spec.dtype)
    if isinstance(spec, tf.io.FixedLenFeature):
        return tf.fill(tf.concat([[batch], tf.constant(spec.shape, tf.int64)], 0), filler)
    if isinstance(spec, tf.io.VarLenFeature):
        values = tf.fill([0], filler)
        return tf.SparseTensor(tf.zeros([0, 2], tf.int64), values, tf.stack([batch, tf.constant(0, tf.int64)]))
    raise TypeError(f"serving cannot fill in a raw feature of this kind: {spec}")
