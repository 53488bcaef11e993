"""`ner kfp upload`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from pipeline.cli.kfp_options import server_options


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--version", "version_name", metavar="NAME", help="Of the version; the time in UTC unless given.")
@click.option("--name", "pipeline_name", metavar="NAME", help="Of the pipeline; the one in the file unless given.")
@server_options
def upload(file: Path, version_name: str | None, pipeline_name: str | None, server: Callable[[], Any]) -> None:
    """Upload a compiled pipeline.

    Makes the pipeline if the server does not have it, and a new version if FILE is not what the newest version is;
    else it says so and changes nothing. `ner compile --target kubeflow -o FILE` writes the file.
    """
    from pipeline.kubeflow.client.pipeline_spec import PipelineSpec
    from pipeline.kubeflow.client.pipelines import upload as upload_file

    PipelineSpec.of_file(file)  # what is wrong with it is told before the server is asked
    connection = server()
    name = version_name or f"{datetime.now(UTC):%Y%m%d-%H%M%S}"  # also a legal name of a Kubernetes object
    done = upload_file(connection, file, name, pipeline_name)
    if done.is_new:
        click.echo(f"pipeline {done.pipeline_name!r}: uploaded as version {done.version_name!r}")
    else:
        click.echo(f"pipeline {done.pipeline_name!r}: the newest version {done.version_name!r} is the same already")
    click.echo(connection.page_of(f"pipelines/details/{done.pipeline_id}/version/{done.version_id}"))
