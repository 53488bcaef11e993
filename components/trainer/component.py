"""Contract of the Trainer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import component_spec, standard_artifacts

from components.trainer import executor
from components.trainer.settings import TrainerSettings


class TrainerSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of the Trainer."""

    PARAMETERS = {
        "settings": component_spec.ExecutionParameter(type=str),
        # Not part of `settings`, so that a run on a cluster can set it.
        "epochs": component_spec.ExecutionParameter(type=int),
        "checkpoint_dir": component_spec.ExecutionParameter(type=str, optional=True),
        "code_version": component_spec.ExecutionParameter(type=str, optional=True),
        "pretrained": component_spec.ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "transform_graph": component_spec.ChannelParameter(type=standard_artifacts.TransformGraph),
        "hyperparameters": component_spec.ChannelParameter(type=standard_artifacts.HyperParameters, optional=True),
        "warm_start": component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
    }
    OUTPUTS = {
        "trained_model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "model_run": component_spec.ChannelParameter(type=standard_artifacts.ModelRun),
    }


class Trainer(base_component.BaseComponent):
    """Trains a tagger on the transformed train split and keeps the epoch that scores best on the eval split.

    Of epochs whose entity F1 differs by chance only, the last one is kept (docs/training.md).

    Component `outputs` contains:
     - `trained_model`: `standard_artifacts.Model` with a trained model (`components.trainer.trained_model`): weights
       and sizes, without loss and signatures.
     - `model_run`: `standard_artifacts.ModelRun` with TensorBoard's event files.

    Example:
        trainer = Trainer(
            examples=transform.outputs["transformed_examples"],
            transform_graph=transform.outputs["transform_graph"],
            settings=load_config(None).trainer,
        )
    """

    SPEC_CLASS = TrainerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        *,
        examples: types.BaseChannel,
        transform_graph: types.BaseChannel,
        settings: TrainerSettings,
        hyperparameters: types.BaseChannel | None = None,
        warm_start: types.BaseChannel | None = None,
        epochs: RuntimeParameter | None = None,
        checkpoint_dir: str | None = None,
        code_version: str | None = None,
        pretrained: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Builds the spec.

        Args:
            examples: transformed examples with the splits `train` and `eval`.
            transform_graph: transform graph that produced them.
            settings: settings of the trainer.
            hyperparameters: output of TFX's Tuner; its values replace those of `settings`.
            warm_start: `Model` of ChampionSource whose weights the training starts from; its artifact may be empty.
            epochs: runtime parameter that replaces `settings.epochs`.
            checkpoint_dir: folder of the checkpoints. A checkpoint is named by a hash of everything that the result
                depends on, so a repeated training resumes it; None keeps no checkpoint.
            code_version: hash of the training code, so that a code change invalidates TFX's cache.
            pretrained: settings of the tagger's pretrained parts, of `teacher` and of `unlabelled`, each with the
                `version` of its files.
        """
        spec = TrainerSpec(
            examples=examples,
            transform_graph=transform_graph,
            hyperparameters=hyperparameters,
            warm_start=warm_start,
            settings=settings.model_dump_json(),
            epochs=settings.epochs if epochs is None else epochs,
            checkpoint_dir=checkpoint_dir,
            code_version=code_version,
            pretrained=json.dumps(dict(pretrained), sort_keys=True) if pretrained else None,
            trained_model=types.Channel(type=standard_artifacts.Model),
            model_run=types.Channel(type=standard_artifacts.ModelRun),
        )
        super().__init__(spec=spec)
