"""`ner kfp`: upload, run, wait and schedule on Kubeflow Pipelines."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from components.common.errors import NerError

if TYPE_CHECKING:
    from pipeline.kubeflow.client import Connection, NodeLogs, PipelineVersion

_pipeline_option = click.option("--pipeline", metavar="NAME", help="An uploaded pipeline, by name or ID.")
_version_option = click.option("--version", metavar="NAME", help="A version by name or ID; default: the newest.")
_experiment_option = click.option("--experiment", metavar="NAME", help="Experiment of the runs; created if needed.")
_root_option = click.option(
    "--root", metavar="URI", help="Artifact root, e.g. s3://bucket/path; default: that of the file, then the server's."
)
_parameter_option = click.option(
    "--param", "settings", multiple=True, metavar="NAME=VALUE", help="A pipeline parameter; lists and structs as JSON."
)
_interval_option = click.option(
    "--interval", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="Seconds between requests."
)
_limit_option = click.option("--timeout", "limit", type=click.FloatRange(min=0), help="Seconds after which to give up.")


@click.group()
def kfp() -> None:
    """Kubeflow Pipelines: upload, run, wait for and schedule the output of `ner compile`.

    The server: --host, or KFP_HOST (or KF_PIPELINES_ENDPOINT), or a pod's own account, or kubectl's configuration.
    A token: KFP_TOKEN or --token. On a multi-user server: KFP_NAMESPACE or --namespace.

    For everything else use the kfp command itself, e.g. `kfp run list`; docs/kubeflow.md has a table.
    """


def _server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of the connection; the command receives `server`, a function that connects."""

    @functools.wraps(command)
    def with_server(
        *, host: str | None, namespace: str | None, token: str | None, ca_cert: str | None, **arguments: Any
    ) -> Any:
        def server() -> Connection:
            from pipeline.kubeflow.client import connect

            return connect(host, namespace, token, ca_cert)

        return command(server=server, **arguments)

    for option in (
        click.option("--ca-cert", metavar="FILE", help="Certificate of a private authority; or KFP_CA_CERT."),
        click.option(
            "--token", metavar="TOKEN", help="Bearer token. KFP_TOKEN is safer: process lists do not show it."
        ),
        click.option("--namespace", metavar="NAME", help="Yours, on a multi-user server; or KFP_NAMESPACE."),
        click.option("--host", metavar="URL", help="Address of the server; or KFP_HOST."),
    ):
        with_server = option(with_server)
    return with_server


@kfp.command(short_help="Check a cluster before the first run.")
@click.option(
    "--cluster",
    "cluster_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The YAML file of `ner compile`: images, secrets, volumes, GPUs, registry.",
)
@click.option(
    "--set-cluster", "cluster_settings", multiple=True, metavar="KEY=VALUE", help="Change one setting of the cluster."
)
@click.option("--tuner", is_flag=True, help="Check the machines of the Tuner, too.")
@_server_options
def check(
    *,
    cluster_file: Path | None,
    cluster_settings: tuple[str, ...],
    tuner: bool,
    server: Callable[[], Connection],
) -> None:
    """Check a cluster before the first run: server, namespace, rights, secrets, volumes, GPUs, images, registry.

    A line is ok, wrong, or unknown if this machine cannot see it; wrong and unknown ones say how to go on.
    """
    from components.common.console import Column, Row, print_table, standard_output
    from configs.cluster_loading import load_cluster
    from pipeline.kubeflow.client.check import check_cluster

    cluster = load_cluster("kubeflow", cluster_file, cluster_settings)
    checks = list(check_cluster(cluster, server, tuner=tuner))
    styles = {"wrong": "bold red", "unknown": "yellow"}
    rows = [
        Row([one.name, one.state, one.text + (f". {one.cure}" if one.cure else "")], style=styles.get(one.state, ""))
        for one in checks
    ]
    print_table(standard_output(), [Column("check"), Column("state"), Column("finding")], rows)
    if any(one.state == "wrong" for one in checks):
        raise click.exceptions.Exit(1)


@kfp.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--version", "version_name", metavar="NAME", help="Name of the version; default: the time in UTC.")
@click.option("--name", "pipeline_name", metavar="NAME", help="Name of the pipeline; default: the one in FILE.")
@_server_options
def upload(
    *, file: Path, version_name: str | None, pipeline_name: str | None, server: Callable[[], Connection]
) -> None:
    """Upload a compiled pipeline.

    Creates the pipeline if needed, and a version unless the newest version already has the content of FILE.
    """
    from pipeline.kubeflow.client import PipelineSpec
    from pipeline.kubeflow.client import upload as upload_file

    PipelineSpec.of_file(file)  # reports its errors before it connects
    connection = server()
    name = version_name or f"{datetime.now(timezone.utc):%Y%m%d-%H%M%S}"  # also a valid name of a Kubernetes object
    version, is_new = upload_file(connection, file, name, pipeline_name)
    outcome = "uploaded" if is_new else "unchanged"
    click.echo(f"pipeline {version.pipeline_name!r} version {version.version_name!r}: {outcome}")
    click.echo(connection.ui_address(f"pipelines/details/{version.pipeline_id}/version/{version.version_id}"))


@kfp.command()
@_pipeline_option
@_version_option
@click.option(
    "--file", type=click.Path(path_type=Path, dir_okay=False), help="A compiled pipeline to run without upload."
)
@_parameter_option
@click.option("--name", metavar="NAME", help="Name of the run; default: the pipeline's name and the time.")
@_experiment_option
@_root_option
@click.option("--cache/--no-cache", "caching", default=None, help="For all tasks; default: each task's own setting.")
@click.option("--wait", "and_wait", is_flag=True, help="Wait for the end; see `ner kfp wait`.")
@_interval_option
@_limit_option
@_server_options
def run(
    *,
    pipeline: str | None,
    version: str | None,
    file: Path | None,
    settings: tuple[str, ...],
    name: str | None,
    experiment: str | None,
    root: str | None,
    caching: bool | None,
    and_wait: bool,
    interval: float,
    limit: float | None,
    server: Callable[[], Connection],
) -> None:
    """Run an uploaded pipeline, or a file.

    \b
    ner kfp run --pipeline ner --param epochs=5 --param span=7 --wait

    With --cache or --no-cache the run carries a changed copy of the pipeline; the web interface then shows no version.
    """  # noqa: D301 - click's mark of a paragraph that is not wrapped
    if (pipeline is None) == (file is None) or (version is not None and pipeline is None):
        raise click.UsageError("give --pipeline NAME [--version NAME], or --file FILE")
    from pipeline.kubeflow.client import PipelineSpec, RunSubmission, find_version, start, typed_parameters

    source: PipelineSpec | PipelineVersion
    if file is not None:
        source = PipelineSpec.of_file(file)
        title, parameters = source.name, typed_parameters(source, settings)  # reports errors before it connects
        connection = server()
    else:
        connection = server()
        source = find_version(connection, str(pipeline), version)
        title, parameters = source.pipeline_name, typed_parameters(source.spec, settings)
    name = name or f"{title} {datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}"
    submission = RunSubmission(source, name, parameters, experiment, root, caching)
    run_id = start(connection, submission)
    click.echo(f"run {run_id}")
    click.echo(connection.ui_address(f"runs/details/{run_id}"))
    if and_wait:
        _wait(connection, run_id, interval, limit)


@kfp.command()
@click.argument("run_id", metavar="RUN_ID")
@_interval_option
@_limit_option
@_server_options
def wait(*, run_id: str, interval: float, limit: float | None, server: Callable[[], Connection]) -> None:
    """Wait for the end of a run and report each change.

    Running nodes also show the lines of their logs, if kubectl's configuration reaches the pods.

    The exit code is 0 if the run succeeded and 1 otherwise. Ctrl-C stops waiting; the run continues.
    """
    _wait(server(), run_id, interval, limit)


@kfp.command()
@click.argument("run_id", metavar="RUN_ID")
@_server_options
def status(*, run_id: str, server: Callable[[], Connection]) -> None:
    """Show the state of each node of a run, and how the run ended.

    Nodes that run or have failed also show the latest line of their logs, if kubectl's configuration reaches the pods.
    """
    from components.common.console import Column, Row, print_line, print_table, standard_output
    from pipeline.kubeflow.client import NodeLogs, format_duration, run_status

    connection = server()
    now, console = run_status(connection, run_id), standard_output()
    lines, problem = _latest_lines(NodeLogs.connect(connection.namespace), run_id)
    styles = {"FAILED": "bold red", "RUNNING": "bold", "SKIPPED": "dim", "PENDING": "dim"}
    columns = [Column("node"), Column("state"), Column("time", right=True), Column("latest line")]
    rows = [
        Row(
            (task.name, task.state, format_duration(task.seconds), lines.get(task.name, "")),
            style=styles.get(task.state, ""),
        )
        for task in now.tasks
    ]
    print_table(console, columns, rows)
    if problem:
        print_line(console, problem)
    ended = now.summary(connection.namespace, lines) if now.ended else f"run {run_id}: {now.state}"
    print_line(console, ended)


@kfp.command()
@click.option("--cron", "expression", required=True, metavar="EXPRESSION", help="Five fields as in crontab.")
@click.option("--pipeline", required=True, metavar="NAME", help="An uploaded pipeline, by name or ID.")
@_version_option
@click.option("--name", metavar="NAME", help="Name of the schedule; default: the pipeline's.")
@_parameter_option
@_experiment_option
@_root_option
@click.option("--catchup/--no-catchup", default=False, show_default=True, help="Run once for each missed time.")
@_server_options
def schedule(
    *,
    expression: str,
    pipeline: str,
    version: str | None,
    name: str | None,
    settings: tuple[str, ...],
    experiment: str | None,
    root: str | None,
    catchup: bool,
    server: Callable[[], Connection],
) -> None:
    """Run a pipeline at set times, one run at a time.

    \b
    ner kfp schedule --pipeline ner --cron '0 3 * * *' --param run_name=nightly

    A second call with the same --name changes the schedule or leaves it as it is; it never creates another one. The
    schedule runs the version that is the newest now: call this again after `ner kfp upload`.

    Times are in UTC, unless cronScheduleTimezone in the ConfigMap pipeline-install-config says otherwise.
    """  # noqa: D301 - click's mark of a paragraph that is not wrapped
    from pipeline.kubeflow.client import Schedule, apply_schedule, find_version, is_enabled, typed_parameters
    from pipeline.retraining.cron import five_fields, next_times

    fields = five_fields(expression)  # reports errors before it connects
    connection = server()
    uploaded = find_version(connection, pipeline, version)
    desired = Schedule(
        name=name or uploaded.pipeline_name,
        cron=f"0 {fields}",  # seconds first
        version=uploaded,
        experiment_id=connection.experiment_id(experiment),
        parameters=typed_parameters(uploaded.spec, settings),
        root=root,
        catchup=catchup,
    )
    outcome, entry = apply_schedule(connection, desired)
    click.echo(f"schedule {desired.name!r} {outcome}: {uploaded.pipeline_name!r} version {uploaded.version_name!r}")
    click.echo("next times, if the server's time zone is UTC:")
    for time in itertools.islice(next_times(expression, datetime.now(timezone.utc)), 3):
        click.echo(f"  {time:%a %Y-%m-%d %H:%M %Z}   local {time.astimezone():%a %Y-%m-%d %H:%M %Z}")
    if not is_enabled(entry):
        click.echo(f"paused; `kfp recurring-run enable {entry.recurring_run_id}` resumes it")


def _wait(connection: Connection, run_id: str, interval: float, limit: float | None) -> None:
    from pipeline.kubeflow.client import NodeLogs, follow

    logs = NodeLogs.connect(connection.namespace)
    lines = logs.latest_lines if logs else None
    try:
        status = follow(connection, run_id, click.echo, interval=interval, limit=limit, latest_lines=lines)
    except KeyboardInterrupt:
        click.echo(f"the run continues; `ner kfp wait {run_id}` waits again")
        raise click.exceptions.Exit(130) from None
    if status.succeeded:
        click.echo(status.summary(connection.namespace))
        return
    reasons, problem = _latest_lines(logs, run_id)
    raise NerError("\n".join(filter(None, (status.summary(connection.namespace, reasons), problem))))


def _latest_lines(logs: NodeLogs | None, run_id: str) -> tuple[Mapping[str, str], str]:
    """Returns the latest lines of nodes, and why there are none."""
    from pipeline.kubeflow.client import ServerError

    try:
        return (logs.latest_lines(run_id) if logs else {}), ""
    except ServerError as error:
        return {}, f"{error}; the lines of the nodes are not shown"
