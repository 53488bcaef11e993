"""The Exporter's contract."""

from __future__ import annotations

import dataclasses
import json

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.exporter import executor
from components.exporter.settings import ExportSettings


class ExporterSpec(component_spec.ComponentSpec):
    """A trained model and its transform graph in, a servable model out."""

    PARAMETERS = {
        "settings": component_spec.ExecutionParameter(type=str),
        "allow_breaking_changes": component_spec.ExecutionParameter(type=int),
        "golden_split": component_spec.ExecutionParameter(type=str),
        "golden_sentences": component_spec.ExecutionParameter(type=int),
        "code_version": component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "transform_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "champion": component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
    }
    OUTPUTS = {
        "exported_model": component_spec.ChannelParameter(type=standard_artifacts.Model),
    }


class Exporter(base_component.BaseComponent):
    """Attaches preprocessing and label lookup to a trained tagger and validates the result.

    A model that fails one check stops the run here, before anything is evaluated or pushed.

    Component `outputs` contains:
     - `exported_model`: `Format-Serving/` is an ordinary SavedModel; beside it stand `contract.json` (what its
       signatures promise) and `validation.json` (every check, and the tree hash of what was checked).
    """

    SPEC_CLASS = ExporterSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        model: types.BaseChannel,
        transform_graph: types.BaseChannel,
        examples: types.BaseChannel,
        settings: ExportSettings,
        champion: types.BaseChannel | None = None,
        allow_breaking_changes: bool = False,
        golden_split: str = "eval",
        golden_sentences: int = 200,
        code_version: str | None = None,
    ) -> None:
        """Builds the spec.

        Args:
            model: a trained model of our Trainer.
            transform_graph: the graph that made its training examples.
            examples: raw examples; sentences of `golden_split` are tagged by both graphs and must agree.
            settings: which signatures.
            champion: the model that is served now; its artifact may be empty.
            allow_breaking_changes: whether callers of the champion may break (`contract_changes.breaking_changes`).
            golden_split: a split of `examples`.
            golden_sentences: how many of its sentences.
            code_version: anything that changes when the export code does, so that TFX's cache sees it.
        """
        spec = ExporterSpec(
            model=model,
            transform_graph=transform_graph,
            examples=examples,
            champion=champion,
            allow_breaking_changes=int(allow_breaking_changes),
            settings=json.dumps(dataclasses.asdict(settings), sort_keys=True),
            golden_split=golden_split,
            golden_sentences=golden_sentences,
            code_version=code_version,
            exported_model=types.Channel(type=standard_artifacts.Model),
        )
        super().__init__(spec=spec)
