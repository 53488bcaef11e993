"""What a run reads, made ready before the pipeline is built: the corpus, the schema, and their fingerprint."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from components.corpus_example_gen.corpus.layout import NEWEST, corpus_fingerprint, find_splits
from components.corpus_example_gen.corpus.span_window import SpanWindow
from components.corpus_example_gen.schema import compose_schema
from configs.spec import PipelineConfig
from pipeline.run.code_version import code_version
from pipeline.run.pretrained import pretrained
from pipeline.samples.sample import write_sample

SCHEMA = Path(__file__).parents[2] / "schemas" / "schema.pbtxt"
# Everything that can change what a run makes; the command line and the registry cannot.
_PACKAGES = ("components", "configs", "schemas")
_NOT_OF_THE_MODEL: dict[str, Any] = {
    **dict.fromkeys(("work_dir", "registry", "drift", "retrain"), True),
    "corpus": {"path": True},
}


@dataclasses.dataclass(frozen=True)
class RunInputs:
    """The inputs of a run.

    Attributes:
        corpus: folder of the corpus, absolute; None: only the run itself knows it.
        splits: (name, file pattern) as `find_splits` gives them; empty: the run finds them.
        schema: text of the TFMD schema.
        fingerprint: of corpus, pretrained files, configuration and code: equal for two runs that would make the same
            model. Empty where the corpus is not known.
        corpus_fingerprint: of the files of the corpus that are read.
        window: which spans are read.
    """

    corpus: Path | None
    splits: tuple[tuple[str, str], ...]
    schema: str
    fingerprint: str = ""
    corpus_fingerprint: str = ""
    window: SpanWindow = NEWEST

    @property
    def split_names(self) -> tuple[str, ...]:
        """The splits that examples have at least: `eval` is taken out of `train` where the corpus has none."""
        if not self.splits:
            return ("train", "eval")
        given = [name for name, _ in self.splits]
        return ("train", "eval", "test") if len(given) == 1 or "test" in given else ("train", "eval")

    @property
    def test_splits(self) -> list[str]:
        """Decides whether a model is blessed; a corpus without a test split is tested on the eval split.

        Empty where the corpus is not known.
        """
        return [self.split_names[-1]] if self.splits else []

    @property
    def schema_name(self) -> str:
        """Tells schemas apart: `schema-` and a hash of the text."""
        return f"schema-{hashlib.sha256(self.schema.encode()).hexdigest()[:12]}"


def prepare_inputs(config: PipelineConfig, warm_start: bool = False) -> RunInputs:
    """Finds or generates the corpus and composes the schema of the run.

    Args:
        config: the whole configuration.
        warm_start: whether the training begins with the champion's weights.

    Raises:
        NerError: there is no corpus at the path, or the schema cannot be used.
    """
    corpus = config.corpus.path or _sample(config)
    unknown = inputs_of_cluster(config)
    given, window = list(unknown.splits) or None, unknown.window
    of_corpus = corpus_fingerprint(corpus, given, window)
    parts = [
        of_corpus,
        unknown.schema_name,
        config.model_dump_json(exclude=_NOT_OF_THE_MODEL),
        code_version(*_PACKAGES),
        *(values["version"] for values in pretrained(config).values()),
        *(["warm start"] if warm_start else []),
    ]
    fingerprint = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
    splits = tuple(given or find_splits(corpus, window))
    return RunInputs(corpus.absolute(), splits, unknown.schema, fingerprint, of_corpus, window)


def inputs_of_cluster(config: PipelineConfig) -> RunInputs:
    """Returns what is known of a run elsewhere, whose corpus is not on this machine.

    Args:
        config: the whole configuration.

    Raises:
        NerError: the schema cannot be used.
    """
    schema = compose_schema(config.schema_path or SCHEMA, config.corpus.metadata)
    splits = tuple((config.corpus.splits or {}).items())
    return RunInputs(None, splits, schema, window=SpanWindow(config.corpus.span, config.corpus.span_window))


def _sample(config: PipelineConfig) -> Path:
    """Writes the generated corpus once: rewriting it would look like new data."""
    folder = config.work_dir / f"sample-{config.corpus.sample_seed}"
    if not folder.is_dir():
        write_sample(folder, kind="articles", seed=config.corpus.sample_seed)
    return folder
