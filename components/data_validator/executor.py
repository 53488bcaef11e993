"""Executor of the DataValidator."""

from __future__ import annotations

import os
from typing import Any

from absl import logging
from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2
from tfx.components.example_validator import executor as tfx_executor
from tfx.proto.orchestration import execution_result_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import io_utils, json_utils

from components.artifacts import Artifacts
from components.data_validator.anomalies import anomaly_lines, error_text
from components.data_validator.errors import DataAnomalyError
from components.keys import TRAIN_SPLIT
from components.text.tags import require_types, require_types_of_teacher
from components.transform.features import TAGS


class Executor(tfx_executor.Executor):
    """TFX's ExampleValidator, which fails on anomalies."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]
    ) -> execution_result_pb2.ExecutorOutput:
        """Validates the statistics of every split.

        Args:
            input_dict: `statistics` and `schema`.
            output_dict: `anomalies`, written before an error is raised. TFX's local launcher deletes the outputs of a
                failed node, so only the text of the error remains there.
            exec_properties: those of TFX's ExampleValidator, `required_splits` (JSON list), `schema_file`,
                `named_types` (JSON: setting -> entity types) and `teacher_tags` (JSON list).

        Returns:
            The output of TFX's ExampleValidator.

        Raises:
            DataAnomalyError: a split has anomalies or no examples, or a required split is missing.
            NerError: a setting names an entity type that the training split does not have, or the teacher has others.
        """
        result = super().Do(input_dict, output_dict, exec_properties)
        errors = _missing_splits(input_dict, json_utils.loads(exec_properties["required_splits"]))
        anomalies = artifact_utils.get_single_instance(output_dict[standard_component_specs.ANOMALIES_KEY])
        for split in artifact_utils.decode_split_names(anomalies.split_names):
            folder = artifact_utils.get_split_uri([anomalies], split)
            saved = io_utils.read_bytes_file(os.path.join(folder, tfx_executor.DEFAULT_FILE_NAME))
            lines = anomaly_lines(split, anomalies_pb2.Anomalies.FromString(saved))
            errors += lines.errors
            for line in lines.warnings:
                logging.warning("data validation: %s", line)
        if errors:
            raise DataAnomalyError(error_text(errors, exec_properties["schema_file"]))
        named = json_utils.loads(exec_properties["named_types"])
        of_teacher = json_utils.loads(exec_properties["teacher_tags"])
        tags = _training_tags(input_dict) if named or of_teacher else []
        for setting, types in named.items():
            require_types(setting, types, tags)
        if of_teacher:
            require_types_of_teacher(of_teacher, tags)
        return result


def _training_tags(input_dict: Artifacts) -> list[str]:
    folder = artifact_utils.get_split_uri(input_dict[standard_component_specs.STATISTICS_KEY], TRAIN_SPLIT)
    saved = io_utils.read_bytes_file(os.path.join(folder, "FeatureStats.pb"))
    [counts] = statistics_pb2.DatasetFeatureStatisticsList.FromString(saved).datasets
    features = (feature for feature in counts.features if [*feature.path.step] == [TAGS])
    return [bucket.label for feature in features for bucket in feature.string_stats.rank_histogram.buckets]


def _missing_splits(input_dict: Artifacts, required: list[str]) -> list[str]:
    statistics = artifact_utils.get_single_instance(input_dict[standard_component_specs.STATISTICS_KEY])
    existing = artifact_utils.decode_split_names(statistics.split_names)
    return [
        f"split {split}: missing, the data has {', '.join(existing)}" for split in required if split not in existing
    ]
