"""Runs the TFX ExampleValidator, and stops the run where it found something."""

from __future__ import annotations

import os
from typing import Any

from absl import logging
from tfx.components.example_validator import executor as tfx_executor
from tfx.proto.orchestration import execution_result_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.types.artifact import Artifact
from tfx.utils import io_utils, json_utils

from components.data_validator.anomalies import anomaly_lines, error_text
from components.data_validator.errors import DataAnomalyError

REQUIRED_SPLITS_KEY = "required_splits"
SCHEMA_FILE_KEY = "schema_file"


class Executor(tfx_executor.Executor):
    """The TFX ExampleValidator's executor, which by itself never stops anything."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> execution_result_pb2.ExecutorOutput:
        """Validates the statistics of every split.

        Args:
            input_dict: as for the TFX ExampleValidator: `statistics` and `schema`.
            output_dict: `anomalies`, written before an error is raised (TFX's local launcher deletes the outputs of a
                node that failed, so the error's text is what remains there).
            exec_properties: as for the TFX ExampleValidator, and `required_splits` (JSON list) and `schema_file`.

        Returns:
            What the TFX ExampleValidator returns.

        Raises:
            DataAnomalyError: a split has anomalies or no examples, or a required split is missing.
        """
        result = super().Do(input_dict, output_dict, exec_properties)
        errors = _missing_splits(input_dict, exec_properties)
        anomalies = artifact_utils.get_single_instance(output_dict[standard_component_specs.ANOMALIES_KEY])
        for split in artifact_utils.decode_split_names(anomalies.split_names):
            folder = artifact_utils.get_split_uri([anomalies], split)
            saved = io_utils.read_bytes_file(os.path.join(folder, tfx_executor.DEFAULT_FILE_NAME))
            lines = anomaly_lines(split, saved)
            errors += lines.errors
            for line in lines.warnings:
                logging.warning("Data validation: %s", line)
        if errors:
            raise DataAnomalyError(error_text(errors, exec_properties.get(SCHEMA_FILE_KEY) or ""))
        return result


def _missing_splits(input_dict: dict[str, list[Artifact]], exec_properties: dict[str, Any]) -> list[str]:
    statistics = artifact_utils.get_single_instance(input_dict[standard_component_specs.STATISTICS_KEY])
    there = artifact_utils.decode_split_names(statistics.split_names)
    required = json_utils.loads(exec_properties.get(REQUIRED_SPLITS_KEY) or "null") or []
    return [f"split {split}: the data has none, it has {', '.join(there)}" for split in required if split not in there]
