"""Component specification of the DataValidator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tfx import types
from tfx.components.example_validator.component import ExampleValidator
from tfx.dsl.components.base import executor_spec
from tfx.types import standard_artifacts, standard_component_specs
from tfx.types.component_spec import ExecutionParameter
from tfx.utils import json_utils

from components.data_validator.executor import Executor


class DataValidatorSpec(standard_component_specs.ExampleValidatorSpec):
    """Inputs, outputs and parameters of the DataValidator."""

    PARAMETERS = {
        **standard_component_specs.ExampleValidatorSpec.PARAMETERS,
        "required_splits": ExecutionParameter(type=str),
        "schema_file": ExecutionParameter(type=str),
        "named_types": ExecutionParameter(type=str),
        "teacher_tags": ExecutionParameter(type=str),
    }


class DataValidator(ExampleValidator):
    """Checks the statistics of the data against the schema and settings, and fails on anomalies.

    TFX's ExampleValidator only records them, and the run continues.

    Component `outputs` contains:
     - `anomalies`: `standard_artifacts.ExampleAnomalies`, as TFX's ExampleValidator writes them.

    Example:
        DataValidator(
            statistics=statistics_gen.outputs["statistics"],
            schema=schema.outputs["schema"],
            required_splits=["train", "eval"],
            schema_file="schemas/schema.pbtxt",
        )
    """

    SPEC_CLASS = DataValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        statistics: types.BaseChannel,
        schema: types.BaseChannel,
        required_splits: Sequence[str] = (),
        schema_file: str = "",
        named_types: Mapping[str, Sequence[str]] | None = None,
        teacher_tags: Sequence[str] = (),
    ) -> None:
        """Builds the spec.

        Args:
            statistics: channel of `ExampleStatistics`.
            schema: channel of `Schema`.
            required_splits: splits that the data must have.
            schema_file: path of the schema in the user's configuration, for the error.
            named_types: setting -> entity types that it names, which the training split must have.
            teacher_tags: tags of the teacher, with the entity types of the training split; empty: no teacher.
        """
        spec = DataValidatorSpec(
            statistics=statistics,
            schema=schema,
            exclude_splits=json_utils.dumps([]),
            required_splits=json_utils.dumps(list(required_splits)),
            schema_file=schema_file,
            named_types=json_utils.dumps(dict(named_types or {})),
            teacher_tags=json_utils.dumps(list(teacher_tags)),
            anomalies=types.Channel(type=standard_artifacts.ExampleAnomalies),
        )
        # ExampleValidator's constructor can build its own spec only.
        super(ExampleValidator, self).__init__(spec=spec)
