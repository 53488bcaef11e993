"""What a run reads, made ready before the pipeline is built: the corpus, the schema, and their fingerprint."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from components.ingest.layout import NEWEST, corpus_fingerprint, find_splits
from components.ingest.samples import write_sample
from components.ingest.schema import compose_schema
from components.ingest.span_window import SpanWindow
from configs.spec import PipelineConfig
from pipeline.code_version import code_version
from pipeline.pretrained import pretrained

SCHEMA = Path(__file__).parents[1] / "schemas" / "schema.pbtxt"
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
        corpus: folder of the corpus, absolute.
        splits: (name, file pattern) as `find_splits` gives them.
        schema: TFMD schema file; its name holds a hash, since TFX's cache looks at the path only.
        fingerprint: of corpus, pretrained files, configuration and code: equal for two runs that would make the same
            model.
        corpus_fingerprint: of the files of the corpus that are read.
        window: which spans are read.
    """

    corpus: Path
    splits: tuple[tuple[str, str], ...]
    schema: Path
    fingerprint: str
    corpus_fingerprint: str = ""
    window: SpanWindow = NEWEST

    @property
    def split_names(self) -> tuple[str, ...]:
        """The splits that examples have: `eval` is taken out of `train` where the corpus has none."""
        given = [name for name, _ in self.splits]
        return ("train", "eval", "test") if len(given) == 1 or "test" in given else ("train", "eval")

    @property
    def test_split(self) -> str:
        """Decides whether a model is blessed; a corpus without a test split is tested on the eval split."""
        return self.split_names[-1]


def prepare_inputs(config: PipelineConfig, warm_start: bool = False) -> RunInputs:
    """Finds or generates the corpus and writes the schema of the run.

    Args:
        config: the whole configuration.
        warm_start: whether the training begins with the champion's weights.

    Raises:
        NerError: there is no corpus at the path, or the schema cannot be used.
    """
    corpus = config.corpus.path or _sample(config)
    given = None if config.corpus.splits is None else list(config.corpus.splits.items())
    schema = _write_schema(config)
    window = SpanWindow(config.corpus.span, config.corpus.span_window)
    of_corpus = corpus_fingerprint(corpus, given, window)
    parts = [
        of_corpus,
        schema.name,
        config.model_dump_json(exclude=_NOT_OF_THE_MODEL),
        code_version(*_PACKAGES),
        *(values["version"] for values in pretrained(config).values()),
        *(["warm start"] if warm_start else []),
    ]
    fingerprint = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
    splits = tuple(given or find_splits(corpus, window))
    return RunInputs(corpus.absolute(), splits, schema, fingerprint, of_corpus, window)


def _sample(config: PipelineConfig) -> Path:
    """Writes the generated corpus once: rewriting it would look like new data."""
    folder = config.work_dir / f"sample-{config.corpus.sample_seed}"
    if not folder.is_dir():
        write_sample(folder, kind="articles", seed=config.corpus.sample_seed)
    return folder


def _write_schema(config: PipelineConfig) -> Path:
    text = compose_schema(config.schema_path or SCHEMA, config.corpus.metadata)
    name = f"schema-{hashlib.sha256(text.encode()).hexdigest()[:12]}.pbtxt"
    path = config.work_dir.absolute() / "schemas" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path
