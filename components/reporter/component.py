"""Component specification of the Reporter."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import DataProfileArtifact, Report
from components.reporter import executor
from components.reporter.settings import CardSettings


class _ReporterSpec(component_spec.ComponentSpec):
    PARAMETERS = {
        executor.MODEL_NAME_KEY: ExecutionParameter(type=str),
        executor.LINEAGE_KEY: ExecutionParameter(type=str),
        executor.SETTINGS_KEY: ExecutionParameter(type=str),
        "code_version": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        executor.EVALUATION_KEY: ChannelParameter(type=standard_artifacts.ModelEvaluation),
        executor.EXPORTED_MODEL_KEY: ChannelParameter(type=standard_artifacts.Model),
        executor.STATISTICS_KEY: ChannelParameter(type=standard_artifacts.ExampleStatistics),
        executor.DATA_PROFILE_KEY: ChannelParameter(type=DataProfileArtifact),
        executor.TUNER_RESULTS_KEY: ChannelParameter(type=standard_artifacts.TunerResults, optional=True),
    }
    OUTPUTS = {executor.REPORT_KEY: ChannelParameter(type=Report)}


class Reporter(base_component.BaseComponent):
    """Writes the report and the model card of a model, blessed or not.

    Component `outputs` contains:

    *   `report`: `Report`, a folder with `report.html` and its tables, `model_card.md` and `model_card.json`, and in
        `data_profile` the files of the DriftValidator, which the RegistryPusher stores with the model. `ner report`
        fills in the run section after the run.

    Example:
        Reporter(
            evaluation=evaluator.outputs["evaluation"],
            exported_model=exporter.outputs["exported_model"],
            statistics=statistics_gen.outputs["statistics"],
            data_profile=drift_validator.outputs["profile"],
            model_name="ner",
            lineage={"run_fingerprint": "5f1c"},
            settings=load_config(None).card,
        )
    """

    SPEC_CLASS = _ReporterSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        *,
        evaluation: types.BaseChannel,
        exported_model: types.BaseChannel,
        statistics: types.BaseChannel,
        data_profile: types.BaseChannel,
        model_name: str,
        lineage: Mapping[str, str],
        settings: CardSettings,
        tuner_results: types.BaseChannel | None = None,
        code_version: str | None = None,
    ) -> None:
        """Declares the node.

        Args:
            evaluation: channel of the Evaluator's `ModelEvaluation`.
            exported_model: channel of the Exporter's `Model`, which has history and settings of the training, too.
            statistics: channel of the `ExampleStatistics` of all splits.
            data_profile: channel of the DriftValidator's `profile`, for its drift report and the lineage of the data.
            model_name: name of the registered model.
            lineage: origin of the model, name -> text.
            settings: texts of the model card.
            tuner_results: channel of the Tuner's `TunerResults`, if there is a search.
            code_version: version of the report's code; a new one invalidates TFX's cache.
        """
        spec = _ReporterSpec(
            evaluation=evaluation,
            exported_model=exported_model,
            statistics=statistics,
            data_profile=data_profile,
            tuner_results=tuner_results,
            model_name=model_name,
            lineage=json.dumps(dict(lineage)),
            settings=settings.model_dump_json(),
            code_version=code_version,
            report=types.Channel(type=Report),
        )
        super().__init__(spec=spec)
