"""What may be said anew with each run on a cluster, without compiling the pipeline again."""

from __future__ import annotations

from dataclasses import dataclass

from tfx.orchestration.data_types import RuntimeParameter

from components.corpus_example_gen.executor import NEWEST_SPAN
from components.registry.names import CHAMPION
from configs.spec import PipelineConfig


@dataclass(frozen=True)
class RuntimeParameters:
    """The parameters of a compiled pipeline, with the configuration's values for their defaults.

    Attributes:
        data: address of the corpus folder (`s3://`, `gs://`, `minio://`). Kubeflow takes no path on a volume for an
            artifact.
        span: number of the newest span to read, or `newest`. A text, so that a schedule can make it of its time.
        epochs: of the Trainer, at most.
        run_name: a name that is noted with the version in the registry.
        baseline: version to compare with: `champion`, a number, or `none`.
    """

    data: RuntimeParameter
    span: RuntimeParameter
    epochs: RuntimeParameter
    run_name: RuntimeParameter
    baseline: RuntimeParameter

    @classmethod
    def of(cls, config: PipelineConfig, data: str | None) -> RuntimeParameters:
        """Declares the parameters.

        Args:
            config: the whole configuration.
            data: default of `data`; None: each run must name its corpus.
        """
        span = NEWEST_SPAN if config.corpus.span is None else str(config.corpus.span)
        return cls(
            data=RuntimeParameter("data", str, default=data),
            span=RuntimeParameter("span", str, default=span),
            epochs=RuntimeParameter("epochs", int, default=config.trainer.epochs),
            run_name=RuntimeParameter("run_name", str, default=""),
            baseline=RuntimeParameter("baseline", str, default=CHAMPION),
        )

    @property
    def defaults(self) -> dict[str, str | int]:
        """Default of each parameter that has one; TFX leaves them out of what it compiles."""
        parameters = (self.data, self.span, self.epochs, self.run_name, self.baseline)
        return {one.name: one.default for one in parameters if one.default is not None}


def shared_path(configured: object, here: str, parameters: RuntimeParameters | None) -> str:
    """Returns a path that nodes share: on a cluster the configured one alone, since this machine's is nobody else's.

    Args:
        configured: what the configuration says; None: nothing.
        here: the path on this machine.
        parameters: of a pipeline for a cluster; None for one for this machine.
    """
    return here if parameters is None else str(configured or "")
