"""The signatures of an exported tagger: the same tags, requested in different ways.

Article: "How to extend a Keras model" (keys and features passed through, several signatures). Every signature is a
function around one traced core, so the graph holds the tagger once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from components.exporter.serving.serving_module import ServingModule
from components.exporter.settings import ExporterSettings
from components.keys import FEATURE_FORWARD, KEYED, SERVING_DEFAULT, SERVING_EXAMPLES, UNKEYED
from components.transform.features import KEY, SENTENCE

_AS_MANY = "Send one value for each sentence."


def build_signatures(module: ServingModule, settings: ExporterSettings) -> dict[str, Callable[..., Any]]:
    """Returns the signatures by name, for `tf.saved_model.save`.

    Args:
        module: tags sentences.
        settings: default signature and forwarded features.
    """
    keyed = _forwarding(module, {KEY: "string"})
    signatures: dict[str, Callable[..., Any]] = {
        KEYED: keyed,
        SERVING_DEFAULT: module.tag,
        SERVING_EXAMPLES: _examples(module),
    }
    if settings.default == KEYED:
        signatures |= {SERVING_DEFAULT: keyed, UNKEYED: module.tag}
    if settings.forward:
        signatures[FEATURE_FORWARD] = _forwarding(module, settings.forward)
    return signatures


def _forwarding(module: ServingModule, features: Mapping[str, str]) -> Callable[..., Any]:
    """Returns a signature that tags `sentence` and returns `features` (name -> dtype) unchanged, [batch] each.

    A request with another number of values of a feature than sentences is an error.
    """
    specs = {name: tf.TensorSpec([None], dtype, name=name) for name, dtype in {**features, SENTENCE: "string"}.items()}

    @tf.function(autograph=False)
    def forward(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        rows = tf.size(inputs[SENTENCE])
        checks = [
            # The op itself, because `tf.debugging.Assert` adds a branch.
            tf.raw_ops.Assert(
                condition=tf.equal(tf.size(inputs[name]), rows),
                data=[f"{name}:", tf.size(inputs[name]), "values, sentences:", rows, _AS_MANY],
            )
            for name in features
        ]
        with tf.control_dependencies(checks):
            forwarded = {name: tf.identity(inputs[name]) for name in features}
        return {**module.tag(inputs[SENTENCE]), **forwarded}

    return forward.get_concrete_function(**specs)


def _examples(module: ServingModule) -> Callable[..., Any]:
    """Returns the signature for serialized `tf.Example`s.

    The key has shape [batch, 1], because BulkInferrer cannot take strings of rank 1.
    """

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serving_examples(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        parsed = tf.io.parse_example(
            examples,
            {SENTENCE: tf.io.FixedLenFeature([], tf.string), KEY: tf.io.FixedLenFeature([1], tf.string, [""])},
        )
        return {**module.tag_completely(parsed[SENTENCE]), KEY: parsed[KEY]}

    return serving_examples
