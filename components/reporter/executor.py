"""Executor of the Reporter: gathers the facts from artifacts, writes report and model card."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Mapping
from typing import Any

from absl import logging
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from components import keys
from components.artifacts import Artifacts
from components.common.files import write_atomically
from components.drift_validator.drift_report import DriftReport
from components.exporter.contract.contract import Contract
from components.reporter.data_summary import DataSummary, summarize_split
from components.reporter.errors import ReportError
from components.reporter.model_facts import ModelFacts
from components.reporter.settings import CardSettings

EVALUATION_KEY = "evaluation"
EXPORTED_MODEL_KEY = "exported_model"
STATISTICS_KEY = "statistics"
DATA_PROFILE_KEY = "data_profile"
TUNER_RESULTS_KEY = "tuner_results"
MODEL_NAME_KEY = "model_name"
LINEAGE_KEY = "lineage"
SETTINGS_KEY = "settings"
REPORT_KEY = "report"

_TUNER_RESULTS_FILE = "tuner_results.json"  # written by TFX's Tuner: one mapping a trial, the best first
_STATISTICS_FILE = "FeatureStats.pb"  # written by StatisticsGen


class Executor(base_executor.BaseExecutor):
    """Executor of the Reporter."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]) -> None:
        """Writes `report.html` with its tables (`page_tables`), the model card, and a copy of the data profile.

        Args:
            input_dict: see `Reporter`.
            output_dict: `report`.
            exec_properties: `model_name`, and as JSON `settings` (`CardSettings`) and `lineage`.

        Raises:
            EvaluationError: the evaluation cannot be read.
            ReportError: the drift report cannot be read.
        """
        from components.reporter.card.card_markdown import card_markdown
        from components.reporter.card.model_card import model_card
        from components.reporter.limits import limits
        from components.reporter.page.page import render_page
        from components.reporter.page.tables import page_tables, trials_table

        self._log_startup(input_dict, output_dict, exec_properties)
        facts = gather_facts(input_dict, exec_properties)
        report = artifact_utils.get_single_uri(output_dict[REPORT_KEY])
        write_atomically(os.path.join(report, keys.REPORT_FILE), render_page(facts))
        tables = page_tables(
            facts.evaluation,
            model=facts.name,
            created=facts.created.isoformat(timespec="seconds"),
            limits=limits(facts),
            data=facts.data,
            drift=facts.drift,
            history=facts.history,
            trials=facts.trials,
        )
        if facts.trials:
            tables[keys.TRIALS_CSV_FILE] = trials_table(facts.trials)
        for name, content in tables.items():
            write_atomically(os.path.join(report, name), content)
        write_atomically(os.path.join(report, keys.MODEL_CARD_MARKDOWN_FILE), card_markdown(facts))
        card = json.dumps(model_card(facts), ensure_ascii=False, indent=1) + "\n"
        write_atomically(os.path.join(report, keys.MODEL_CARD_JSON_FILE), card)
        profile = artifact_utils.get_single_uri(input_dict[DATA_PROFILE_KEY])
        fileio.makedirs(os.path.join(report, keys.PROFILE_FOLDER))
        for name in (keys.DATA_PROFILE_FILE, keys.DRIFT_REPORT_FILE, keys.LINEAGE_FILE):
            fileio.copy(os.path.join(profile, name), os.path.join(report, keys.PROFILE_FOLDER, name), overwrite=True)
        logging.info("The report is written. `ner report` shows it, with the --config and --set of this run.")


def gather_facts(input_dict: Artifacts, exec_properties: dict[str, Any]) -> ModelFacts:
    """Gathers the facts from the artifacts; the arguments are those of `Executor.Do`."""
    from components.evaluator.results.scores_file import read_evaluation
    from components.exporter.saved_model.embedded_metadata import embedded_contract, embedded_provenance

    exported = artifact_utils.get_single_uri(input_dict[EXPORTED_MODEL_KEY])
    provenance = embedded_provenance(path_utils.serving_model_dir(exported))
    for name in ("corpus", "code"):  # already in the fingerprint of the data and in the lineage
        provenance.pop(name, None)
    trained = json.loads(_read(exported, keys.TRAINED_MODEL_FILE))
    return ModelFacts(
        name=exec_properties[MODEL_NAME_KEY],
        created=datetime.datetime.now(datetime.timezone.utc),
        evaluation=read_evaluation(artifact_utils.get_single_uri(input_dict[EVALUATION_KEY])),
        data=_data(input_dict),
        drift=_drift(artifact_utils.get_single_uri(input_dict[DATA_PROFILE_KEY])),
        history=tuple(trained["history"]),
        kept_epoch=trained.get("best_epoch"),
        contract=embedded_contract(path_utils.serving_model_dir(exported)) or Contract(0, {}),
        validation=json.loads(_read(exported, keys.VALIDATION_FILE)),
        training=_training(input_dict),
        lineage={**json.loads(exec_properties[LINEAGE_KEY]), **provenance},
        card=CardSettings.model_validate_json(exec_properties[SETTINGS_KEY]),
        trials=tuple(
            _trial(trial)
            for results in input_dict.get(TUNER_RESULTS_KEY) or []
            for trial in json.loads(_read(results.uri, _TUNER_RESULTS_FILE))
        ),
    )


def _trial(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a trial with its epochs, and without the other values of Hyperband's rounds (`tuner/bracket` etc.)."""
    epochs = {"epochs": values["tuner/epochs"]} if "tuner/epochs" in values else {}
    return {name: value for name, value in values.items() if not name.startswith("tuner/")} | epochs


def _training(input_dict: Artifacts) -> dict[str, Any]:
    """Returns the settings that the Trainer used, runtime parameters and hyperparameters included."""
    folder = artifact_utils.get_single_uri(input_dict[EXPORTED_MODEL_KEY])
    used = json.loads(_read(folder, keys.TRAINER_SETTINGS_FILE))
    searched = {"searched": ", ".join(used["searched"])} if used["searched"] else {}
    return {**used["settings"], **searched}


def _data(input_dict: Artifacts) -> DataSummary:
    from components.corpus_example_gen.cleaning.report import IngestReport

    statistics = artifact_utils.get_single_instance(input_dict[STATISTICS_KEY])
    splits = []
    for split in artifact_utils.decode_split_names(statistics.split_names):
        file = os.path.join(artifact_utils.get_split_uri([statistics], split), _STATISTICS_FILE)
        splits.append(summarize_split(split, io_utils.read_bytes_file(file)))
    lineage = json.loads(_read(artifact_utils.get_single_uri(input_dict[DATA_PROFILE_KEY]), keys.LINEAGE_FILE))
    report = lineage.get(f"data.{keys.INGEST_REPORT}")
    reading = IngestReport.from_json(report) if report else IngestReport()
    return DataSummary(
        splits=tuple(splits),
        fingerprint=lineage.get("data.input_fingerprint", ""),
        repairs=dict(sorted(reading.repairs.items())),
        left_out=reading.total_skipped,
        skipped=tuple(reading.skipped),
        notes=tuple(reading.notes),
        ignored=tuple(reading.files_ignored),
        lines=dict(sorted(reading.line_kinds.items(), key=lambda item: (-item[1], item[0]))),
    )


def _drift(folder: str) -> DriftReport:
    try:
        return DriftReport.from_json(_read(folder, keys.DRIFT_REPORT_FILE))
    except ValueError as error:
        path = os.path.join(folder, keys.DRIFT_REPORT_FILE)
        raise ReportError(f"{path}: {error}. Run the DriftValidator again.") from error


def _read(folder: str, name: str) -> str:
    return io_utils.read_bytes_file(os.path.join(folder, name)).decode("utf-8")
