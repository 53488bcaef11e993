"""Start of a run on a server."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.common.errors import NerError
from pipeline.kubeflow.client.connection import Connection, silenced
from pipeline.kubeflow.client.pipeline_spec import PipelineSpec
from pipeline.kubeflow.client.pipelines import PipelineVersion


@dataclass(frozen=True)
class RunSubmission:
    """A run to start.

    Attributes:
        pipeline: an uploaded version, or the specification of a file.
        name: display name of the run.
        parameters: name -> typed value.
        experiment: name of the experiment, created if needed; None for the default.
        root: artifact root, e.g. s3://bucket/path; None for that of the specification, then the server's setting.
        caching: for all tasks; None for each task's own setting. The server accepts no such setting with an uploaded
            version, so the run then carries a changed copy of the specification.
    """

    pipeline: PipelineVersion | PipelineSpec
    name: str
    parameters: dict[str, Any]
    experiment: str | None = None
    root: str | None = None
    caching: bool | None = None


def start(connection: Connection, submission: RunSubmission) -> str:
    """Starts a run and returns its ID.

    Raises:
        NerError: kfp cannot read the specification.
        ServerError: the server refuses the run.
    """
    pipeline = submission.pipeline
    if isinstance(pipeline, PipelineVersion):
        if submission.caching is None:
            return _run(connection, submission, pipeline_id=pipeline.pipeline_id, version_id=pipeline.version_id)
        pipeline = pipeline.spec
    from google.protobuf.json_format import ParseError

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pipeline.yaml"
        pipeline.write(path)
        try:
            return _run(connection, submission, pipeline_package_path=str(path), enable_caching=submission.caching)
        except ParseError as error:
            raise NerError(f"{pipeline.source}: not a pipeline that the installed kfp reads: {error}") from None


def _run(connection: Connection, submission: RunSubmission, **source: Any) -> str:
    experiment_id = connection.experiment_id(submission.experiment)
    pipeline = submission.pipeline
    spec = pipeline.spec if isinstance(pipeline, PipelineVersion) else pipeline
    root = submission.root or spec.default_root
    with silenced():
        run = connection.client.run_pipeline(
            experiment_id, submission.name, params=submission.parameters, pipeline_root=root, **source
        )
    return run.run_id
