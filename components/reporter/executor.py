"""Reads artifacts, gathers the facts, writes report and model card."""

from __future__ import annotations

import datetime
import json
import os
from typing import Any

from absl import logging
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact
from tfx.utils import io_utils, path_utils

from components.keys import TRAINER_SETTINGS_FILE
from components.reporter.card_text import CardText
from components.reporter.data_summary import DataSummary
from components.reporter.model_facts import ModelFacts
from components.reporter.report_error import ReportError
from components.reporter.split_summary import summarize_split

EVALUATION_KEY = "evaluation"
EXPORTED_MODEL_KEY = "exported_model"
TRAINED_MODEL_KEY = "trained_model"
STATISTICS_KEY = "statistics"
EXAMPLES_KEY = "examples"
CHAMPION_KEY = "champion"
MODEL_NAME_KEY = "model_name"
LINEAGE_KEY = "lineage"
CARD_KEY = "card"
REPORT_KEY = "report"
MODEL_CARD_KEY = "model_card"

REPORT_FILE = "report.html"

# Written by StatisticsGen, Exporter and Trainer.
_STATISTICS_FILE = "FeatureStats.pb"
_VALIDATION_FILE = "validation.json"
_HISTORY_FILE = "trained_model.json"
_CARD_FOLDER = "card"  # of the champion, by ChampionSource


class Executor(base_executor.BaseExecutor):
    """The executor of Reporter."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `report.html`, `model_card.md` and `model_card.json`.

        Args:
            input_dict: see `Reporter`; `champion` may be absent or empty.
            output_dict: `report` and `model_card`.
            exec_properties: `model_name`, and as JSON `lineage` and `card`.

        Raises:
            EvaluationError: the evaluation cannot be read.
        """
        from components.reporter.card_markdown import card_markdown
        from components.reporter.model_card import JSON_FILE, MARKDOWN_FILE, model_card
        from components.reporter.page import render_page

        self._log_startup(input_dict, output_dict, exec_properties)
        facts = gather_facts(input_dict, exec_properties)
        report = artifact_utils.get_single_uri(output_dict[REPORT_KEY])
        _write(report, REPORT_FILE, render_page(facts))
        card = artifact_utils.get_single_uri(output_dict[MODEL_CARD_KEY])
        _write(card, MARKDOWN_FILE, card_markdown(facts))
        _write(card, JSON_FILE, json.dumps(model_card(facts), ensure_ascii=False, indent=1) + "\n")
        logging.info("The report is written: ner report shows it.")


def gather_facts(input_dict: dict[str, list[Artifact]], exec_properties: dict[str, Any]) -> ModelFacts:
    """Reads everything that report and card tell from the artifacts; see `Executor.Do` for the arguments."""
    from components.evaluator.results.scores import read_evaluation
    from components.exporter.contract.contract import Contract
    from components.exporter.saved_model.embedded_metadata import embedded_contract, embedded_provenance

    exported = artifact_utils.get_single_uri(input_dict[EXPORTED_MODEL_KEY])
    provenance = embedded_provenance(path_utils.serving_model_dir(exported))
    for name in ("corpus", "code"):  # the data's fingerprint and the lineage say it
        provenance.pop(name, None)
    card = json.loads(exec_properties[CARD_KEY])
    return ModelFacts(
        name=exec_properties[MODEL_NAME_KEY],
        created=datetime.datetime.now(datetime.UTC),
        evaluation=read_evaluation(artifact_utils.get_single_uri(input_dict[EVALUATION_KEY])),
        data=_data(input_dict),
        history=_history(artifact_utils.get_single_uri(input_dict[TRAINED_MODEL_KEY])),
        contract=embedded_contract(path_utils.serving_model_dir(exported)) or Contract(0, {}),
        validation=json.loads(_read(exported, _VALIDATION_FILE)),
        training=_training(input_dict),
        lineage={**json.loads(exec_properties[LINEAGE_KEY]), **provenance},
        card=CardText(**{**card, "languages": tuple(card["languages"])}),
        champion_data=_champion_data(input_dict),
    )


def _training(input_dict: dict[str, list[Artifact]]) -> dict[str, Any]:
    """Returns the settings that the Trainer used, runtime parameters and hyperparameters included."""
    folder = artifact_utils.get_single_uri(input_dict[TRAINED_MODEL_KEY])
    used = json.loads(_read(folder, TRAINER_SETTINGS_FILE))
    searched = {"searched": ", ".join(used["searched"])} if used["searched"] else {}
    return {**used["settings"], **searched}


def _data(input_dict: dict[str, list[Artifact]]) -> DataSummary:
    from components.corpus_example_gen.cleaning.report import IngestReport

    statistics = artifact_utils.get_single_instance(input_dict[STATISTICS_KEY])
    splits = []
    for split in artifact_utils.decode_split_names(statistics.split_names):
        file = os.path.join(artifact_utils.get_split_uri([statistics], split), _STATISTICS_FILE)
        splits.append(summarize_split(split, io_utils.read_bytes_file(file)))
    examples = artifact_utils.get_single_instance(input_dict[EXAMPLES_KEY])
    reading = IngestReport.from_json(examples.get_string_custom_property("ingest_report") or IngestReport().to_json())
    return DataSummary(
        splits=tuple(splits),
        fingerprint=examples.get_string_custom_property("input_fingerprint"),
        repairs=dict(sorted(reading.repairs.items())),
        left_out=reading.total_skipped,
        skipped=tuple(reading.skipped),
    )


def _history(trained_model: str) -> tuple[dict[str, float | None], ...]:
    # Not by TrainedModel.load, which would build the Keras model.
    return tuple(json.loads(_read(trained_model, _HISTORY_FILE))["history"])


def _champion_data(input_dict: dict[str, list[Artifact]]) -> DataSummary | None:
    from components.reporter.model_card import JSON_FILE, data_of_card

    for champion in input_dict.get(CHAMPION_KEY) or []:
        folder = os.path.join(champion.uri, _CARD_FOLDER)
        if fileio.exists(os.path.join(folder, JSON_FILE)):
            try:
                return data_of_card(_read(folder, JSON_FILE))
            except ReportError as error:  # the champion may be older than this format: that stops no new model
                logging.warning("The data is not compared with the champion's: %s", error)
    return None  # no champion, or one that was registered without a card


def _read(folder: str, name: str) -> str:
    return io_utils.read_bytes_file(os.path.join(folder, name)).decode("utf-8")


def _write(folder: str, name: str, text: str) -> None:
    """A reader sees the whole file or none."""
    fileio.makedirs(folder)
    path = os.path.join(folder, name)
    with fileio.open(f"{path}.tmp", "wb") as file:
        file.write(text.encode("utf-8"))
    fileio.rename(f"{path}.tmp", path, overwrite=True)
