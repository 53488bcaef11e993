"""A SavedModel in a TensorFlow session, loaded like TensorFlow Serving does.

Import this module inside a test or fixture: it loads TensorFlow.
"""

from __future__ import annotations

import tensorflow as tf


class Server:
    """Runs signatures: `server("keyed", sentence=[...], key=[...])` returns outputs by name."""

    def __init__(self, folder):
        """Loads the folder; `session` must be closed."""
        self.session = tf.compat.v1.Session(graph=tf.Graph())
        with self.session.graph.as_default():
            self.signatures = tf.compat.v1.saved_model.load(self.session, ["serve"], str(folder)).signature_def

    def __call__(self, signature="serving_default", **inputs):
        """Returns numpy arrays by output name."""
        definition = self.signatures[signature]
        feeds = {definition.inputs[name].name: value for name, value in inputs.items()}
        return self.session.run({name: tensor.name for name, tensor in definition.outputs.items()}, feeds)

    @property
    def names(self):
        """The names of the signatures."""
        return {name for name in self.signatures if not name.startswith("__")}

    def shown(self, signature="serving_default"):
        """Returns name, type and shape of each tensor, in the form of `saved_model_cli show`."""
        from tensorflow.core.framework import types_pb2

        definition = self.signatures[signature]
        assert definition.method_name == "tensorflow/serving/predict"
        return [
            f"{side}[{name!r}] {types_pb2.DataType.Name(tensor.dtype)} "
            f"({', '.join(str(dim.size) for dim in tensor.tensor_shape.dim)})"
            for side in ("inputs", "outputs")
            for name, tensor in sorted(getattr(definition, side).items())
        ]
