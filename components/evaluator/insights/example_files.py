"""Sentences and places, read from an `Examples` artifact."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence

import tensorflow as tf
from tfx.dsl.io import fileio
from tfx.types.artifact import Artifact

from components.artifacts import split_files
from components.common.iterables import batched
from components.corpus_example_gen.cleaning.report_folder import ReportFolder
from components.evaluator.counts.text_hashes import TextHashes, sentence_text, training_overlap
from components.evaluator.insights.training_labels import TrainingSentence
from components.keys import INGEST_REPORT_FOLDER, KEY, SENTENCE, TAGS, TRAINING_SENTENCES_FILE

_BATCH = 256  # sentences
_FEW = 0.01  # share of sentences such as "Thanks!", which occur everywhere


def sentences_of_split(examples: list[Artifact], split: str) -> Iterator[TrainingSentence]:
    """Yields the sentences of a split; some hundred are in memory at a time."""
    files = split_files(examples, split)
    for record in _records(files) if files else ():
        features = tf.train.Example.FromString(record).features.feature
        key, text = (features[name].bytes_list.value for name in (KEY, SENTENCE))
        tags = [tag.decode("utf-8", "replace") for tag in features[TAGS].bytes_list.value]
        if text and tags:
            tokens = text[0].decode("utf-8", "replace").split(" ")
            yield TrainingSentence(tokens, tags, key[0].decode("utf-8", "replace") if key else "")


def champion_training_note(examples: list[Artifact], splits: Sequence[str], champion: Artifact) -> str:
    """Describes how many of the evaluated sentences a champion was trained on; "" if they are few or unknown.

    Args:
        examples: the `Examples` artifacts.
        splits: splits that are evaluated.
        champion: its artifact, with the hashes of its training sentences if the registry has them.
    """
    file = os.path.join(champion.uri, TRAINING_SENTENCES_FILE)
    if not fileio.exists(file):
        return ""
    with fileio.open(file, "rb") as content:
        known = TextHashes.from_bytes(content.read(), file)
    count = total = 0
    sentences = (sentence for split in splits for sentence in sentences_of_split(examples, split))
    for batch in batched(sentences, _BATCH):
        total += len(batch)
        count += int(known.contain(sentence_text(sentence.tokens) for sentence in batch).sum())
    if count <= _FEW * total:
        return ""
    overlap = training_overlap(count, total, "the champion")
    return f"{overlap}, so its scores are too high; `ner evaluate --data PATH --against champion` compares on others"


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
