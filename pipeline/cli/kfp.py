"""`ner kfp`."""

from __future__ import annotations

import click

from pipeline.cli.lazy_group import LazyGroup

# Name -> (where the command is, what it does).
_COMMANDS = {
    "upload": ("pipeline.cli.kfp_pipelines:upload", "Upload a compiled pipeline; a new version if it is new."),
    "run": ("pipeline.cli.kfp_runs:run", "Run an uploaded pipeline, or a file."),
    "status": ("pipeline.cli.kfp_runs:status", "How a run stands, task by task."),
    "wait": ("pipeline.cli.kfp_runs:wait", "Follow a run until it ends."),
    "logs": ("pipeline.cli.kfp_runs:logs", "Show the output of a run's tasks."),
    "terminate": ("pipeline.cli.kfp_runs:terminate", "End a run."),
    "schedule": ("pipeline.cli.kfp_schedules:schedule", "Run a pipeline at set times; changes the schedule it made."),
    "schedules": ("pipeline.cli.kfp_schedules:schedules", "List the schedules."),
    "pause": ("pipeline.cli.kfp_schedules:pause", "Let a schedule rest."),
    "resume": ("pipeline.cli.kfp_schedules:resume", "Wake a schedule that rests."),
    "unschedule": ("pipeline.cli.kfp_schedules:unschedule", "Remove a schedule; its runs stay."),
    "emulate": ("support.kfp_emulator.cli:emulate", "Run a compiled pipeline here, as a cluster would."),
}


@click.group(cls=LazyGroup.of(_COMMANDS))
def kfp() -> None:
    """Kubeflow Pipelines: upload, run, watch and schedule what `ner compile` writes.

    The server: --host, or KFP_HOST (or KF_PIPELINES_ENDPOINT), or a pod's own account, or kubectl's configuration.
    A token: KFP_TOKEN or --token. On a server of several users: KFP_NAMESPACE or --namespace.
    """
