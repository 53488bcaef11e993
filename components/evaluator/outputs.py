"""Outputs of the Evaluator: artifact properties, TFX's blessing, and the log line of the decision."""

from __future__ import annotations

import os
from typing import Any

from absl import logging
from tfx.components.evaluator import constants
from tfx.types import standard_component_specs
from tfx.types.artifact import Artifact
from tfx.utils import io_utils

from components.evaluator.results.evaluation import Blessing, Evaluation
from components.keys import FORCED


def write_score_properties(evaluation: Artifact, result: Evaluation) -> None:
    """Sets the defined overall scores as custom properties (names of `Scores.metrics()`), and `blessed` as int."""
    if result.overall is not None:
        candidate = result.overall.candidate
        for name, value in candidate.metrics().items():
            if "/" not in name and value.value is not None:
                evaluation.set_float_custom_property(name, value.value)
        evaluation.set_float_custom_property("entity_support", float(candidate.entities.micro.support))
        evaluation.set_float_custom_property("example_count", float(candidate.sentences))
    evaluation.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, int(result.blessing.blessed))


def write_blessing(
    artifact: Artifact, blessing: Blessing, inputs: dict[str, list[Artifact]], exec_properties: dict[str, Any]
) -> None:
    """Writes the file and the properties of a blessing as the TFX Evaluator does, for TFX's resolvers."""
    (model,) = inputs[standard_component_specs.MODEL_KEY]
    artifact.set_string_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri)
    artifact.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
    for baseline in inputs.get(standard_component_specs.BASELINE_MODEL_KEY) or []:
        artifact.set_string_custom_property(constants.ARTIFACT_PROPERTY_BASELINE_MODEL_URI_KEY, baseline.uri)
        artifact.set_int_custom_property(constants.ARTIFACT_PROPERTY_BASELINE_MODEL_ID_KEY, baseline.id)
    if "current_component_id" in exec_properties:
        artifact.set_string_custom_property("component_id", exec_properties["current_component_id"])
    name = constants.BLESSED_FILE_NAME if blessing.blessed else constants.NOT_BLESSED_FILE_NAME
    value = constants.BLESSED_VALUE if blessing.blessed else constants.NOT_BLESSED_VALUE
    io_utils.write_string_file(os.path.join(artifact.uri, name), blessing.forced)
    artifact.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, value)
    if blessing.forced:
        artifact.set_string_custom_property(FORCED, blessing.forced)


def log_decision(result: Evaluation) -> None:
    """Logs the decision with its reasons."""
    blessing = result.blessing
    overall = result.overall
    f1 = "" if overall is None else f": entity F1 {overall.candidate.entities.micro.f1.number()}"
    f1 += f"; against the champion: {overall.f1_change}" if overall is not None and overall.f1_change else ""
    reasons = "; ".join([*blessing.failures, *blessing.notes])
    if overall is not None and (text := overall.end_to_end_text):
        (logging.warning if overall.loses_on_raw_text else logging.info)("%s", text[:1].upper() + text[1:])
    if blessing.forced:
        logging.warning("The model is blessed by force (%s) against: %s", blessing.forced, reasons)
    elif blessing.blessed:
        logging.info("The model is blessed%s", f1)
    else:
        logging.warning("The model is not blessed: %s", reasons)
