"""What TFX does before CorpusExampleGen runs, on its own runners (Kubeflow Pipelines knows no drivers)."""

from __future__ import annotations

from tfx.components.example_gen.driver import FileBasedDriver
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.proto.orchestration.driver_output_pb2 import DriverOutput
from tfx.types import standard_component_specs


class Driver(FileBasedDriver):
    """Finds span and files, unless the corpus is an artifact: then the executor does."""

    def run(self, execution_info: ExecutionInfo) -> DriverOutput:
        """Returns TFX's driver's answer, or nothing to change."""
        if not execution_info.exec_properties.get(standard_component_specs.INPUT_BASE_KEY):
            return DriverOutput()
        return super().run(execution_info)
