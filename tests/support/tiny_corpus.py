"""A tiny corpus that went through the transform graph, and a tagger trained on it: made once a session."""

from __future__ import annotations

import hashlib
import random
import types

import pytest

from configs.loading import load_config
from support.build_once import build_once
from support.settings import trainer_settings

NAMES = ["Joe Biden", "Xi Jinping", "Justin Trudeau", "Angela Merkel"]
VERBS = ["went to", "visited", "was in"]
PLACES = ["Paris France", "New Delhi India", "Kyiv Ukraine"]


def sentences(count: int, seed: int = 0) -> list[tuple[str, list[str]]]:
    """Sentences of the articles' kind with their tags."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        parts = [(rng.choice(NAMES), "NAME"), (rng.choice(VERBS), None), (rng.choice(PLACES), "LOCATION")]
        words = [(word, i, kind) for text, kind in parts for i, word in enumerate(text.split())]
        tags = ["OUT" if kind is None else f"{'I' if i else 'B'}-{kind}" for _, i, kind in words]
        rows.append((" ".join(word for word, _, _ in words), tags))
    return rows


@pytest.fixture(scope="session")
def transformed(transform_corpus):
    """The tiny corpus as the default taggers read it."""
    return transform_corpus()


@pytest.fixture(scope="session")
def transform_corpus(tmp_path_factory):
    """Returns a function from transform settings and pretrained parts to a namespace of the tiny corpus.

    `graph` is tf.Transform's output folder, `files` are gzipped TFRecords of transformed examples, `inputs` are the
    `TrainingInputs` of both.
    """

    def transform(settings=(), **pretrained):
        from components.trainer.inputs import TrainingInputs

        config = load_config(None, [f"transform.{setting}" for setting in ("tokenizer=words", *settings)]).transform
        custom_config = {"settings": config.model_dump(mode="json"), **pretrained}
        name = "transformed-" + hashlib.sha256(repr(sorted(custom_config.items())).encode()).hexdigest()[:8]
        folder = build_once(tmp_path_factory, name, lambda folder: _transform(folder, custom_config))
        graph, files = str(folder / "graph"), [str(folder / "examples.gz")]
        return types.SimpleNamespace(graph=graph, files=files, inputs=TrainingInputs(files, files, graph))

    return transform


def _transform(folder, custom_config):
    transform_rows(folder, {"examples": sentences(300)}, custom_config)


def transform_rows(folder, splits, custom_config):
    """Transforms rows of sentence and tags; the vocabularies are those of the first split.

    Writes tf.Transform's output into `graph`, and a gzipped file of examples for each split.
    """
    import tensorflow as tf
    import tensorflow_transform as tft
    import tensorflow_transform.beam as tft_beam
    from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io, schema_utils

    from components.transform.preprocessing import preprocessing_fn

    spec = {
        "key": tf.io.FixedLenFeature([1], tf.string),
        "sentence": tf.io.FixedLenFeature([1], tf.string),
        "source": tf.io.FixedLenFeature([1], tf.string),
        "tags": tf.io.VarLenFeature(tf.string),
    }
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(spec))
    data = {
        split: [
            {"key": [b"%d" % i], "sentence": [text.encode()], "source": [b"t"], "tags": [tag.encode() for tag in tags]}
            for i, (text, tags) in enumerate(rows)
        ]
        for split, rows in splits.items()
    }
    with tft_beam.Context(temp_dir=str(folder / "temp")):
        fn = (data[next(iter(splits))], metadata) | tft_beam.AnalyzeDataset(
            lambda inputs: preprocessing_fn(inputs, custom_config)
        )
        transformed = {split: ((rows, metadata), fn) | tft_beam.TransformDataset() for split, rows in data.items()}
        _ = fn | tft_beam.WriteTransformFn(str(folder / "graph"))
    metadata_io.write_metadata(metadata, str(folder / "graph" / "metadata"))
    for split, (rows, made) in transformed.items():
        coder = tft.coders.ExampleProtoCoder(made.schema)
        file = str(folder / f"{split}.gz")
        with tf.io.TFRecordWriter(file, tf.io.TFRecordOptions(compression_type="GZIP")) as writer:
            for row in rows:
                writer.write(coder.encode(row))


@pytest.fixture(scope="session", params=["cnn_linear", pytest.param("transformer", marks=pytest.mark.extended)])
def settings(request):
    """Settings of a training that takes seconds, for each tagger."""
    return trainer_settings(tagger=request.param)


@pytest.fixture(scope="session")
def trained(transformed, settings, tmp_path_factory):
    """A tagger that knows the tiny corpus."""
    from components.trainer.training import train

    return train(settings, transformed.inputs, log_dir=str(tmp_path_factory.mktemp("logs")))
