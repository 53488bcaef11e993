"""Pipelines and their versions on a server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.common.errors import NerError
from pipeline.kubeflow.client.connection import Connection, silenced
from pipeline.kubeflow.client.errors import ServerError
from pipeline.kubeflow.client.pipeline_spec import PipelineSpec


@dataclass(frozen=True)
class PipelineVersion:
    """A version of an uploaded pipeline.

    Attributes:
        pipeline_id: ID of the pipeline.
        pipeline_name: display name of the pipeline.
        version_id: ID of the version.
        version_name: display name of the version.
        spec: its specification.
    """

    pipeline_id: str
    pipeline_name: str
    version_id: str
    version_name: str
    spec: PipelineSpec


def name_filter(name: str) -> str:
    """Returns the filter of list calls for a display name. The server ignores case: compare the entries."""
    return json.dumps({"predicates": [{"operation": "EQUALS", "key": "display_name", "stringValue": name}]})


def upload(
    connection: Connection, path: Path, version_name: str, pipeline_name: str | None = None
) -> tuple[PipelineVersion, bool]:
    """Uploads a compiled pipeline as a new version, unless the newest version has the same content.

    The version's description holds the content's digest, because the server rewrites the specification. A pipeline
    that an interrupted upload left without a version gets one.

    Args:
        connection: to the server.
        path: the compiled pipeline.
        version_name: name of a new version.
        pipeline_name: None for the name in the file.

    Returns:
        The version, and whether it is new.

    Raises:
        NerError: the file is not a pipeline, or the server refuses it.
    """
    spec = PipelineSpec.of_file(path)
    name = pipeline_name or spec.name
    pipeline = _find_pipeline(connection, name) or _create_pipeline(connection, name)
    newest = _newest_version(connection, pipeline.pipeline_id)
    mark = f"sha256:{spec.digest}"
    if newest is not None and mark in (newest.description or ""):
        return _version_of(pipeline, newest), False
    with silenced():
        version = connection.client.upload_pipeline_version(
            str(path), version_name, pipeline_id=pipeline.pipeline_id, description=f"Uploaded by ner. Content: {mark}"
        )
    return _version_of(pipeline, version), True


def find_version(connection: Connection, pipeline: str, version: str | None = None) -> PipelineVersion:
    """Returns a version of an uploaded pipeline.

    Args:
        connection: to the server.
        pipeline: name or ID.
        version: name or ID of the version; None for the newest.

    Raises:
        NerError: the pipeline or the version does not exist.
    """
    entry = _find_pipeline(connection, pipeline) or _get_pipeline(connection, pipeline)
    if entry is None:
        raise NerError(
            f"{connection.host}: no pipeline {pipeline!r}. "
            "`kfp pipeline list` shows the pipelines, `ner kfp upload` adds one"
        )
    if version is None:
        newest = _newest_version(connection, entry.pipeline_id)
        if newest is None:
            raise NerError(f"pipeline {pipeline!r}: no version. Upload one with `ner kfp upload`")
        return _version_of(entry, newest)
    call = connection.client.list_pipeline_versions
    for candidate in connection.all_of("pipeline_versions", call, pipeline_id=entry.pipeline_id):
        if version in (candidate.display_name, candidate.pipeline_version_id):
            return _version_of(entry, candidate)
    raise NerError(
        f"pipeline {pipeline!r}: no version {version!r}. `kfp pipeline list-versions {entry.pipeline_id}` shows them"
    )


def _version_of(pipeline: Any, version: Any) -> PipelineVersion:
    return PipelineVersion(
        pipeline_id=pipeline.pipeline_id,
        pipeline_name=pipeline.display_name,
        version_id=version.pipeline_version_id,
        version_name=version.display_name,
        spec=PipelineSpec.of_server(version.pipeline_spec, f"version {version.display_name}"),
    )


def _find_pipeline(connection: Connection, name: str) -> Any | None:
    call = connection.client.list_pipelines
    namespace = {"namespace": connection.namespace} if connection.namespace else {}
    for pipeline in connection.all_of("pipelines", call, filter=name_filter(name), **namespace):
        if pipeline.display_name == name:
            return pipeline
    return None


def _get_pipeline(connection: Connection, pipeline_id: str) -> Any | None:
    if "-" not in pipeline_id or "/" in pipeline_id:
        return None
    try:
        return connection.client.get_pipeline(pipeline_id)
    except ServerError as error:
        if error.status in (400, 404):
            return None
        raise


def _create_pipeline(connection: Connection, name: str) -> Any:
    """Creates an empty pipeline. kfp's `upload_pipeline` would give the first version the pipeline's name."""
    import kfp_server_api

    body = kfp_server_api.V2beta1Pipeline(display_name=name, namespace=connection.namespace)
    return connection.client.pipelines.pipeline_service_create_pipeline(body)


def _newest_version(connection: Connection, pipeline_id: str) -> Any | None:
    page = connection.client.list_pipeline_versions(pipeline_id=pipeline_id, page_size=1, sort_by="created_at desc")
    return page.pipeline_versions[0] if page.pipeline_versions else None
