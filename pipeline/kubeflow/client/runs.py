"""Runs on a server: start, find, look at, end."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from components.common.errors import NerError
from pipeline.kubeflow.client.candidates import instead
from pipeline.kubeflow.client.connection import Connection, silenced
from pipeline.kubeflow.client.pipeline_spec import PipelineSpec
from pipeline.kubeflow.client.pipelines import named
from pipeline.kubeflow.client.run_status import RunStatus
from pipeline.kubeflow.client.server_error import ServerError

_RECENT = 20  # runs that are looked at for candidates


def start_version(
    connection: Connection,
    version: Any,
    *,
    name: str,
    experiment: str,
    parameters: dict[str, Any],
    root: str | None = None,
    caching: bool | None = None,
) -> str:
    """Starts a run of an uploaded version; returns its ID.

    Args:
        connection: to the server.
        version: `V2beta1PipelineVersion`.
        name: of the run.
        experiment: name of the experiment; created if need be.
        parameters: name -> typed value.
        root: where artifacts go, e.g. s3://bucket/path; None for the server's setting.
        caching: None for what the pipeline says of each task. Otherwise the run carries a changed copy of the
            specification, for the server takes no such setting with an uploaded version.

    Raises:
        ServerError: the server refuses.
    """
    if caching is not None:
        spec = PipelineSpec.of_version(version)
        return start_spec(
            connection, spec, name=name, experiment=experiment, parameters=parameters, root=root, caching=caching
        )
    experiment_id = connection.experiment_id(experiment)
    with silenced():
        run = connection.client.run_pipeline(
            experiment_id,
            name,
            params=parameters,
            pipeline_id=version.pipeline_id,
            version_id=version.pipeline_version_id,
            pipeline_root=root,
        )
    return run.run_id


def start_spec(
    connection: Connection,
    spec: PipelineSpec,
    *,
    name: str,
    experiment: str,
    parameters: dict[str, Any],
    root: str | None = None,
    caching: bool | None = None,
) -> str:
    """Starts a run of a specification that need not be uploaded; returns its ID.

    Args: as of `start_version`.

    Raises:
        NerError: kfp cannot read the specification.
        ServerError: the server refuses.
    """
    from google.protobuf.json_format import ParseError

    experiment_id = connection.experiment_id(experiment)
    with tempfile.TemporaryDirectory() as folder, silenced():
        path = Path(folder) / "pipeline.yaml"
        spec.write(path)
        try:
            run = connection.client.run_pipeline(
                experiment_id,
                name,
                pipeline_package_path=str(path),
                params=parameters,
                pipeline_root=root,
                enable_caching=caching,
            )
        except ParseError as error:
            raise NerError(f"{spec.source} is no pipeline that this kfp knows: {error}") from None
    return run.run_id


def find_run(connection: Connection, wanted: str) -> Any:
    """Returns a run (`V2beta1Run`) by ID or name.

    Raises:
        NerError: no such run (recent ones are named), or several of the name.
        ServerError: the server does not answer.
    """
    try:
        if "/" not in wanted:
            return connection.client.get_run(wanted)
    except ServerError as error:
        if error.status not in (400, 404):
            raise
    found = [run for run in _runs(connection, filter=named(wanted)) if run.display_name == wanted]
    if len(found) > 1:
        listed = "\n".join(f"  {run.run_id}  {str(run.created_at)[:16]}  {run.state}" for run in found)
        raise NerError(f"{len(found)} runs are called {wanted!r}; give the ID of one:\n{listed}")
    if found:
        return connection.client.get_run(found[0].run_id)
    recent = connection.client.list_runs(page_size=_RECENT, sort_by="created_at desc", namespace=connection.namespace)
    known = [run.display_name for run in recent.runs or []]
    raise NerError(f"{connection.host} has no run {wanted!r}{instead(wanted, known)}")


def _runs(connection: Connection, **arguments: Any) -> Any:
    return connection.all_of("runs", connection.client.list_runs, namespace=connection.namespace, **arguments)


def last_run_of(connection: Connection, schedule_id: str) -> Any | None:
    """Returns the newest run that a schedule made; None if it made none.

    Args:
        connection: to the server.
        schedule_id: ID of the recurring run.
    """
    predicate = {"operation": "EQUALS", "key": "recurring_run_id", "stringValue": schedule_id}
    page = connection.client.list_runs(
        page_size=1,
        sort_by="created_at desc",
        namespace=connection.namespace,
        filter=json.dumps({"predicates": [predicate]}),
    )
    return page.runs[0] if page.runs else None


def status_of(connection: Connection, run: Any) -> RunStatus:
    """Returns how a run stands; the names of its tasks are looked up in its pipeline's version.

    Args:
        connection: to the server.
        run: `V2beta1Run`.
    """
    reference = run.pipeline_version_reference
    names = PipelineSpec.of_version(run).tasks
    if not names and reference is not None and reference.pipeline_version_id:
        try:
            version = connection.client.get_pipeline_version(reference.pipeline_id, reference.pipeline_version_id)
            names = PipelineSpec.of_version(version).tasks
        except ServerError as error:
            if error.status != 404:  # the version may have been deleted since
                raise
    return RunStatus.of(run, names)
