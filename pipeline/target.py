"""Target of a pipeline: this machine, or a cluster with parameters that each run may set."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.metadata import sqlite_metadata_connection_config

from components.keys import NEWEST_SPAN
from components.registry.names import CHAMPION
from configs.spec import PipelineConfig
from pipeline.run.run_record import metadata_path

if TYPE_CHECKING:
    from ml_metadata.proto import metadata_store_pb2


@dataclasses.dataclass(frozen=True)
class Target:
    """Paths, metadata store and run parameters of a pipeline.

    Attributes:
        root: folder of the artifacts; empty lets the cluster decide.
        metadata: connection to ML Metadata; None lets the cluster decide.
        checkpoint_dir: folder of the Trainer's checkpoints that all nodes share; empty keeps none.
        serving_dir: folder that TensorFlow Serving reads; empty writes none.
        data: run parameter: address of the corpus (`s3://`, `gs://`, `minio://`; Kubeflow's importer does not take a
            path on a volume). This and all other parameters are None on this machine.
        span: run parameter: number of the newest span to read, or `newest`. A string, so that a schedule can compute
            it from its time.
        epochs: run parameter: the Trainer's maximum.
        run_name: run parameter: name that the registry notes with the version.
        baseline: run parameter: version to compare with, `champion`, a number or `none`.
        baseline_content: hashes of that version's files. This and the next two come from RunPlanner, the first node on
            Kubeflow, and not from parameters of a run.
        corpus_fingerprint: hash of the corpus files to read.
        run_fingerprint: hash of corpus, settings and code.
    """

    root: str
    metadata: metadata_store_pb2.ConnectionConfig | None
    checkpoint_dir: str
    serving_dir: str
    data: RuntimeParameter | None = None
    span: RuntimeParameter | None = None
    epochs: RuntimeParameter | None = None
    run_name: RuntimeParameter | None = None
    baseline: RuntimeParameter | None = None
    baseline_content: RuntimeParameter | None = None
    corpus_fingerprint: RuntimeParameter | None = None
    run_fingerprint: RuntimeParameter | None = None

    @classmethod
    def local(cls, config: PipelineConfig) -> Target:
        """Returns this machine, whose paths every node sees."""
        return cls(
            root=str(config.root / "artifacts"),
            metadata=sqlite_metadata_connection_config(metadata_path(config)),
            checkpoint_dir=config.checkpoint_dir,
            serving_dir=str(config.serving_dir),
        )

    @classmethod
    def cluster(cls, config: PipelineConfig, data: str | None) -> Target:
        """Returns a cluster, where only configured paths are shared.

        Args:
            config: the whole configuration; its values are the parameters' defaults.
            data: default of the parameter `data`; None: each run must name its corpus.
        """
        span = NEWEST_SPAN if config.corpus.span is None else str(config.corpus.span)
        return cls(
            root="",
            metadata=None,
            checkpoint_dir=config.trainer.checkpoint_dir or "",
            serving_dir=str(config.registry.serving_dir or ""),
            data=RuntimeParameter("data", str, default=data),
            span=RuntimeParameter("span", str, default=span),
            epochs=RuntimeParameter("epochs", int, default=config.trainer.epochs),
            run_name=RuntimeParameter("run_name", str, default=""),
            baseline=RuntimeParameter("baseline", str, default=CHAMPION),
            baseline_content=RuntimeParameter("baseline_content", str, default=""),
            corpus_fingerprint=RuntimeParameter("corpus_fingerprint", str, default=""),
            run_fingerprint=RuntimeParameter("run_fingerprint", str, default=""),
        )

    @property
    def defaults(self) -> dict[str, str | int]:
        """Default of each run parameter that has one; TFX's compiler omits them."""
        parameters = (self.data, self.span, self.epochs, self.run_name, self.baseline)
        return {one.name: one.default for one in parameters if one is not None and one.default is not None}
