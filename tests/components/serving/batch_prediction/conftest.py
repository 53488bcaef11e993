"""Models for batch predictions."""

from __future__ import annotations

import pytest
from support.build_once import build_once


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Folder of an exported tagger of a few words."""

    def build(folder):
        from support.tiny_tagger import TinyTagger

        TinyTagger(folder / "assets").save(folder / "model")

    import tensorflow  # noqa: F401 - the C API alone would prevent a later import

    return build_once(tmp_path_factory, "tiny_batch", build) / "model"


@pytest.fixture(scope="session")
def doubling(tmp_path_factory):
    """Folder of a model that is not a tagger: doubles `x` and returns the length of `name`."""

    def build(folder):
        import tensorflow as tf

        @tf.function(
            input_signature=[tf.TensorSpec([None, 2], tf.float32, "x"), tf.TensorSpec([None], tf.string, "name")]
        )
        def double(x, name):
            return {"twice": 2 * x, "length": tf.strings.length(name), "name": tf.identity(name)}

        module = tf.Module()
        module.weight = tf.Variable(1.0)
        tf.saved_model.save(module, str(folder / "model"), signatures=double)

    import tensorflow  # noqa: F401

    return build_once(tmp_path_factory, "doubling_batch", build) / "model"
