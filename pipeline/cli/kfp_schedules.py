"""`ner kfp schedule`, `schedules`, `pause`, `resume` and `unschedule`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

import click

from components.common.errors import NerError
from pipeline.cli.kfp_options import default_experiment, parameter_option, server_options, table

_zone = click.option(
    "--zone",
    default="UTC",
    show_default=True,
    envvar="KFP_ZONE",
    metavar="NAME",
    help="The zone that the server reckons in, e.g. Europe/Berlin; for showing times only. Or KFP_ZONE.",
)


@click.command()
@click.option("--cron", "expression", required=True, metavar="EXPRESSION", help="Five fields as in crontab.")
@click.option("--pipeline", required=True, metavar="NAME", help="An uploaded pipeline, by name or ID.")
@click.option("--version", metavar="NAME", help="One of its versions, by name or ID; the newest unless given.")
@click.option("--name", metavar="NAME", help="Of the schedule; the pipeline's unless given.")
@parameter_option
@click.option("--experiment", metavar="NAME", help="To which the runs belong; made if need be.")
@click.option("--root", metavar="URI", help="Where artifacts go, e.g. s3://bucket/path; the server's unless given.")
@click.option(
    "--catchup/--no-catchup",
    default=False,
    show_default=True,
    help="Make up for every time missed, or for the last.",
)
@_zone
@server_options
def schedule(
    expression: str, pipeline: str, version: str | None, name: str | None, settings: tuple[str, ...],
    experiment: str | None, root: str | None, catchup: bool, zone: str, server: Callable[[], Any],
) -> None:  # fmt: skip
    """Run a pipeline at set times, one run at a time.

    \b
    ner kfp schedule --pipeline ner --cron '0 3 * * *' --param run_name='nightly-[[ScheduledTime.2006-01-02]]'

    Run again with the same --name it changes the schedule, or does nothing if all is the same; there is never a
    second one. It runs the version that is the newest now: after `ner kfp upload`, call it again.

    Text parameters may hold [[ScheduledTime]] (20060102150405; another form in Go's notation as above),
    [[CurrentTime]], [[Index]] and [[RunUUID]], which the server replaces in each run, times in UTC.

    The server reckons in UTC, unless cronScheduleTimezone in the cluster's ConfigMap pipeline-install-config says
    otherwise; the API does not tell.
    """  # noqa: D301 - click's mark of a line to be left alone
    from pipeline.kubeflow.client.cron import to_kfp
    from pipeline.kubeflow.client.parameters import typed_parameters
    from pipeline.kubeflow.client.pipeline_spec import PipelineSpec
    from pipeline.kubeflow.client.pipelines import find_version
    from pipeline.kubeflow.client.schedule_definition import ScheduleDefinition
    from pipeline.kubeflow.client.schedules import ensure, is_enabled, shown_cron

    kfp_cron, place = to_kfp(expression), _zone_of(zone)  # before the server is asked
    connection = server()
    found, title = find_version(connection, pipeline, version)
    wanted = ScheduleDefinition(
        name=name or title,
        cron=kfp_cron,
        pipeline_id=found.pipeline_id,
        version_id=found.pipeline_version_id,
        experiment_id=connection.experiment_id(experiment or default_experiment()),
        parameters=typed_parameters(PipelineSpec.of_version(found), settings, macros=True),
        root=root,
        catchup=catchup,
    )
    outcome, made = ensure(connection, wanted)
    click.echo(f"schedule {wanted.name!r} {outcome}: {shown_cron(made)}, {title!r} version {found.display_name!r}")
    _tell_times(kfp_cron, place)
    if not is_enabled(made):
        click.echo(f"it is paused: `ner kfp resume {wanted.name}` wakes it")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@_zone
@server_options
def schedules(as_json: bool, zone: str, server: Callable[[], Any]) -> None:
    """List the schedules: when they run, whether they are paused, their next and last run."""
    from pipeline.kubeflow.client.runs import last_run_of
    from pipeline.kubeflow.client.schedules import all_schedules

    place = _zone_of(zone)
    connection = server()
    rows = [_row(each, last_run_of(connection, each.recurring_run_id), place) for each in all_schedules(connection)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif not rows:
        click.echo(f"{connection.host} has no schedules")
    else:
        head = ("NAME", "CRON", "STATE", f"NEXT ({zone})", "LAST RUN", "ID")
        keys = ("name", "cron", "state", "next", "last_run", "id")
        click.echo(table(head, [[_cell(row[key]) for key in keys] for row in rows]))


@click.command()
@click.argument("wanted", metavar="NAME")
@server_options
def pause(wanted: str, server: Callable[[], Any]) -> None:
    """Let a schedule rest: no runs until it is resumed. NAME is a name or an ID."""
    _switch(server(), wanted, on=False)


@click.command()
@click.argument("wanted", metavar="NAME")
@server_options
def resume(wanted: str, server: Callable[[], Any]) -> None:
    """Wake a schedule that rests. NAME is a name or an ID.

    What was missed is made up for as the schedule has it: one run, or with --catchup one for each time.
    """
    _switch(server(), wanted, on=True)


@click.command()
@click.argument("wanted", metavar="NAME")
@server_options
def unschedule(wanted: str, server: Callable[[], Any]) -> None:
    """Remove a schedule for good; the runs it made stay. NAME is a name or an ID."""
    from pipeline.kubeflow.client import schedules as on_server

    connection = server()
    found = on_server.find_schedule(connection, wanted)
    on_server.unschedule(connection, found.recurring_run_id)
    click.echo(f"schedule {found.display_name!r} removed ({found.recurring_run_id})")


def _switch(connection: Any, wanted: str, *, on: bool) -> None:
    from pipeline.kubeflow.client.schedules import find_schedule, is_enabled

    found = find_schedule(connection, wanted)
    state = "active" if on else "paused"
    if is_enabled(found) is on:
        click.echo(f"schedule {found.display_name!r} is {state} already")
        return
    client = connection.client
    (client.enable_recurring_run if on else client.disable_recurring_run)(found.recurring_run_id)
    click.echo(f"schedule {found.display_name!r} is {state} now")


def _zone_of(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise NerError(f"--zone {name!r} is not known; give a name such as UTC or Europe/Berlin") from None


def _tell_times(kfp_cron: str, place: tzinfo) -> None:
    """Shows the next three times in the server's zone and in ours."""
    from pipeline.kubeflow.client.cron import times_of

    click.echo(
        f"the server reckons in {place} if cronScheduleTimezone (ConfigMap pipeline-install-config) says "
        + ("nothing else; next times:" if str(place) == "UTC" else "so; next times:")
    )
    for time in itertools.islice(times_of(kfp_cron, datetime.now(place)), 3):
        click.echo(f"  {time:%a %Y-%m-%d %H:%M %Z}   here {time.astimezone():%a %Y-%m-%d %H:%M %Z}")


def _row(each: Any, last: Any | None, place: tzinfo) -> dict[str, Any]:
    from pipeline.kubeflow.client.schedules import next_time, shown_cron, state_of

    due = next_time(each, datetime.now(place))
    return {
        "name": each.display_name,
        "cron": shown_cron(each),
        "state": state_of(each),
        "next": _iso(due),
        "last_run": last and {"id": last.run_id, "state": last.state, "created": _iso(last.created_at)},
        "id": each.recurring_run_id,
    }


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="minutes")


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return f"{(value['created'] or '-')[:16]} {value['state'] or ''}"
    return "-" if value is None else str(value)
