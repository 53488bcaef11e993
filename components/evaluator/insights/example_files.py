"""Training sentences and places, read from an `Examples` artifact."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator

import tensorflow as tf
from tfx.dsl.io import fileio
from tfx.types.artifact import Artifact

from components.artifacts import split_files
from components.corpus_example_gen.cleaning.report_folder import ReportFolder
from components.evaluator.insights.training_labels import TrainingSentence
from components.keys import INGEST_REPORT_FOLDER, KEY, SENTENCE, TAGS, TRAIN_SPLIT

_BATCH = 256  # sentences


def training_sentences(examples: list[Artifact]) -> Iterator[TrainingSentence]:
    """Yields the sentences of the split `train`; some hundred are in memory at a time."""
    files = split_files(examples, TRAIN_SPLIT)
    for record in _records(files) if files else ():
        features = tf.train.Example.FromString(record).features.feature
        key, text = (features[name].bytes_list.value for name in (KEY, SENTENCE))
        tags = [tag.decode("utf-8", "replace") for tag in features[TAGS].bytes_list.value]
        if text and tags:
            tokens = text[0].decode("utf-8", "replace").split(" ")
            yield TrainingSentence(tokens, tags, key[0].decode("utf-8", "replace") if key else "")


def _records(files: list[str]) -> Iterator[bytes]:
    """Yields records; reading them in batches takes a fraction of the time of reading one by one."""
    for batch in tf.data.TFRecordDataset(files, "GZIP").batch(_BATCH).prefetch(1):
        yield from batch.numpy()


def places(examples: list[Artifact], keys: Collection[str]) -> dict[str, str]:
    """Returns key -> `file:line` of sentences that CorpusExampleGen read; without unknown ones."""
    located: dict[str, str] = {}
    for artifact in examples:
        folder = os.path.join(artifact.uri, INGEST_REPORT_FOLDER)
        if fileio.exists(folder):
            located |= ReportFolder(folder).places(keys)
    return located
