"""Client of a Kubeflow Pipelines server: connect, upload, run, wait, schedule.

It adds to `kfp.Client` what that lacks: time limits, one-line errors, uploads only of changed pipelines, typed
parameters, a wait that names the failed node, and schedules that can be changed. For everything else use the `kfp`
command (docs/kubeflow.md). Read `connection` first, then `pipelines`, `runs`, `waiting` and `schedules`; `node_logs`
reads the logs of pods.
"""

from pipeline.kubeflow.client.connection import Connection, connect
from pipeline.kubeflow.client.errors import ServerError
from pipeline.kubeflow.client.node_logs import NodeLogs
from pipeline.kubeflow.client.parameters import typed_parameters
from pipeline.kubeflow.client.pipeline_spec import PipelineSpec
from pipeline.kubeflow.client.pipelines import PipelineVersion, find_version, upload
from pipeline.kubeflow.client.runs import RunSubmission, start
from pipeline.kubeflow.client.schedules import Schedule, apply_schedule, is_enabled
from pipeline.kubeflow.client.waiting import RunStatus, TaskStatus, follow, format_duration, run_status

__all__ = [
    "Connection", "NodeLogs", "PipelineSpec", "PipelineVersion", "RunStatus", "RunSubmission", "Schedule",
    "ServerError", "TaskStatus", "apply_schedule", "connect", "find_version", "follow", "format_duration",
    "is_enabled", "run_status", "start", "typed_parameters", "upload",
]  # fmt: skip
