"""The typed configuration. It composes the components' settings; base.yaml is the only home of defaults."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, model_validator
from typing_extensions import Self

from components.common.settings import Positive, Settings, Share, matching
from components.corpus_example_gen.settings import CorpusSettings
from components.drift_validator.settings import DriftSettings
from components.evaluator.settings import EvaluatorSettings
from components.exporter.settings import ExporterSettings
from components.registry.settings import RegistrySettings
from components.reporter.settings import CardSettings
from components.trainer.settings import AUTO, TrainerSettings
from components.transform.settings import TransformSettings
from components.tuner.settings import TunerSettings

# TFX and MLflow use the name in paths and URIs.
Name = Annotated[
    str, matching("[A-Za-z0-9][A-Za-z0-9._-]*", "letters, digits, ., _ and -, with a letter or digit first")
]

# The tuner has separate epochs, and the transform graph is built before any trial.
_NOT_SEARCHABLE = {
    "tagger", "epochs", "hosts", "teacher_min_score", "encoder.preset", "encoder.max_pieces",
    "cnn_linear.vectors.words",
}  # fmt: skip


class RetrainSettings(Settings):
    """Reasons to retrain, and the start of the training."""

    warm_start: bool
    max_age_days: Positive | None
    scores: Path | None
    score_drop: Share


RUNNERS = (
    "BundleBasedDirectRunner", "DataflowRunner", "DirectRunner", "FlinkRunner", "InteractiveRunner", "PortableRunner",
    "PrismRunner", "PythonRPCDirectRunner", "SparkRunner", "SwitchingDirectRunner", "TestDataflowRunner",
    "TestDirectRunner",
)  # fmt: skip
"""Names of Beam's own runners; Beam ignores case and the word Runner. Others are given by dotted path."""


class BeamSettings(Settings):
    """Arguments of the Beam runner."""

    args: tuple[str, ...]

    def value(self, name: str) -> str:
        """Returns the value of an argument, for example of `--runner`; empty if it is not set.

        Both forms count: `--runner=FlinkRunner`, and `--runner` before `FlinkRunner`.
        """
        for argument, following in zip(self.args, (*self.args[1:], ""), strict=False):
            key, equals, value = argument.partition("=")
            if key == name:
                return value if equals else following
        return ""


class PipelineConfig(Settings):
    """Configuration of a run, one section a component."""

    name: Name
    work_dir: Path
    corpus: CorpusSettings
    schema_path: Annotated[Path | None, Field(alias="schema")]
    transform: TransformSettings
    trainer: TrainerSettings
    tuner: TunerSettings
    exporter: ExporterSettings
    evaluator: EvaluatorSettings
    registry: RegistrySettings
    card: CardSettings
    drift: DriftSettings
    retrain: RetrainSettings
    beam: BeamSettings

    @model_validator(mode="after")
    def _the_tagger_reads_the_files(self) -> Self:
        for name in ("gazetteers", "clusters"):
            if getattr(self.transform, name) and self.trainer.tagger in ("transformer", "encoder"):
                raise ValueError(
                    f"transform.{name}: the tagger {self.trainer.tagger} does not read them; use cnn_linear or a "
                    "tagger by path, or remove them"
                )
        return self

    @model_validator(mode="after")
    def _the_runner_exists(self) -> Self:
        runner, known = self.beam.value("--runner"), {runner.lower(): runner for runner in RUNNERS}
        if runner and "." not in runner and not {runner.lower(), f"{runner.lower()}runner"} & set(known):
            close = difflib.get_close_matches(runner.lower(), known, 1)
            hint = f"did you mean {known[close[0]]}?" if close else f"known are {', '.join(RUNNERS)}"
            raise ValueError(f"beam.args: --runner={runner}: Beam has no such runner; {hint}")
        return self

    @model_validator(mode="after")
    def _search_space_is_valid(self) -> Self:
        """Tries each value of the search space on its own."""
        for name, values in self.tuner.space.items() if isinstance(self.tuner.space, dict) else ():
            for value in values:
                try:
                    if name in _NOT_SEARCHABLE or self.trainer[name] is None:
                        raise KeyError(name)
                    self.trainer.replace({name: value})
                    if value == AUTO:
                        raise ValueError(f"tuner.space: {name} cannot be 'auto': only the configured value can")
                except KeyError:
                    raise ValueError(f"tuner.space: {name} is not a trainer setting that a search can change") from None
                except ValidationError as error:
                    problem = error.errors()[0]["msg"].removeprefix("Value error, ")
                    raise ValueError(f"tuner.space: {name} cannot be {value!r}: {problem}") from None
        return self

    @property
    def root(self) -> Path:
        """`work_dir` as an absolute path without links, so that one folder has one name."""
        return self.work_dir.resolve()

    @property
    def registry_uri(self) -> str:
        """MLflow's tracking URI."""
        return self.registry.uri or f"sqlite:///{self._own_registry}"

    @property
    def _own_registry(self) -> Path:
        return self.root / "registry" / "mlflow.db"

    def of_work_folder(self, folder: Path) -> Self | None:
        """Returns the configuration with another work folder and the registry in it; None if it holds no registry."""
        registry = self.registry.model_copy(update={"uri": None, "serving_dir": None})
        own = self.model_copy(update={"work_dir": folder, "registry": registry})
        return own if own._own_registry.is_file() else None

    @property
    def checkpoint_dir(self) -> str:
        """Folder of the Trainer's checkpoints: an absolute path, or an address such as gs://."""
        return self.trainer.checkpoint_dir or str(self.root / "checkpoints")

    @property
    def fetched_dir(self) -> Path:
        """Folder of downloads from a remote registry, absolute; it has a folder for each name of a model."""
        return self.root / "fetched"

    @property
    def serving_dir(self) -> Path:
        """Folder that TensorFlow Serving reads, absolute."""
        return (self.registry.serving_dir or self.root / "serving").absolute()
