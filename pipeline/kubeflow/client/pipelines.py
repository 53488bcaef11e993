"""Pipelines and their versions on a server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.common.errors import NerError
from pipeline.kubeflow.client.candidates import instead
from pipeline.kubeflow.client.connection import Connection, silenced
from pipeline.kubeflow.client.pipeline_spec import PipelineSpec
from pipeline.kubeflow.client.server_error import ServerError


def named(name: str) -> str:
    """Returns the filter of list calls for a display name. The server ignores case; compare the answers."""
    return json.dumps({"predicates": [{"operation": "EQUALS", "key": "display_name", "stringValue": name}]})


@dataclass(frozen=True)
class UploadedVersion:
    """A pipeline's version on a server.

    Attributes:
        pipeline_id: of the pipeline.
        version_id: of the version.
        pipeline_name: as shown.
        version_name: as shown.
        is_new: False if the newest version already was the same.
    """

    pipeline_id: str
    version_id: str
    pipeline_name: str
    version_name: str
    is_new: bool = False


def upload(connection: Connection, path: Path, version_name: str, pipeline_name: str | None = None) -> UploadedVersion:
    """Uploads a compiled pipeline: as a new version if its content is not the newest version's.

    The version's description holds the content's digest; the server's own copy of the specification is written anew
    from its messages and not comparable byte by byte. A pipeline that a broken upload left without a version gets it.

    Args:
        connection: to the server.
        path: the compiled pipeline.
        version_name: of the version to be; ignored if nothing is new.
        pipeline_name: None for the name in the file.

    Raises:
        NerError: the file is no pipeline, or the server refuses it.
    """
    spec = PipelineSpec.of_file(path)
    name = pipeline_name or spec.name
    pipeline = _of_name(connection, name) or _created(connection, name)
    pipeline_id = pipeline.pipeline_id
    newest = _newest(connection, pipeline_id)
    mark = f"sha256:{spec.digest}"
    if newest is not None and mark in (newest.description or ""):
        return UploadedVersion(pipeline_id, newest.pipeline_version_id, name, newest.display_name)
    with silenced():
        version = connection.client.upload_pipeline_version(
            str(path), version_name, pipeline_id=pipeline_id, description=f"Uploaded by ner. Content: {mark}"
        )
    return UploadedVersion(pipeline_id, version.pipeline_version_id, name, version.display_name, is_new=True)


def find_version(connection: Connection, pipeline: str, version: str | None = None) -> tuple[Any, str]:
    """Returns a version (`V2beta1PipelineVersion`) of a pipeline and the pipeline's name.

    Args:
        connection: to the server.
        pipeline: name or ID.
        version: name or ID of the version; None for the newest.

    Raises:
        NerError: no such pipeline or version; candidates are named.
    """
    found = _of_name(connection, pipeline) or _of_id(connection, pipeline)
    if found is None:
        known = [
            p.display_name for p in connection.all_of("pipelines", connection.client.list_pipelines, **_in(connection))
        ]
        raise NerError(f"{connection.host} has no pipeline {pipeline!r}{instead(pipeline, known)}; `ner kfp upload`")
    if version is None:
        newest = _newest(connection, found.pipeline_id)
        if newest is None:
            raise NerError(f"the pipeline {pipeline!r} has no version; upload one with `ner kfp upload`")
        return newest, found.display_name
    versions = list(
        connection.all_of("pipeline_versions", connection.client.list_pipeline_versions, pipeline_id=found.pipeline_id)
    )
    for candidate in versions:
        if version in (candidate.display_name, candidate.pipeline_version_id):
            return candidate, found.display_name
    names = [candidate.display_name for candidate in versions]
    raise NerError(f"the pipeline {pipeline!r} has no version {version!r}{instead(version, names)}")


def _in(connection: Connection) -> dict[str, str]:
    return {"namespace": connection.namespace} if connection.namespace else {}


def _of_name(connection: Connection, name: str) -> Any | None:
    call = connection.client.list_pipelines
    for pipeline in connection.all_of("pipelines", call, filter=named(name), **_in(connection)):
        if pipeline.display_name == name:
            return pipeline
    return None


def _of_id(connection: Connection, pipeline_id: str) -> Any | None:
    if "-" not in pipeline_id or "/" in pipeline_id:
        return None
    try:
        return connection.client.get_pipeline(pipeline_id)
    except ServerError as error:
        if error.status in (400, 404):
            return None
        raise


def _created(connection: Connection, name: str) -> Any:
    """Creates an empty pipeline. kfp's `upload_pipeline` would name the first version like the pipeline."""
    import kfp_server_api

    body = kfp_server_api.V2beta1Pipeline(display_name=name, namespace=connection.namespace)
    return connection.client.pipelines.pipeline_service_create_pipeline(body)


def _newest(connection: Connection, pipeline_id: str) -> Any | None:
    page = connection.client.list_pipeline_versions(pipeline_id=pipeline_id, page_size=1, sort_by="created_at desc")
    return page.pipeline_versions[0] if page.pipeline_versions else None
