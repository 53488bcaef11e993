"""The Trainer's contract."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.utils import json_utils

from components.trainer import executor
from components.trainer.settings import TrainerSettings


class TrainerSpec(component_spec.ComponentSpec):
    """Transformed examples and their graph in, a trained model and its logs out."""

    PARAMETERS = {  # noqa: RUF012 (TFX's own convention)
        "tagger": component_spec.ExecutionParameter(type=str),
        "tagger_options": component_spec.ExecutionParameter(type=str),
        "window_size": component_spec.ExecutionParameter(type=int),
        "window_context": component_spec.ExecutionParameter(type=int),
        "batch_size": component_spec.ExecutionParameter(type=int),
        "epochs": component_spec.ExecutionParameter(type=int),
        "patience": component_spec.ExecutionParameter(type=int),
        "learning_rate": component_spec.ExecutionParameter(type=float),
        "warmup": component_spec.ExecutionParameter(type=float),
        "clip_norm": component_spec.ExecutionParameter(type=float),
        "averaging": component_spec.ExecutionParameter(type=float),
        "seed": component_spec.ExecutionParameter(type=int),
        "code_version": component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {  # noqa: RUF012
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "transform_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
        "warm_start": component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
    }
    OUTPUTS = {  # noqa: RUF012
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "model_run": component_spec.ChannelParameter(type=standard_artifacts.ModelRun),
    }


class Trainer(base_component.BaseComponent):
    """Trains a tagger on the transformed train split, watching entity F1 on the eval split.

    Component `outputs` contains:
     - `model`: a trained model (`components.trainer.trained_model`): weights and sizes, loss stripped, no signature.
     - `model_run`: TensorBoard's event files.
    """

    SPEC_CLASS = TrainerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        examples: types.BaseChannel,
        transform_graph: types.BaseChannel,
        settings: TrainerSettings,
        code_version: str | None = None,
        warm_start: types.BaseChannel | None = None,
    ) -> None:
        """Builds the spec.

        Args:
            examples: transformed examples with the splits `train` and `eval`.
            transform_graph: the graph that made them.
            settings: see `TrainerSettings`.
            code_version: anything that changes when the training code does, so that TFX's cache sees it.
            warm_start: channel of an earlier `Model` to begin with, from ChampionSource; its artifact may be empty.
        """
        spec = TrainerSpec(
            examples=examples,
            transform_graph=transform_graph,
            warm_start=warm_start,
            code_version=code_version,
            **{**vars(settings), "tagger_options": json_utils.dumps(settings.tagger_options)},
            model=types.Channel(type=standard_artifacts.Model),
            model_run=types.Channel(type=standard_artifacts.ModelRun),
        )
        super().__init__(spec=spec)
