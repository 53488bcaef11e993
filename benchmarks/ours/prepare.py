"""Transform of sentences into examples: `preprocessing_fn` on Beam, as the pipeline's Transform node runs it.

    python -m benchmarks.ours.prepare FOLDER

FOLDER/request.json holds the sections `transform`, `beam` and `trainer` of the configuration, and the sentences of
`train` and `eval`. The program writes graph, transformed examples and report.json into FOLDER. It is a program to have
its own CPU time and memory.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import tensorflow as tf
import tensorflow_transform.beam as tft_beam
from apache_beam.options.pipeline_options import PipelineOptions
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io
from tfx_bsl.public import tfxio

from benchmarks.machine import CpuClock, peak_rss_mb
from benchmarks.ours.our_peer import GRAPH, REPORT, REQUEST, read_json
from benchmarks.results import write_json
from components.corpus_example_gen.cleaning.sentence import Sentence
from components.corpus_example_gen.example import to_example
from components.corpus_example_gen.schema import compose_schema
from components.keys import EVAL_SPLIT, TRAIN_SPLIT
from components.trainer.settings import TrainerSettings
from components.transform.preprocessing import preprocessing_fn
from pipeline.run.inputs import SCHEMA

_SPLITS = (TRAIN_SPLIT, EVAL_SPLIT)


def prepare(folder: Path, splits: Sequence[str] = _SPLITS) -> None:
    """Transforms the sentences of a folder's request.

    Args:
        folder: folder with the request.
        splits: splits to transform, the training split first.
    """
    request = read_json(folder, REQUEST)
    trainer = TrainerSettings.model_validate(request["trainer"])
    config = {"settings": request["transform"], "earlier": request.get("earlier"), **trainer.pretrained}
    for split in splits:
        write_examples(request[split], folder / f"raw-{split}.gz", split)
    clock = CpuClock()
    schema = text_format.Parse(compose_schema(SCHEMA, []), schema_pb2.Schema())
    options = PipelineOptions(list(request["beam"]["args"]))
    with beam.Pipeline(options=options) as pipeline, tft_beam.Context(temp_dir=str(folder / "temp")):
        _transform(pipeline, folder, schema, config, splits)
    metadata_io.write_metadata(dataset_metadata.DatasetMetadata(schema), str(folder / GRAPH / "metadata"))
    write_json(folder / REPORT, {"cpu_seconds": clock.cpu_seconds, "peak_rss_mb": peak_rss_mb()})


def write_examples(rows: Iterable[Sequence[Sequence[str]]], path: Path, source: str) -> None:
    """Writes pairs of tokens and tags as Examples with the features of CorpusExampleGen, in a compressed file."""
    with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions(compression_type="GZIP")) as writer:
        for number, (tokens, tags) in enumerate(rows):
            example = to_example(Sentence(tuple(tokens), tuple(tags)), f"{source}-{number}", source)
            writer.write(example.SerializeToString())


def _transform(
    pipeline: beam.Pipeline,
    folder: Path,
    schema: schema_pb2.Schema,
    config: Mapping[str, Any],
    splits: Sequence[str],
) -> None:
    source = {
        split: tfxio.TFExampleRecord(str(folder / f"raw-{split}.gz"), ["benchmark", split], schema=schema)
        for split in splits
    }
    data = {split: pipeline | f"Read {split}" >> source[split].BeamSource() for split in splits}
    metadata = source[TRAIN_SPLIT].TensorAdapterConfig()
    function = functools.partial(preprocessing_fn, custom_config=config)
    graph = (data[TRAIN_SPLIT], metadata) | tft_beam.AnalyzeDataset(function)
    _ = graph | tft_beam.WriteTransformFn(str(folder / GRAPH))
    for split in splits:
        rows, made = ((data[split], metadata), graph) | f"Transform {split}" >> tft_beam.TransformDataset(
            output_record_batches=True
        )
        _ = (
            rows
            | f"Encode {split}" >> beam.FlatMap(_encode, schema=beam.pvalue.AsSingleton(made.deferred_metadata))
            | f"Write {split}" >> beam.io.WriteToTFRecord(str(folder / split), file_name_suffix=".gz")
        )


def _encode(rows: tuple[Any, Any], schema: dataset_metadata.DatasetMetadata) -> list[bytes]:
    return tfxio.RecordBatchToExamplesEncoder(schema.schema).encode(rows[0])


if __name__ == "__main__":
    prepare(Path(sys.argv[1]))
