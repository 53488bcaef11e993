"""The Trainer's contract."""

from __future__ import annotations

import dataclasses

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import component_spec, standard_artifacts
from tfx.utils import json_utils

from components.trainer import executor
from components.trainer.settings import TrainerSettings

# Of the settings' fields. ML Metadata knows no others: truth values go as 0 and 1, the tagger's options as JSON.
_TYPES = {"int": int, "float": float, "str": str, "bool": int}


class TrainerSpec(component_spec.ComponentSpec):
    """Transformed examples and their graph in, a trained model and its logs out."""

    PARAMETERS = {  # noqa: RUF012 (TFX's own convention)
        **{
            field.name: component_spec.ExecutionParameter(type=_TYPES.get(str(field.type), str))
            for field in dataclasses.fields(TrainerSettings)
        },
        "checkpoint_dir": component_spec.ExecutionParameter(type=str, optional=True),
        "code_version": component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {  # noqa: RUF012
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "transform_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
        "hyperparameters": component_spec.ChannelParameter(type=standard_artifacts.HyperParameters, optional=True),
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
        hyperparameters: types.BaseChannel | None = None,
        code_version: str | None = None,
        checkpoint_dir: str | None = None,
        warm_start: types.BaseChannel | None = None,
        epochs: RuntimeParameter | None = None,
    ) -> None:
        """Builds the spec.

        Args:
            examples: transformed examples with the splits `train` and `eval`.
            transform_graph: the graph that made them.
            settings: see `TrainerSettings`.
            hyperparameters: of TFX's Tuner; they take the place of the settings of the same names.
            code_version: anything that changes when the training code does, so that TFX's cache sees it.
            checkpoint_dir: where a training keeps its state while it lasts, in a folder named after all that its result
                depends on, so that the same training finds it again; none keeps none.
            warm_start: channel of an earlier `Model` to begin with, from ChampionSource; its artifact may be empty.
            epochs: given with each run, in place of the settings' epochs.
        """
        spec = TrainerSpec(
            examples=examples,
            transform_graph=transform_graph,
            hyperparameters=hyperparameters,
            warm_start=warm_start,
            code_version=code_version,
            checkpoint_dir=checkpoint_dir,
            **{
                **{name: int(value) if isinstance(value, bool) else value for name, value in vars(settings).items()},
                "tagger_options": json_utils.dumps(settings.tagger_options),
                **({} if epochs is None else {"epochs": epochs}),
            },
            model=types.Channel(type=standard_artifacts.Model),
            model_run=types.Channel(type=standard_artifacts.ModelRun),
        )
        super().__init__(spec=spec)
