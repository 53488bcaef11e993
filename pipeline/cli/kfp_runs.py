"""`ner kfp run`, `status`, `wait`, `logs` and `terminate`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from components.common.errors import NerError
from pipeline.cli.kfp_options import default_experiment, parameter_option, server_options, table

if TYPE_CHECKING:
    from pipeline.kubeflow.client.connection import Connection
    from pipeline.kubeflow.client.run_status import RunStatus

_interval = click.option(
    "--interval", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="Seconds between two looks."
)
_limit = click.option("--timeout", "limit", type=click.FloatRange(min=0), help="Seconds after which to stop waiting.")


@click.command()
@click.option("--pipeline", metavar="NAME", help="An uploaded pipeline, by name or ID.")
@click.option("--version", metavar="NAME", help="One of its versions, by name or ID; the newest unless given.")
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="A compiled pipeline; it is not kept.")
@parameter_option
@click.option("--name", metavar="NAME", help="Of the run; the pipeline's name and the time unless given.")
@click.option("--experiment", metavar="NAME", help="To which the run belongs; made if need be.")
@click.option("--root", metavar="URI", help="Where artifacts go, e.g. s3://bucket/path; the server's unless given.")
@click.option("--cache/--no-cache", "caching", default=None, help="For all tasks; what the pipeline says unless given.")
@click.option("--wait", "and_wait", is_flag=True, help="Follow it; see `ner kfp wait`.")
@_interval
@_limit
@server_options
def run(
    pipeline: str | None, version: str | None, file: Path | None, settings: tuple[str, ...], name: str | None,
    experiment: str | None, root: str | None, caching: bool | None, and_wait: bool, interval: float,
    limit: float | None, server: Callable[[], Any],
) -> None:  # fmt: skip
    """Run an uploaded pipeline, or a file.

    \b
    ner kfp run --pipeline ner --param epochs=5 --param data=s3://bucket/corpus --wait

    With --cache or --no-cache the run carries a changed copy of the pipeline, and the web interface shows it under no
    version.
    """  # noqa: D301 - click's mark of a line to be left alone
    if (pipeline is None) == (file is None) or (version is not None and pipeline is None):
        raise click.UsageError("say what to run: --pipeline NAME [--version NAME], or --file FILE")
    from pipeline.kubeflow.client.parameters import typed_parameters
    from pipeline.kubeflow.client.pipeline_spec import PipelineSpec
    from pipeline.kubeflow.client.pipelines import find_version
    from pipeline.kubeflow.client.runs import start_spec, start_version

    begin: Callable[..., str]
    what: Any
    if file is not None:
        spec = what = PipelineSpec.of_file(file)
        parameters = typed_parameters(spec, settings)  # before the server is asked
        connection, title, begin = server(), spec.name, start_spec
    else:
        connection = server()
        what, title = find_version(connection, str(pipeline), version)
        parameters, begin = typed_parameters(PipelineSpec.of_version(what), settings), start_version
    run_id = begin(
        connection,
        what,
        name=name or f"{title} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
        experiment=experiment or default_experiment(),
        parameters=parameters,
        root=root,
        caching=caching,
    )
    click.echo(f"run {run_id}")
    click.echo(connection.page_of(f"runs/details/{run_id}"))
    if and_wait:
        _follow(connection, run_id, interval, limit)


@click.command()
@click.argument("wanted", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@server_options
def status(wanted: str, as_json: bool, server: Callable[[], Any]) -> None:
    """How a run stands, task by task. RUN is an ID or a name."""
    from pipeline.kubeflow.client.runs import find_run, status_of

    connection = server()
    found = status_of(connection, find_run(connection, wanted))
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
        return
    _show(found, connection)


@click.command()
@click.argument("wanted", metavar="RUN")
@_interval
@_limit
@server_options
def wait(wanted: str, interval: float, limit: float | None, server: Callable[[], Any]) -> None:
    """Follow a run until it ends, telling of each change. RUN is an ID or a name.

    The exit code is 0 if it succeeded and 1 if not. Ctrl-C ends the following and not the run.
    """
    from pipeline.kubeflow.client.runs import find_run

    connection = server()
    _follow(connection, find_run(connection, wanted).run_id, interval, limit)


@click.command()
@click.argument("wanted", metavar="RUN")
@click.argument("task", required=False)
@server_options
def logs(wanted: str, task: str | None, server: Callable[[], Any]) -> None:
    """Show the output of a run's tasks, or of one TASK. RUN is an ID or a name.

    The API server reads it from the task's pod, or from the archive if the cluster keeps one (Argo's archiveLogs).
    Where it has neither, the kubectl command is shown that reads it while the pod is there.
    """
    from pipeline.kubeflow.client.runs import find_run, status_of
    from pipeline.kubeflow.client.task_logs import kubectl_command, logs_of

    connection = server()
    found = status_of(connection, find_run(connection, wanted))
    missing = []
    for log in logs_of(connection, found, task):
        if log.text is None:
            missing.append(log.task)
            continue
        if task is None:
            click.echo(f"==> {log.task} <==")
        click.echo(log.text, nl=not log.text.endswith("\n"))
    if missing:
        one = next((each for each in found.tasks if each.name == task), None)
        command = kubectl_command(found.run_id, connection.namespace, one)
        raise NerError(
            f"the server has no output of {', '.join(missing)}: its pod is gone and no archive of logs is set "
            f"up, or this server does not hand logs on. While the pods are there kubectl shows it:\n  {command}"
        )


@click.command()
@click.argument("wanted", metavar="RUN")
@server_options
def terminate(wanted: str, server: Callable[[], Any]) -> None:
    """End a run. RUN is an ID or a name."""
    from pipeline.kubeflow.client.run_status import RunStatus
    from pipeline.kubeflow.client.runs import find_run

    connection = server()
    found = RunStatus.of(find_run(connection, wanted))
    if found.ended:
        click.echo(f"run {found.run_id} has ended already: {found.state}")
        return
    connection.client.terminate_run(found.run_id)
    click.echo(f"run {found.run_id} is being ended")


def _follow(connection: Connection, run_id: str, interval: float, limit: float | None) -> None:
    from pipeline.kubeflow.client.waiting import duration, follow

    try:
        ended = follow(connection, run_id, click.echo, interval=interval, limit=limit)
    except KeyboardInterrupt:
        click.echo(f"the run goes on: `ner kfp wait {run_id}` follows it again, `ner kfp terminate {run_id}` ends it")
        raise click.exceptions.Exit(130) from None
    if ended.succeeded:
        click.echo(f"run {run_id} succeeded after {duration(ended.seconds)}")
        return
    text = f"run {run_id} ended with {ended.state} after {duration(ended.seconds)}"
    text += "".join(
        f"\n  {task.name} failed: {task.error or 'the server gives no reason'}" for task in ended.failed_tasks
    )
    if ended.error:
        text += f"\n  {ended.error}"
    if ended.failed_tasks:
        text += f"\n`ner kfp logs {run_id} {ended.failed_tasks[0].name}` shows its output"
    raise NerError(text)


def _show(found: RunStatus, connection: Connection) -> None:
    from pipeline.kubeflow.client.waiting import duration

    click.echo(f"{found.name}  {found.run_id}")
    click.echo(f"{found.state}  {found.done}/{len(found.tasks)} tasks  {duration(found.seconds)}")
    if found.parameters:
        click.echo("parameters: " + ", ".join(f"{key}={value}" for key, value in found.parameters.items()))
    if found.error:
        click.echo(f"error: {found.error}")
    click.echo(connection.page_of(f"runs/details/{found.run_id}"))
    rows = [(task.name, task.state, duration(task.seconds), task.error) for task in found.tasks]
    if rows:
        click.echo("\n" + table(("TASK", "STATE", "TIME", "ERROR"), rows))
