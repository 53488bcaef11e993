"""From a trained model and a transform graph to a SavedModel. Knows no TFX."""

from __future__ import annotations

import tensorflow as tf

from components.exporter.serving_module import ServingModule
from components.exporter.settings import ExportSettings
from components.exporter.signatures import build_signatures
from components.trainer.trained_model import TrainedModel


def export(trained: TrainedModel, transform_graph: str, destination: str, settings: ExportSettings) -> None:
    """Writes an ordinary SavedModel that needs nothing but TensorFlow: raw sentence in, tags out.

    Args:
        trained: the tagger.
        transform_graph: tf.Transform's output folder; its vocabularies become assets.
        destination: folder to write.
        settings: which signatures.
    """
    module = ServingModule(trained, transform_graph, settings)
    # Debug information holds the build machine's paths and is no use to a server.
    options = tf.saved_model.SaveOptions(save_debug_info=False)
    tf.saved_model.save(module, destination, signatures=build_signatures(module, settings), options=options)
