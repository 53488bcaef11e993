"""Runs one component of TFX in its pod.

TFX has such a module (`kubeflow_v2_run_executor`), whose steps these are. It does not serve: it knows nothing of object
stores and Kubeflow's own artifact types, leaves custom properties as JSON values, and names no run to the component.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from absl import logging

from pipeline.kubeflow.container.executor_input import MendedInput
from pipeline.kubeflow.container.executor_output import add_parameters, build_output, write_output
from pipeline.kubeflow.container.mirror import to_uri
from pipeline.kubeflow.container.property_kinds import restore_kinds
from pipeline.kubeflow.container.shared_folder import through_shared_folder
from pipeline.kubeflow.container.span_driver import needs_driver, run_driver
from pipeline.kubeflow.container.ui_artifacts import fill_ui_outputs


def run_component(mended: MendedInput, executor_class_path: str, beam_args: list[str]) -> None:
    """Runs an executor and writes what came of it.

    Args:
        mended: the component's input.
        executor_class_path: `<module>.<class>` of the executor.
        beam_args: arguments for Beam pipelines.

    Raises:
        Exception: whatever the executor raises; nothing is written then.
    """
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_entrypoint_utils as tfx_utils
    from tfx.orchestration.portable import outputs_utils
    from tfx.utils import import_utils

    executor_class = import_utils.import_class_by_path(executor_class_path)
    found = run_driver(mended) if needs_driver(executor_class, mended) else {}
    message = mended.message
    names: dict[int, str] = {0: ""}  # outputs have no number yet, of which TFX would warn at length
    inputs = tfx_utils.parse_raw_artifact_dict(message.inputs.artifacts, names)
    outputs = tfx_utils.parse_raw_artifact_dict(message.outputs.artifacts, names)
    for artifacts in (*inputs.values(), *outputs.values()):
        for artifact in artifacts:
            restore_kinds(artifact)
    properties = tfx_utils.parse_execution_properties(message.inputs.parameter_values, {}, mended.inputs_spec) | found
    _make_folders(inputs)
    outputs_utils.make_output_dirs(outputs)
    with _data_place(executor_class, inputs, outputs):
        executor_class(_context(executor_class, mended, beam_args)).Do(inputs, outputs, properties)
    outputs_utils.tag_output_artifacts_with_version(outputs)
    _name_models(executor_class, outputs, names)
    result = build_output(outputs, names)
    add_parameters(result, message.outputs.parameters, outputs)
    fill_ui_outputs(result, mended.extra_outputs, {name: artifacts[0] for name, artifacts in outputs.items()})
    write_output(result, message.outputs.output_file)


def _make_folders(inputs: Mapping[str, list[Any]]) -> None:
    """An object store has no empty folders, so that an artifact without a file is not there at all."""
    for artifacts in inputs.values():
        for artifact in artifacts:
            if to_uri(artifact.uri) != artifact.uri and not os.path.exists(artifact.uri):
                logging.info("%s is empty.", artifact.uri)
                os.makedirs(artifact.uri)


def _context(executor_class: type, mended: MendedInput, beam_args: list[str]) -> Any:
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.dsl.components.base.base_executor import BaseExecutor

    folder = os.path.dirname(mended.message.outputs.output_file)
    common = {
        "tmp_dir": os.path.join(folder, ".temp"),
        "unique_id": os.path.basename(folder),
        "pipeline_run_id": mended.run_id,
    }
    if issubclass(executor_class, BaseBeamExecutor):
        return BaseBeamExecutor.Context(beam_pipeline_args=beam_args, **common)
    return BaseExecutor.Context(extra_flags=beam_args, **common)


def _data_place(
    executor_class: type, inputs: Mapping[str, list[Any]], outputs: Mapping[str, list[Any]]
) -> AbstractContextManager[None]:
    """Where the executor finds and leaves its data: where the launcher does, or where Beam's workers reach it too."""
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor

    return through_shared_folder(inputs, outputs) if issubclass(executor_class, BaseBeamExecutor) else nullcontext()


def _name_models(executor_class: type, outputs: Mapping[str, list[Any]], names: Mapping[int, str]) -> None:
    """Has a blessing name its models as Kubeflow does: TFX's own numbers for them mean nothing outside the pod."""
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_entrypoint_utils as tfx_utils
    from tfx.types.standard_component_specs import BLESSING_KEY

    if outputs.get(BLESSING_KEY):
        from tfx.components.evaluator.executor import Executor as Evaluator  # seconds, and few components need it

        if issubclass(executor_class, Evaluator):
            tfx_utils.refactor_model_blessing(outputs[BLESSING_KEY][0], names)
