"""Writes a trained model and a transform graph as a SavedModel. Knows no TFX."""

from __future__ import annotations

import tensorflow as tf

from components.exporter.saved_model.explained_errors import explained_errors
from components.exporter.saved_model.scrub import scrub_build_paths
from components.exporter.serving.serving_module import ServingModule
from components.exporter.serving.signatures import build_signatures
from components.exporter.settings import ExportSettings
from components.trainer.trained_model import TrainedModel


def export(trained: TrainedModel, transform_graph: str, destination: str, settings: ExportSettings) -> None:
    """Writes an ordinary SavedModel that needs only TensorFlow: raw sentence in, tags out.

    Args:
        trained: the tagger.
        transform_graph: tf.Transform's output folder; its vocabularies become assets.
        destination: folder to write.
        settings: signatures and outputs.

    Raises:
        ExportInvalidError: TensorFlow refuses to save the model for a known reason.
    """
    with explained_errors():
        module = ServingModule(trained, transform_graph, settings)
        tf.saved_model.save(module, destination, signatures=build_signatures(module, settings))
    scrub_build_paths(destination)
