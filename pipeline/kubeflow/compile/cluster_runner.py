"""TFX's compiler for Kubeflow Pipelines, with output that Kubeflow Pipelines can run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import KubeflowV2DagRunner, KubeflowV2DagRunnerConfig

from components.common.errors import NerError
from components.common.files import write_atomically
from configs.cluster_spec import ClusterConfig
from pipeline.kubeflow.compile.finalizing import KUBEFLOW, VERTEX, finalize
from pipeline.kubeflow.compile.kubernetes_platform import platform
from pipeline.kubeflow.compile.read_fields import require_read
from pipeline.kubeflow.compile.training_hosts import start_launcher, with_launcher
from pipeline.kubeflow.container.run_planner import PlannerSettings

ENTRY_POINT = "pipeline.kubeflow.container.entry_point"
"""Module that every container runs."""

_ROOT = "gcsOutputDirectory"


class ClusterRunner(KubeflowV2DagRunner):
    """TFX's compiler that also corrects its output and adds the cluster's configuration.

    tests/pipeline/kubeflow/test_incompatibilities.py compares the two outputs.
    """

    def __init__(
        self,
        cluster: ClusterConfig,
        target: str,
        defaults: Mapping[str, str | int],
        output: Path,
        with_platform: bool = True,
        planner: PlannerSettings | None = None,
        *,
        hosts: int = 1,
    ) -> None:
        """Configures TFX's compiler.

        Args:
            cluster: resources and settings of each node.
            target: `kubeflow` or `vertex`.
            defaults: of the run parameters (`Target.defaults`).
            output: the file that `run` writes. The `tfx` command line redirects it.
            with_platform: add the second document with the Kubernetes settings, if there are any.
            planner: settings of RunPlanner, which only Kubeflow gets; None adds none.
            hosts: of the Trainer.

        Raises:
            NerError: the target cannot start several hosts.
        """
        config = KubeflowV2DagRunnerConfig(
            default_image=cluster.images.cpu,
            default_commands=["python", "-m", ENTRY_POINT],
            use_pipeline_spec_2_1=True,  # the only version that open-source servers read
        )
        super().__init__(config, output_dir=str(output.parent), output_filename=output.name)
        self._target, self._defaults, self._with_platform = target, defaults, with_platform
        self._of_hosts = cluster if hosts > 1 else None
        self._cluster = with_launcher(cluster, hosts) if hosts > 1 else cluster
        self._planner = planner if target == KUBEFLOW else None

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
            For Kubeflow the PipelineSpec and an optional PlatformSpec; for Vertex AI the PipelineJob.

        Raises:
            NerError: the target cannot run a node, or the file cannot be written.
        """
        job: dict[str, Any] = super().run(pipeline, parameter_values, write_out=False)
        documents = self._documents(job)
        if write_out:  # the `tfx` command line may have changed both attributes
            _write(documents, Path(os.path.join(self._output_dir, self._output_filename)))
        return documents

    def _documents(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        spec = finalize(job["pipelineSpec"], self._cluster, self._defaults, self._target, self._planner)
        if self._of_hosts:
            start_launcher(spec, self._of_hosts)
        if self._target == VERTEX:
            runtime = {name: value for name, value in job.get("runtimeConfig", {}).items() if name != _ROOT}
            root = {_ROOT: self._cluster.pipeline_root} if self._cluster.pipeline_root else {}
            return [{**job, "pipelineSpec": spec, "runtimeConfig": runtime | root}]
        second = platform(spec, self._cluster) if self._with_platform else None
        documents = [spec, second] if second else [spec]
        require_read(documents)
        return documents


def _write(documents: list[dict[str, Any]], file: Path) -> None:
    """Writes YAML, or JSON for a `.json` file.

    Raises:
        NerError: there are two documents for JSON, or the file cannot be written.
    """
    if file.suffix == ".json":
        if len(documents) > 1:
            raise NerError(
                f"{file}: JSON holds one document, this pipeline has two. Use a .yaml file, or add --no-platform."
            )
        text = json.dumps(documents[0], indent=1, sort_keys=True)
    else:
        text = yaml.safe_dump_all(documents, sort_keys=True, allow_unicode=True, width=120)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, text.encode())
    except OSError as error:
        raise NerError(f"{file}: cannot be written ({error.strerror}). Give another file.") from error
