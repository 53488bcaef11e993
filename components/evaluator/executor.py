"""Runs the TFX Evaluator and says in words, properties and a small file what came of it."""

from __future__ import annotations

import os
import re
import traceback
from typing import Any

import tensorflow_model_analysis as tfma
from absl import logging
from tensorflow_model_analysis.proto import config_pb2
from tfx.components.evaluator import constants
from tfx.components.evaluator import executor as tfx_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, standard_component_specs
from tfx.types.artifact import Artifact
from tfx.utils import io_utils, json_utils, path_utils, proto_utils

from components.evaluator.errors import EvaluationError
from components.evaluator.results import collect_scores, failures_in_words
from components.evaluator.scores import write_scores

PRESENT_PROPERTY = "present"
"""Custom property of a champion's artifact: 0 when the registry has none yet and the artifact is empty."""

# Beam gives a worker's exception back as a cause, or from another process only as the text of its traceback.
_RAISED_IN_BEAM = re.compile(r"\bEvaluationError: (.+?)(?: \[while running .*)?$", re.MULTILINE)


class Executor(tfx_executor.Executor):
    """The TFX Evaluator's executor, with an optional champion and readable results."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Evaluates the model, and the champion where there is one, on the same examples.

        Args:
            input_dict: as for the TFX Evaluator: `examples`, `model`, and optionally `baseline_model` and `schema`. A
                baseline that holds no SavedModel, or says `present` = 0, counts as none.
            output_dict: `evaluation`, which gets TFMA's files, `scores.json` and the overall scores as custom
                properties (floats, and `blessed` as int); `blessing`, as by TFX.
            exec_properties: as for the TFX Evaluator.

        Raises:
            EvaluationError: a split or slice that is asked for does not exist, or a sentence's predictions do not fit
                its gold tags.
        """
        inputs = _without_absent_champion(input_dict)
        _check_splits(inputs, exec_properties)
        _check_slices(inputs, exec_properties)
        try:
            super().Do(inputs, output_dict, exec_properties)
        except Exception as error:
            messages = _RAISED_IN_BEAM.findall("".join(traceback.format_exception(error)))
            if messages:  # the last one in a traceback was raised last, and names the sentence
                raise EvaluationError(messages[-1]) from error
            raise
        _report(
            artifact_utils.get_single_instance(output_dict[standard_component_specs.EVALUATION_KEY]),
            artifact_utils.get_single_instance(output_dict[standard_component_specs.BLESSING_KEY]),
        )


def _without_absent_champion(input_dict: dict[str, list[Artifact]]) -> dict[str, list[Artifact]]:
    key = standard_component_specs.BASELINE_MODEL_KEY
    champions = [artifact for artifact in input_dict.get(key) or [] if _has_model(artifact)]
    if champions:
        logging.info("Comparing with the champion in %s.", champions[0].uri)
        return {**input_dict, key: champions}
    logging.info("There is no champion: only the absolute thresholds decide.")
    return {name: artifacts for name, artifacts in input_dict.items() if name != key}


def _has_model(artifact: Artifact) -> bool:
    if artifact.has_custom_property(PRESENT_PROPERTY) and not artifact.get_int_custom_property(PRESENT_PROPERTY):
        return False
    folder = path_utils.serving_model_path(artifact.uri, path_utils.is_old_model_artifact(artifact))
    return bool(fileio.exists(os.path.join(folder, "saved_model.pb")))


def _check_splits(input_dict: dict[str, list[Artifact]], exec_properties: dict[str, Any]) -> None:
    wanted = json_utils.loads(exec_properties.get(standard_component_specs.EXAMPLE_SPLITS_KEY) or "null") or ["eval"]
    for examples in input_dict[standard_component_specs.EXAMPLES_KEY]:
        there = artifact_utils.decode_split_names(examples.split_names)
        for split in wanted:
            if split not in there:
                raise EvaluationError(
                    f"there is no split {split!r} to evaluate on; the examples have {', '.join(there)}. Set the "
                    "evaluated split to one of these, or add such a split to the corpus."
                )


def _check_slices(input_dict: dict[str, list[Artifact]], exec_properties: dict[str, Any]) -> None:
    schemas = input_dict.get(standard_component_specs.SCHEMA_KEY)
    if not schemas:
        return
    schema = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(artifact_utils.get_single_uri(schemas)))
    there = sorted(feature.name for feature in schema.feature)
    eval_config = config_pb2.EvalConfig()
    proto_utils.json_to_proto(exec_properties[standard_component_specs.EVAL_CONFIG_KEY], eval_config)
    for spec in eval_config.slicing_specs:
        for name in spec.feature_keys:
            if name not in there:
                raise EvaluationError(
                    f"cannot slice by {name!r}: the schema has no such feature, it has {', '.join(there)}. Correct the "
                    "slice's name, or declare the feature as a metadata column of the corpus."
                )


def _report(evaluation: Artifact, blessing: Artifact) -> None:
    blessed = blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY) == constants.BLESSED_VALUE
    failures = failures_in_words(tfma.load_validation_result(evaluation.uri))
    scores = {**collect_scores(tfma.load_metrics(evaluation.uri)), "blessed": blessed, "failures": failures}
    write_scores(evaluation.uri, scores)
    for name, value in scores["overall"].items():
        evaluation.set_float_custom_property(name, value)
    evaluation.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, int(blessed))
    if blessed:
        logging.info("The model is blessed: entity F1 %.3f", scores["overall"]["entity_f1"])
    else:
        logging.warning("The model is not blessed: %s", "; ".join(failures) or "no threshold is configured")
