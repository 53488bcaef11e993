"""Component specification of the RegistryPusher."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import component_spec, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import Report
from components.registry.pusher import executor, gathering
from components.registry.settings import RegistrySettings


class _RegistryPusherSpec(component_spec.ComponentSpec):
    PARAMETERS = {
        executor.MODEL_NAME_KEY: ExecutionParameter(type=str),
        executor.SETTINGS_KEY: ExecutionParameter(type=str),
        executor.LINEAGE_KEY: ExecutionParameter(type=str),
        executor.PARAMS_KEY: ExecutionParameter(type=str),
        executor.RUN_NAME_KEY: ExecutionParameter(type=str, optional=True),
        executor.RUN_FINGERPRINT_KEY: ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        gathering.EXPORTED_MODEL_KEY: ChannelParameter(type=standard_artifacts.Model),
        gathering.BLESSING_KEY: ChannelParameter(type=standard_artifacts.ModelBlessing),
        gathering.EVALUATION_KEY: ChannelParameter(type=standard_artifacts.ModelEvaluation, optional=True),
        gathering.TRAINED_MODEL_KEY: ChannelParameter(type=standard_artifacts.Model, optional=True),
        gathering.REPORT_KEY: ChannelParameter(type=Report, optional=True),
    }
    OUTPUTS = {executor.PUSHED_MODEL_KEY: ChannelParameter(type=standard_artifacts.PushedModel)}


class RegistryPusher(base_component.BaseComponent):
    """Registers a validated and blessed model, makes it the champion, and publishes it for TensorFlow Serving.

    A model that is not blessed, not validated, or changed after its validation is not registered. If the champion has
    changed since the evaluation, the model is registered as `candidate` only. In both cases the node succeeds, logs the
    reason, and records it in the model's history.

    Component `outputs` contains:

    *   `pushed_model`: `PushedModel` without files. Custom properties: `pushed` (int 0/1); if not pushed `reason`;
        if registered `registry_uri`, `registry_version` (int), `tree_hash` and `registry_alias`; if published
        `pushed_version` and `pushed_destination`.

    Example:
        RegistryPusher(
            exported_model=exporter.outputs["exported_model"],
            blessing=evaluator.outputs["blessing"],
            evaluation=evaluator.outputs["evaluation"],
            model_name="ner",
            settings=load_config(None).registry.model_copy(update={"uri": "sqlite:////data/mlflow.db"}),
            lineage={"run_fingerprint": "5f1c", "baseline_version": "none"},
        )
    """

    SPEC_CLASS = _RegistryPusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        *,
        exported_model: types.BaseChannel,
        blessing: types.BaseChannel,
        model_name: str,
        settings: RegistrySettings,
        lineage: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        evaluation: types.BaseChannel | None = None,
        trained_model: types.BaseChannel | None = None,
        report: types.BaseChannel | None = None,
        run_name: RuntimeParameter | None = None,
        run_fingerprint: RuntimeParameter | None = None,
    ) -> None:
        """Builds the spec.

        Args:
            exported_model: channel of the Exporter's `Model`.
            blessing: channel of the Evaluator's `ModelBlessing`.
            model_name: name of the registered model.
            settings: registry and serving directory. `uri` is required, and local paths should be absolute; without
                `serving_dir` nothing is published.
            lineage: lineage tags, name -> text. `run_fingerprint` is part of the version's identity; if it is empty,
                the executor computes it. `baseline_version` is the version that the model is compared with.
            params: settings of the run, by dotted name.
            evaluation: channel of the Evaluator's `ModelEvaluation`, for scores, verdict and champion.
            trained_model: channel of the Trainer's `Model`, stored for warm starts.
            report: channel of the Reporter's `Report`, which has the lineage of the data, too.
            run_name: runtime parameter with a name to store with the version.
            run_fingerprint: runtime parameter that replaces the one in `lineage`, unless it is empty.
        """
        spec = _RegistryPusherSpec(
            exported_model=exported_model,
            blessing=blessing,
            evaluation=evaluation,
            trained_model=trained_model,
            report=report,
            model_name=model_name,
            settings=settings.model_dump_json(),
            lineage=json.dumps(dict(lineage), sort_keys=True),
            params=json.dumps(dict(params or {}), sort_keys=True),
            run_name=run_name,
            run_fingerprint=run_fingerprint,
            pushed_model=types.Channel(type=standard_artifacts.PushedModel),
        )
        super().__init__(spec=spec)
