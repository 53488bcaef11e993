"""The contract of RegistryPusher."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import component_spec, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import DataProfileArtifact, ModelCard, Report
from components.registry.pusher.executor import (
    BLESSING_KEY,
    CHAMPION_KEY,
    DATA_PROFILE_KEY,
    EVALUATION_KEY,
    EXAMPLES_KEY,
    KEEP_KEY,
    LINEAGE_KEY,
    MODEL_CARD_KEY,
    MODEL_KEY,
    MODEL_NAME_KEY,
    PARAMS_KEY,
    PUSHED_MODEL_KEY,
    REGISTRY_URI_KEY,
    REPORT_KEY,
    RUN_NAME_KEY,
    SCHEMA_KEY,
    SERVING_DIR_KEY,
    TRAINED_MODEL_KEY,
    TRANSFORM_GRAPH_KEY,
    Executor,
)


class _RegistryPusherSpec(component_spec.ComponentSpec):
    PARAMETERS = {
        REGISTRY_URI_KEY: ExecutionParameter(type=str),
        MODEL_NAME_KEY: ExecutionParameter(type=str),
        SERVING_DIR_KEY: ExecutionParameter(type=str),
        LINEAGE_KEY: ExecutionParameter(type=str),
        PARAMS_KEY: ExecutionParameter(type=str),
        KEEP_KEY: ExecutionParameter(type=int),
        RUN_NAME_KEY: ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        MODEL_KEY: ChannelParameter(type=standard_artifacts.Model),
        BLESSING_KEY: ChannelParameter(type=standard_artifacts.ModelBlessing),
        EVALUATION_KEY: ChannelParameter(type=standard_artifacts.ModelEvaluation, optional=True),
        EXAMPLES_KEY: ChannelParameter(type=standard_artifacts.Examples, optional=True),
        MODEL_CARD_KEY: ChannelParameter(type=ModelCard, optional=True),
        REPORT_KEY: ChannelParameter(type=Report, optional=True),
        SCHEMA_KEY: ChannelParameter(type=standard_artifacts.Schema, optional=True),
        TRANSFORM_GRAPH_KEY: ChannelParameter(type=standard_artifacts.TransformGraph, optional=True),
        TRAINED_MODEL_KEY: ChannelParameter(type=standard_artifacts.Model, optional=True),
        DATA_PROFILE_KEY: ChannelParameter(type=DataProfileArtifact, optional=True),
        CHAMPION_KEY: ChannelParameter(type=standard_artifacts.Model, optional=True),
    }
    OUTPUTS = {PUSHED_MODEL_KEY: ChannelParameter(type=standard_artifacts.PushedModel)}


class RegistryPusher(base_component.BaseComponent):
    """Registers a blessed and validated model, makes it the champion, and lays it out for TF Serving.

    A model that is not blessed, that the exporter did not validate, or that changed since, is not pushed: the node
    succeeds, logs why, says so in the properties, and notes it in the model's history. A model that was compared with a
    champion which another run has replaced meanwhile is registered as `candidate` only.

    Component `outputs` contains:

    *   `pushed_model`: `PushedModel`, an empty folder (the files are in the registry and in the serving directory).
        Custom properties: `pushed` (int 0/1); `reason` (text, when not pushed); `registry_uri`, `registry_version`
        (int) and `registry_alias` (when registered); `pushed_version` (text) and `pushed_destination` (when pushed).

    Example:
        RegistryPusher(
            model=exporter.outputs["exported_model"],
            blessing=evaluator.outputs["blessing"],
            evaluation=evaluator.outputs["evaluation"],
            examples=example_gen.outputs["examples"],
            registry_uri="sqlite:////data/registry/mlflow.db",
            model_name="ner",
            serving_dir="/data/serving",
            lineage={"run_fingerprint": "5f1c", "baseline_version": "3"},
        )
    """

    SPEC_CLASS = _RegistryPusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: types.BaseChannel,
        blessing: types.BaseChannel,
        registry_uri: str,
        model_name: str,
        serving_dir: str,
        lineage: str | Mapping[str, str],
        evaluation: types.BaseChannel | None = None,
        examples: types.BaseChannel | None = None,
        model_card: types.BaseChannel | None = None,
        report: types.BaseChannel | None = None,
        schema: types.BaseChannel | None = None,
        transform_graph: types.BaseChannel | None = None,
        trained_model: types.BaseChannel | None = None,
        data_profile: types.BaseChannel | None = None,
        params: Mapping[str, str] | None = None,
        keep_versions: int = 2,
        champion: types.BaseChannel | None = None,
        run_name: RuntimeParameter | None = None,
    ) -> None:
        """Declares the node.

        Args:
            model: Channel of the exported `Model`: a SavedModel in `Format-Serving`, and `validation.json` beside it.
            blessing: Channel of the Evaluator's `ModelBlessing`.
            registry_uri: See `components.registry.store.model_registry.ModelRegistry`; a local path should be absolute.
            model_name: Name of the registered model.
            serving_dir: The TF Serving directory; should be absolute. Empty: none, servers fetch from the registry.
            lineage: Tags of the version, text by text, as a mapping or its JSON. `run_fingerprint` makes a repeated
                push find its version (empty: it is worked out of what the run read); `baseline_version` is what the
                model was compared with ("" or "none": nothing).
            evaluation: Channel of the Evaluator's `ModelEvaluation`, whose scores and files go into the registry.
            examples: Channel of the `Examples`, whose properties (span, fingerprint, counts) become tags `data.*`.
            model_card: Channel of the Reporter's `ModelCard`; its files are stored with the version.
            report: Channel of the Reporter's `Report`; its file is stored with the version.
            schema: Channel of the `Schema`, whose hash becomes the tag `schema_hash`.
            transform_graph: Channel of the `TransformGraph`, whose hash becomes the tag `transform_graph_hash`.
            trained_model: Channel of the Trainer's `Model`; its files are registered too, with the vocabularies of the
                transform graph, so that a later training can begin with them.
            data_profile: Channel of the DriftValidator's `DataProfile`; the profile is registered with the weights, its
                comparison with the files of the evaluation.
            params: The settings of the run, text by text; they become parameters of the version's MLflow run.
            keep_versions: How many versions without a label stay in the serving directory.
            champion: Channel of ChampionSource's `Model`: which version the model was compared with, whatever the
                lineage says of it.
            run_name: A name given with each run; it becomes the tag `run_name`.
        """
        text = lineage if isinstance(lineage, str) else json.dumps(dict(lineage), sort_keys=True)
        spec = _RegistryPusherSpec(
            model=model,
            blessing=blessing,
            evaluation=evaluation,
            examples=examples,
            model_card=model_card,
            report=report,
            schema=schema,
            transform_graph=transform_graph,
            trained_model=trained_model,
            data_profile=data_profile,
            registry_uri=registry_uri,
            model_name=model_name,
            serving_dir=serving_dir,
            lineage=text,
            params=json.dumps(dict(params or {}), sort_keys=True),
            keep_versions=keep_versions,
            champion=champion,
            run_name=run_name,
            pushed_model=types.Channel(type=standard_artifacts.PushedModel),
        )
        super().__init__(spec=spec)
