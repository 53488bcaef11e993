"""TFX executors for tests of the container's entry point; `CALLS` records their arguments.

Its classes are those of TFX, so a test module names it by `LazyModule`.
"""

from __future__ import annotations

import os
import signal
import time

from tfx.components.example_gen.csv_example_gen.executor import Executor as CsvExecutor
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.io import fileio

CALLS: list[dict] = []


class Copier(BaseExecutor):
    """Writes a model."""

    def Do(self, input_dict, output_dict, exec_properties):
        CALLS.append({"inputs": input_dict, "properties": exec_properties, "context": self._context})
        [model] = output_dict["model"]
        fileio.makedirs(os.path.join(model.uri, "variables"))
        with fileio.open(os.path.join(model.uri, "saved_model.pb"), "w") as file:
            file.write("graph")
        model.set_int_custom_property("version", 3)
        model.set_string_custom_property("source_uri", model.uri)


class Counter(BaseBeamExecutor):
    """Runs with Beam arguments."""

    def Do(self, input_dict, output_dict, exec_properties):
        uris = [artifact.uri for artifacts in input_dict.values() for artifact in artifacts]
        CALLS.append({"beam": self._beam_pipeline_args, "temp": self._get_tmp_dir(), "uris": uris})


class Spans(CsvExecutor):
    """A file-based ExampleGen."""

    def Do(self, input_dict, output_dict, exec_properties):
        CALLS.append({"properties": exec_properties, "examples": output_dict["examples"][0]})


class Fails(BaseExecutor):
    """Raises `error`."""

    error: Exception = ValueError()

    def Do(self, input_dict, output_dict, exec_properties):
        raise Fails.error


class Evicted(BaseExecutor):
    """Receives SIGTERM while it works."""

    def Do(self, input_dict, output_dict, exec_properties):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
