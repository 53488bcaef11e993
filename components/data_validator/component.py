"""The DataValidator's contract."""

from __future__ import annotations

from tfx import types
from tfx.components.example_validator.component import ExampleValidator
from tfx.dsl.components.base import executor_spec
from tfx.types import standard_artifacts, standard_component_specs
from tfx.types.component_spec import ExecutionParameter
from tfx.utils import json_utils

from components.data_validator.executor import REQUIRED_SPLITS_KEY, SCHEMA_FILE_KEY, Executor


class _DataValidatorSpec(standard_component_specs.ExampleValidatorSpec):
    PARAMETERS = {
        **standard_component_specs.ExampleValidatorSpec.PARAMETERS,
        REQUIRED_SPLITS_KEY: ExecutionParameter(type=str, optional=True),
        SCHEMA_FILE_KEY: ExecutionParameter(type=str, optional=True),
    }


class DataValidator(ExampleValidator):
    """Checks the data's statistics against the schema and stops the run at the first anomaly.

    The TFX ExampleValidator only notes what it finds, and the run goes on.

    Component `outputs` contains:

    *   `anomalies`: `ExampleAnomalies`, as by the TFX ExampleValidator.

    Example:
        DataValidator(
            statistics=statistics_gen.outputs["statistics"],
            schema=schema.outputs["schema"],
            required_splits=["train", "eval"],
            schema_file="schemas/schema.pbtxt",
        )
    """

    SPEC_CLASS = _DataValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        statistics: types.BaseChannel,
        schema: types.BaseChannel,
        exclude_splits: list[str] | None = None,
        required_splits: list[str] | None = None,
        schema_file: str | None = None,
    ) -> None:
        """Declares the node.

        Args:
            statistics: channel of `ExampleStatistics`.
            schema: channel of `Schema`.
            exclude_splits: splits that are not checked.
            required_splits: splits that must be in the data.
            schema_file: path of the schema as the user knows it, for the error's text.
        """
        spec = _DataValidatorSpec(
            statistics=statistics,
            schema=schema,
            exclude_splits=json_utils.dumps(exclude_splits or []),
            required_splits=json_utils.dumps(required_splits or []),
            schema_file=schema_file,
            anomalies=types.Channel(type=standard_artifacts.ExampleAnomalies),
        )
        # Past ExampleValidator's own constructor, which can only build its own spec.
        super(ExampleValidator, self).__init__(spec=spec)
