"""Contract of the Exporter."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.common.dotted_path import load_function, source_hash
from components.exporter import executor
from components.exporter.settings import ExporterSettings


class ExporterSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of the Exporter."""

    PARAMETERS = {
        "settings": component_spec.ExecutionParameter(type=str),
        "code_version": component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        "trained_model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "transform_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "champion_model": component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
    }
    OUTPUTS = {
        "exported_model": component_spec.ChannelParameter(type=standard_artifacts.Model),
    }


class Exporter(base_component.BaseComponent):
    """Adds preprocessing and label lookup to a trained tagger, and validates the result.

    A model that fails a check stops the run here, before it is evaluated or pushed.

    Component `outputs` contains:
     - `exported_model`: `standard_artifacts.Model`. `Format-Serving/` is an ordinary SavedModel; next to it are
       `contract.json` (the signatures), `validation.json` (every check, and the tree hash of the checked folder), and
       history and settings of the training (`trained_model.json`, `trainer_settings.json`).

    Example:
        exporter = Exporter(
            trained_model=trainer.outputs["trained_model"],
            transform_graph=transform.outputs["transform_graph"],
            examples=example_gen.outputs["examples"],
            settings=load_config(None).exporter,
        )
    """

    SPEC_CLASS = ExporterSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        *,
        trained_model: types.BaseChannel,
        transform_graph: types.BaseChannel,
        examples: types.BaseChannel,
        settings: ExporterSettings,
        champion_model: types.BaseChannel | None = None,
        code_version: str | None = None,
    ) -> None:
        """Builds the spec.

        Args:
            trained_model: output of the Trainer.
            transform_graph: transform graph that produced its training examples.
            examples: raw examples; both graphs must tag sentences of the eval split alike.
            settings: settings of the exporter.
            champion_model: the model that is served now; its artifact may be empty.
            code_version: hash of the export code, so that a code change invalidates TFX's cache.

        Raises:
            NerError: a function of `exporter.signatures` cannot be imported.
        """
        for name, path in settings.signatures.items():
            load_function(path, f"exporter.signatures.{name}")
        # A change of a custom signature invalidates the cache, too.
        sources = [source_hash(path, f"exporter.signatures.{name}") for name, path in settings.signatures.items()]
        spec = ExporterSpec(
            trained_model=trained_model,
            transform_graph=transform_graph,
            examples=examples,
            champion_model=champion_model,
            settings=settings.model_dump_json(),
            code_version="-".join(filter(None, [code_version, *sources])) or None,
            exported_model=types.Channel(type=standard_artifacts.Model),
        )
        super().__init__(spec=spec)
