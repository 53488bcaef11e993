"""Executor of the Evaluator: runs the TFX Evaluator with our extractor, decides, and writes the results."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import traceback
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto.config_pb2 import EvalConfig
from tfx.components.evaluator import executor as tfx_executor
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import json_utils, proto_utils

from components.artifacts import Artifacts
from components.common.files import write_atomically
from components.evaluator.blessing.blessing import decide
from components.evaluator.counts.slicing import ENTITY_SEEN
from components.evaluator.errors import EvaluationError
from components.evaluator.eval_config import ExtractorSettings, eval_config
from components.evaluator.inputs import (
    champion_version,
    check_columns,
    check_splits,
    evaluated_splits,
    without_absent_champion,
    without_incomparable_champion,
)
from components.evaluator.insights.example_files import champion_training_note, places, sentences_of_split
from components.evaluator.insights.training_labels import TrainingLabels
from components.evaluator.outputs import log_decision, write_blessing, write_score_properties
from components.evaluator.results.evaluation import Evaluation
from components.evaluator.results.insights import MOST_INCONSISTENT
from components.evaluator.results.scores_file import write_evaluation
from components.evaluator.settings import EvaluatorSettings
from components.evaluator.tfma.entity_metrics import comparisons
from components.keys import TRAIN_SPLIT, TRAINING_ENTITIES_FILE, TRAINING_SENTENCES_FILE, WORD_TAGS_FILE

SETTINGS_KEY = "settings"
FORCE_BLESS_KEY = "force_bless"

_EXTRACTORS = "components.evaluator.tfma.extractor.extractors"

# Beam re-raises the exception of a worker in the same process with a cause, and of another process only as the text of
# its traceback, so the message is taken from the text. CorpusExampleGen writes its errors to a folder instead, because
# it reports every bad file; here the first error is enough.
_RAISED_IN_BEAM = re.compile(r"\bEvaluationError: (.+?)(?: \[while running .*)?$", re.MULTILINE)


class Executor(tfx_executor.Executor):
    """Executor of the Evaluator."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]) -> None:
        """Evaluates the model, and the champion if there is one, on the same examples.

        Args:
            input_dict: `examples`, `model`, and optionally `baseline_model` and `schema`. A baseline without
                SavedModel, or with the property `present` = 0, is ignored.
            output_dict: `evaluation` receives TFMA's files, `scores.json`, `word_tags.json` and
                `training_sentences.npy` of the training data, `training_entities.npy` for the column `entity_seen`, and
                the custom properties described in `Evaluator`; `blessing`, as in TFX.
            exec_properties: `settings` (JSON of `EvaluatorSettings`), `example_splits` (JSON) and `force_bless`.

        Raises:
            EvaluationError: a split or slicing column does not exist, the model cannot be evaluated, or the predictions
                for a sentence do not match its gold tags.
        """
        settings = EvaluatorSettings.model_validate_json(exec_properties[SETTINGS_KEY])
        configured = json_utils.loads(exec_properties.get(standard_component_specs.EXAMPLE_SPLITS_KEY) or "null")
        splits = evaluated_splits(input_dict, configured)
        # TFX reads the property itself, and takes an empty list for `eval`.
        exec_properties = {**exec_properties, standard_component_specs.EXAMPLE_SPLITS_KEY: json_utils.dumps(splits)}
        inputs, obstacles = without_incomparable_champion(without_absent_champion(input_dict))
        check_splits(inputs, splits)
        check_columns(inputs, settings.columns)
        evaluation = artifact_utils.get_single_instance(output_dict[standard_component_specs.EVALUATION_KEY])
        examples = inputs[standard_component_specs.EXAMPLES_KEY]
        labels = _training_labels(settings, inputs)
        config = eval_config(_write_training_data(settings, labels, evaluation.uri))
        self._run_tfma(config, inputs, output_dict, exec_properties)
        overall, slices, errors, counts = comparisons(tfma.load_metrics(evaluation.uri), settings.columns)
        inconsistent = labels.inconsistent(counts.errors_by_text()) if labels else []
        # The places of training labels are keys here, see `sentences_of_split`.
        shown = {key for row in inconsistent[:MOST_INCONSISTENT] for label in row.labels for key in label.places}
        lines = places(examples, {*shown, *counts.keys, *(error.key for error in errors)})
        forced = exec_properties.get(FORCE_BLESS_KEY) or ""
        decision = decide(overall, slices, settings.blessing_rules, obstacles, forced)
        champions = inputs.get(standard_component_specs.BASELINE_MODEL_KEY) or []
        notes = filter(None, (champion_training_note(examples, splits, champion) for champion in champions))
        result = Evaluation(
            overall=overall,
            slices=slices,
            blessing=dataclasses.replace(decision, notes=(*decision.notes, *notes)),
            errors=tuple(dataclasses.replace(error, place=lines.get(error.key, "")) for error in errors),
            splits=tuple(splits),
            champion_version=champion_version(input_dict),
            bootstrap=settings.bootstrap,
            insights=counts.insights(inconsistent, lines, labels.not_compared if labels else 0),
        )
        write_evaluation(evaluation.uri, result)
        write_score_properties(evaluation, result)
        blessing = artifact_utils.get_single_instance(output_dict[standard_component_specs.BLESSING_KEY])
        write_blessing(blessing, result.blessing, inputs, exec_properties)
        log_decision(result)

    def _run_tfma(
        self,
        config: EvalConfig,
        inputs: Artifacts,
        output_dict: Artifacts,
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the TFX Evaluator: reads the examples, loads the models, runs TFMA and writes its files."""
        properties = {
            **exec_properties,
            standard_component_specs.EVAL_CONFIG_KEY: proto_utils.proto_to_json(config),
            "custom_extractors": _EXTRACTORS,
        }
        try:
            super().Do(inputs, output_dict, properties)
        except Exception as error:
            messages = _RAISED_IN_BEAM.findall("".join(traceback.format_exception(error)))
            if messages:  # the last one in the traceback was raised last, and names the sentence
                raise EvaluationError(messages[-1]) from error
            raise


def _training_labels(settings: EvaluatorSettings, inputs: Artifacts) -> TrainingLabels | None:
    """Reads the training split; None without one, which only the column `entity_seen` needs."""
    examples = inputs[standard_component_specs.EXAMPLES_KEY]
    if ENTITY_SEEN in settings.columns:
        check_splits(inputs, [TRAIN_SPLIT])
    if not all(TRAIN_SPLIT in artifact_utils.decode_split_names(each.split_names) for each in examples):
        return None
    return TrainingLabels(sentences_of_split(examples, TRAIN_SPLIT))


def _write_training_data(settings: EvaluatorSettings, labels: TrainingLabels | None, folder: str) -> ExtractorSettings:
    """Writes facts about the training data, and names the files that the extractor reads."""
    if labels is None:
        return ExtractorSettings(evaluator=settings)
    write_atomically(os.path.join(folder, TRAINING_SENTENCES_FILE), labels.sentences.to_bytes())
    words = os.path.join(folder, WORD_TAGS_FILE)
    write_atomically(words, json.dumps(labels.word_tags(), ensure_ascii=False))
    if ENTITY_SEEN not in settings.columns:
        return ExtractorSettings(evaluator=settings, word_tags=words)
    entities = os.path.join(folder, TRAINING_ENTITIES_FILE)
    write_atomically(entities, labels.entities.to_bytes())
    return ExtractorSettings(evaluator=settings, training_entities=entities, word_tags=words)
