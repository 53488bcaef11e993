"""Writes a trained model and a transform graph as a SavedModel. Knows no TFX."""

from __future__ import annotations

import dataclasses

import tensorflow as tf

from components.exporter.contract.contract import Contract, build_contract
from components.exporter.saved_model.explained_errors import explained_errors
from components.exporter.saved_model.scrub import scrub_build_paths
from components.exporter.serving.custom_signatures import custom_signatures
from components.exporter.serving.serving_module import ServingModule
from components.exporter.serving.signatures import build_signatures
from components.exporter.settings import ExporterSettings
from components.trainer.trained_model import TrainedModel


def export(trained: TrainedModel, transform_graph: str, destination: str, settings: ExporterSettings) -> Contract:
    """Writes an ordinary SavedModel that needs only TensorFlow: raw sentence in, tags out.

    Args:
        trained: the tagger.
        transform_graph: tf.Transform's output folder; its vocabularies become assets.
        destination: folder to write.
        settings: signatures and outputs.

    Returns:
        The contract of the model.

    Raises:
        ExportInvalidError: TensorFlow refuses to save the model for a known reason.
        NerError: `exporter.min_score` does not fit the tagger, or a custom signature cannot be imported or traced.
    """
    with explained_errors():
        module = ServingModule(trained, transform_graph, settings)
        custom = custom_signatures(module, settings.signatures)
        signatures = build_signatures(module, settings) | {name: each.function for name, each in custom.items()}
        tf.saved_model.save(module, destination, signatures=signatures)
    scrub_build_paths(destination)
    contract = build_contract(settings)
    return dataclasses.replace(
        contract,
        signatures={**contract.signatures, **{name: each.contract for name, each in custom.items()}},
        outside_bias=trained.outside_bias,
        calibration=trained.calibration._asdict(),
        min_score=settings.min_scores(trained.tags),
    )
