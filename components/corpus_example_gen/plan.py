"""Plan of an ingestion: the splits to read and how to divide them, as TFX's messages."""

from __future__ import annotations

from dataclasses import dataclass

from tfx.proto import example_gen_pb2, range_config_pb2

from components.common.errors import NerError
from components.corpus_example_gen.corpus.layout import find_splits, folder_and_splits, require_spans, split_patterns
from components.corpus_example_gen.settings import CorpusSettings
from components.corpus_example_gen.splitting import HASH_BUCKETS, configured_splits
from components.keys import SENTENCE, TRAIN_SPLIT


@dataclass(frozen=True)
class IngestPlan:
    """Plan for a corpus that exists, with nothing left to find out.

    Example: tests/components/corpus_example_gen/test_plan.py.

    Attributes:
        splits: (split, file pattern) pairs.
        settings: settings with `duplicates` decided, and with the splits of a file.
        folder: folder of the corpus.
    """

    splits: tuple[tuple[str, str], ...]
    settings: CorpusSettings
    folder: str = ""

    @classmethod
    def for_corpus(cls, path: str, settings: CorpusSettings) -> IngestPlan:
        """Returns the plan for a corpus.

        Args:
            path: folder of the corpus, or a file.
            settings: its settings; splits that they do not name are found by file names.

        Raises:
            CorpusError: the layout of the folder is not supported.
            NerError: the configured splits or spans do not fit the corpus.
        """
        folder, configured = folder_and_splits(path, configured_splits(settings))
        settings = settings.model_copy(update={"splits": dict(configured) if configured else None})
        splits = tuple(configured or find_splits(folder, settings.window))
        if len(splits) > 1 and TRAIN_SPLIT not in dict(splits):
            names = ", ".join(name for name, _ in splits)
            raise NerError(f"corpus.splits: names {names} but not train. Name the training files train.")
        in_spans = any("{" in pattern for _, pattern in splits)
        require_spans(folder, splits, settings.window)
        split_patterns(folder, configured, settings.window)  # each span of the window is read
        duplicates = settings.duplicates or ("remove" if in_spans else "keep")
        return cls(splits, settings.model_copy(update={"duplicates": duplicates}), str(folder))

    @property
    def input_config(self) -> example_gen_pb2.Input:
        """TFX's message with the splits to read."""
        split = example_gen_pb2.Input.Split
        return example_gen_pb2.Input(splits=[split(name=name, pattern=pattern) for name, pattern in self.splits])

    @property
    def output_config(self) -> example_gen_pb2.Output:
        """TFX's message that divides a single split by hash; empty keeps several splits as they are."""
        if len(self.splits) > 1:
            return example_gen_pb2.Output()
        split = example_gen_pb2.SplitConfig.Split
        return example_gen_pb2.Output(
            split_config=example_gen_pb2.SplitConfig(
                splits=[split(name=name, hash_buckets=buckets) for name, buckets in HASH_BUCKETS.items()],
                partition_feature_name=SENTENCE,
            )
        )

    @property
    def range_config(self) -> range_config_pb2.RangeConfig | None:
        """TFX's message with the newest span of the window; TFX does not see the other spans."""
        newest = self.settings.span
        if newest is None:
            return None
        only = range_config_pb2.StaticRange(start_span_number=newest, end_span_number=newest)
        return range_config_pb2.RangeConfig(static_range=only)
