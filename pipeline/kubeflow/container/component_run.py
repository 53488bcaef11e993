"""Execution of one TFX component in its pod.

The steps are those of TFX's `kubeflow_v2_run_executor`, which fails on Kubeflow: it knows neither object stores nor
Kubeflow's artifact types, leaves custom properties as JSON values, and passes no run ID to the component.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from absl import logging

from components.common.beam_arguments import make_pipeline
from pipeline.kubeflow.container.executor_input import TaskInput
from pipeline.kubeflow.container.executor_output import build_output, write_output
from pipeline.kubeflow.container.mirror import to_uri
from pipeline.kubeflow.container.property_kinds import restore_kinds
from pipeline.kubeflow.container.shared_folder import through_shared_folder
from pipeline.kubeflow.container.span_driver import needs_driver, run_driver
from pipeline.kubeflow.container.ui_artifacts import fill_ui_outputs


def run_component(task: TaskInput, executor_class_path: str, beam_args: list[str]) -> None:
    """Runs an executor and writes its ExecutorOutput.

    tests/pipeline/kubeflow/container/test_component_run.py compares it with TFX's own entry point.

    Args:
        task: the component's input.
        executor_class_path: `<module>.<class>` of the executor.
        beam_args: arguments for Beam pipelines.

    Raises:
        Exception: the executor's; nothing is written then.
    """
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_entrypoint_utils as tfx_utils
    from tfx.orchestration.portable import outputs_utils
    from tfx.utils import import_utils

    executor_class = import_utils.import_class_by_path(executor_class_path)
    of_driver = run_driver(task) if needs_driver(executor_class, task) else {}
    message = task.message
    names: dict[int, str] = {0: ""}  # outputs have no ID yet; without this entry TFX warns at length
    inputs = tfx_utils.parse_raw_artifact_dict(message.inputs.artifacts, names)
    outputs = tfx_utils.parse_raw_artifact_dict(message.outputs.artifacts, names)
    for artifacts in (*inputs.values(), *outputs.values()):
        for artifact in artifacts:
            restore_kinds(artifact)
    properties = tfx_utils.parse_execution_properties(message.inputs.parameter_values, {}, task.inputs_spec)
    _make_missing_folders(inputs)
    outputs_utils.make_output_dirs(outputs)
    uses_beam = issubclass(executor_class, BaseBeamExecutor)
    if uses_beam:
        make_pipeline(beam_args, "beam.args")  # raises the errors for the user that the executor would not
    with through_shared_folder(inputs, outputs) if uses_beam else nullcontext():
        executor_class(_context(executor_class, task, beam_args)).Do(inputs, outputs, properties | of_driver)
    outputs_utils.tag_output_artifacts_with_version(outputs)
    _name_models(executor_class, outputs, names)
    result = build_output(outputs, names)
    fill_ui_outputs(result, task.extra_outputs, {name: artifacts[0] for name, artifacts in outputs.items()})
    write_output(result, message.outputs.output_file)


def _make_missing_folders(inputs: Mapping[str, list[Any]]) -> None:
    """Creates the folders of artifacts without files, which an object store does not hold."""
    for artifacts in inputs.values():
        for artifact in artifacts:
            if to_uri(artifact.uri) != artifact.uri and not os.path.exists(artifact.uri):
                logging.info("%s is empty.", artifact.uri)
                os.makedirs(artifact.uri)


def _context(executor_class: type, task: TaskInput, beam_args: list[str]) -> Any:
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.dsl.components.base.base_executor import BaseExecutor

    folder = os.path.dirname(task.message.outputs.output_file)
    common = {
        "tmp_dir": os.path.join(folder, ".temp"),
        "unique_id": os.path.basename(folder),
        "pipeline_run_id": task.run_id,
    }
    if issubclass(executor_class, BaseBeamExecutor):
        return BaseBeamExecutor.Context(beam_pipeline_args=beam_args, **common)
    return BaseExecutor.Context(extra_flags=beam_args, **common)


def _name_models(executor_class: type, outputs: Mapping[str, list[Any]], names: Mapping[int, str]) -> None:
    """Replaces TFX's model IDs in a blessing by Kubeflow's: TFX's have no meaning outside the pod."""
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_entrypoint_utils as tfx_utils
    from tfx.types.standard_component_specs import BLESSING_KEY

    if outputs.get(BLESSING_KEY):
        from tfx.components.evaluator.executor import Executor as Evaluator  # takes seconds, and few components need it

        if issubclass(executor_class, Evaluator):
            tfx_utils.refactor_model_blessing(outputs[BLESSING_KEY][0], names)
