"""TFX's runner for Kubeflow Pipelines, whose result Kubeflow Pipelines runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import KubeflowV2DagRunner, KubeflowV2DagRunnerConfig

from configs.cluster_spec import ClusterConfig
from pipeline.kubeflow.compile.compiled_file import write_compiled
from pipeline.kubeflow.compile.finalizing import VERTEX, finalize, platform

ENTRY_POINT = "pipeline.kubeflow.container.entry_point"
"""Module that is the command of every container."""

_ROOT = "gcsOutputDirectory"


class ClusterRunner(KubeflowV2DagRunner):
    """Compiles a pipeline as TFX's runner does, mends the result, and puts the cluster's configuration into it."""

    def __init__(
        self,
        cluster: ClusterConfig,
        target: str,
        defaults: Mapping[str, str | int],
        output: Path,
        with_platform: bool = True,
    ) -> None:
        """Makes the runner.

        Args:
            cluster: what each node gets.
            target: `kubeflow` or `vertex`.
            defaults: of the run parameters (`Target.defaults`).
            output: the file that `run` writes. The `tfx` command line writes elsewhere.
            with_platform: whether there may be a second document, with what is Kubernetes' own.
        """
        config = KubeflowV2DagRunnerConfig(
            default_image=cluster.images.cpu,
            default_commands=["python", "-m", ENTRY_POINT],
            use_pipeline_spec_2_1=True,  # open-source servers read no other
        )
        super().__init__(config, output_dir=str(output.parent), output_filename=output.name)
        self._cluster, self._target, self._defaults, self._with_platform = cluster, target, defaults, with_platform

    def run(
        self,
        pipeline: tfx_pipeline.Pipeline,
        parameter_values: dict[str, Any] | None = None,
        write_out: bool | None = True,
    ) -> list[dict[str, Any]]:
        """Compiles the pipeline.

        Args:
            pipeline: the pipeline.
            parameter_values: values of run parameters, for Vertex AI.
            write_out: whether to write the file.

        Returns:
            For Kubeflow the PipelineSpec, and the PlatformSpec where there is one; for Vertex AI the PipelineJob.

        Raises:
            NerError: a node is of a kind that cannot run there, or the file cannot be written.
        """
        job: dict[str, Any] = super().run(pipeline, parameter_values, write_out=False)
        documents = self._documents(job)
        if write_out:  # to where the `tfx` command line may have turned it
            write_compiled(documents, Path(os.path.join(self._output_dir, self._output_filename)))
        return documents

    def _documents(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        spec = finalize(job["pipelineSpec"], self._cluster, self._defaults, self._target)
        if self._target == VERTEX:
            runtime = {name: value for name, value in job.get("runtimeConfig", {}).items() if name != _ROOT}
            root = {_ROOT: self._cluster.pipeline_root} if self._cluster.pipeline_root else {}
            return [{**job, "pipelineSpec": spec, "runtimeConfig": runtime | root}]
        second = platform(spec, self._cluster) if self._with_platform else None
        return [spec, second] if second else [spec]
