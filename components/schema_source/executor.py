"""Executor of SchemaSource."""

from __future__ import annotations

import os
from typing import Any

from tfx.components.schema_gen.executor import DEFAULT_FILE_NAME
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils

from components.artifacts import Artifacts


class Executor(base_executor.BaseExecutor):
    """Writes the schema to the file that TFX's components read."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]) -> None:
        """Writes `schema.pbtxt`.

        Args:
            input_dict: empty.
            output_dict: `schema`.
            exec_properties: `text`, the schema.
        """
        schema = artifact_utils.get_single_instance(output_dict["schema"])
        io_utils.write_string_file(os.path.join(schema.uri, DEFAULT_FILE_NAME), exec_properties["text"])
