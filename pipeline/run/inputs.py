"""Inputs of a run: the corpus, the schema, and the fingerprint of everything that shapes the model."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.common.dotted_path import package_hash, split_path
from components.common.files import incoming_folder, rename_into_place
from components.corpus_example_gen.corpus.layout import NEWEST, corpus_fingerprint, find_splits
from components.corpus_example_gen.corpus.span_window import SpanWindow
from components.corpus_example_gen.schema import compose_schema, feature_names
from components.evaluator.counts.slicing import require_columns
from components.keys import EVAL_SPLIT, TEST_SPLIT, TRAIN_SPLIT
from configs.spec import PipelineConfig
from pipeline.run.pretrained import pretrained_parts
from pipeline.samples import write_sample

SCHEMA = Path(__file__).parents[2] / "schemas" / "schema.pbtxt"
# Packages whose code can change the model.
_PACKAGES = ("components", "configs", "schemas")
_NO_EFFECT_ON_MODEL: dict[str, Any] = {
    **dict.fromkeys(("work_dir", "registry", "drift", "retrain"), True),
    "corpus": {"path": True},
}


@dataclasses.dataclass(frozen=True)
class RunInputs:
    """The inputs of a run.

    Attributes:
        corpus: absolute path of the corpus, a folder or a file; None: known to the run only.
        splits: (name, file pattern) as `find_splits` returns them; empty: the run finds them.
        schema: text of the TFMD schema.
        fingerprint: hash of corpus, pretrained files, configuration and code: equal for two runs that would produce
            the same model. Empty if the corpus is not known.
        corpus_fingerprint: hash of the corpus files to read.
        window: spans to read.
        pretrained: see `pipeline.run.pretrained`.
    """

    corpus: Path | None
    splits: tuple[tuple[str, str], ...]
    schema: str
    fingerprint: str = ""
    corpus_fingerprint: str = ""
    window: SpanWindow = NEWEST
    pretrained: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)

    @property
    def split_names(self) -> tuple[str, ...]:
        """Splits that the examples have at least; a corpus without `eval` gets one from `train`."""
        if not self.splits:
            return (TRAIN_SPLIT, EVAL_SPLIT)
        names = [name for name, _ in self.splits]
        has_test = len(names) == 1 or TEST_SPLIT in names
        return (TRAIN_SPLIT, EVAL_SPLIT, TEST_SPLIT) if has_test else (TRAIN_SPLIT, EVAL_SPLIT)

    @property
    def test_splits(self) -> list[str]:
        """Splits that decide the blessing: `test`, or `eval` without a test split; empty if the corpus is not known."""
        return [self.split_names[-1]] if self.splits else []

    @property
    def schema_name(self) -> str:
        """Name of the schema: `schema-` and a hash of its text."""
        return f"schema-{hashlib.sha256(self.schema.encode()).hexdigest()[:12]}"


def prepare_inputs(config: PipelineConfig, warm_start: bool = False) -> RunInputs:
    """Finds or generates the corpus and composes the schema of the run.

    Args:
        config: the whole configuration.
        warm_start: whether the training starts from the champion's weights.

    Raises:
        NerError: the path holds no corpus, or the schema cannot be used.
    """
    return inputs_of_corpus(config, config.corpus.path or _sample(config), inputs_of_cluster(config), warm_start)


def inputs_of_corpus(config: PipelineConfig, corpus: Path, configured: RunInputs, warm_start: bool) -> RunInputs:
    """Adds to configured inputs what only the files of the corpus say.

    Args:
        config: the whole configuration.
        corpus: folder of the corpus, or a file.
        configured: as `inputs_of_cluster` returns them.
        warm_start: whether the training starts from the champion's weights.

    Raises:
        CorpusError: the path holds no corpus, or a file does not go with `corpus.splits`.
    """
    patterns, window = list(configured.splits) or None, configured.window
    of_corpus = corpus_fingerprint(corpus, patterns, window)
    parts = [
        of_corpus,
        configured.schema_name,
        config.model_dump_json(exclude=_NO_EFFECT_ON_MODEL),
        package_hash(*_PACKAGES, *_own_packages(config)),
        *(values["version"] for values in configured.pretrained.values()),
        *(["warm start"] if warm_start else []),
    ]
    fingerprint = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
    splits = tuple(patterns or find_splits(corpus, window))
    return dataclasses.replace(
        configured,
        corpus=corpus.absolute(),
        splits=splits,
        fingerprint=fingerprint,
        corpus_fingerprint=of_corpus,
    )


def inputs_of_cluster(config: PipelineConfig) -> RunInputs:
    """Returns the inputs of a run on a cluster, whose corpus this machine does not see.

    Args:
        config: the whole configuration.

    Raises:
        NerError: the schema cannot be used, or lacks a slicing column.
    """
    schema = compose_schema(config.schema_path or SCHEMA, config.corpus.metadata)
    require_columns(config.evaluator.columns, feature_names(schema))
    splits = tuple((config.corpus.splits or {}).items())
    return RunInputs(None, splits, schema, window=config.corpus.window, pretrained=pretrained_parts(config))


def _own_packages(config: PipelineConfig) -> list[str]:
    """Returns the top-level packages of the user's own tagger, signatures and metrics."""
    paths = [*config.exporter.signatures.values(), *config.evaluator.metrics.values()]
    packages = [split_path(path)[0].partition(".")[0] for path in paths]
    return [*packages, *filter(None, [config.trainer.tagger_package])]


def _sample(config: PipelineConfig) -> Path:
    """Writes the sample once; rewriting it would look like new data."""
    folder = config.work_dir / f"sample-{config.corpus.sample_seed}"
    if not folder.is_dir():
        with incoming_folder(folder) as incoming:
            write_sample(incoming, kind="articles", seed=config.corpus.sample_seed)
            try:
                rename_into_place(incoming, folder, shared=False)
            except OSError:
                if not folder.is_dir():  # another run was faster
                    raise
    return folder
