"""What an evaluation costs, beside the model's own inference on the same sentences.

    .venv/bin/python -m benchmarks.evaluation --model work/serving/ner/1 --corpus ../shared/data/uner_en_ewt

Repeats the corpus's test sentences (with keys of their own) up to `--sentences`, and measures in a fresh process each:
the model's signature alone in batches of 64, as they come and sorted by length; then the Evaluator's executor with all
its slices and intervals, without and with a champion, for each number of workers. CPU seconds count imports neither of
this nor of that; they are what a busy machine can be trusted with. Prints one JSON object a measurement.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_BATCH = 64
_SLICES = ("source", "sentence_length", "case", "entity_seen", "entity_length")


def main() -> None:
    """Runs all measurements, or with `--measure` one of them."""
    arguments = _arguments()
    if arguments.measure:
        print(json.dumps(_measure(arguments)), flush=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        _write_examples(arguments.corpus, Path(folder), arguments.sentences)
        for name in ("inference", "inference_sorted", "evaluation", "evaluation_champion"):
            for workers in arguments.workers if name == "evaluation" else arguments.workers[:1]:
                command = [
                    sys.executable,
                    "-m",
                    "benchmarks.evaluation",
                    *sys.argv[1:],
                    "--measure",
                    name,
                    "--folder",
                    folder,
                ]
                done = subprocess.run(
                    [*command, "--worker-count", str(workers)], stdout=subprocess.PIPE, text=True, check=True
                )
                print(done.stdout.splitlines()[-1], flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="exported SavedModel")
    parser.add_argument("--corpus", type=Path, required=True, help="corpus folder with train and test files")
    parser.add_argument("--sentences", type=int, default=100_000)
    parser.add_argument("--workers", type=lambda text: [int(n) for n in text.split(",")], default=[1])
    parser.add_argument("--mode", default="multi_threading", help="Beam's direct_running_mode for several workers")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--worker-count", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def _measure(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.measure.startswith("inference"):
        run = _inference(arguments, in_order_of_length=arguments.measure.endswith("sorted"))
    else:
        run = _evaluation(arguments, with_champion=arguments.measure.endswith("champion"))
    before, begin = os.times(), time.perf_counter()
    found = run()
    after, end = os.times(), time.perf_counter()
    return {
        "measured": arguments.measure,
        "sentences": arguments.sentences,
        "workers": arguments.worker_count,
        "cpu_seconds": round(sum(after[:4]) - sum(before[:4]), 1),
        "wall_seconds": round(end - begin, 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        **found,
    }


def _inference(arguments: argparse.Namespace, in_order_of_length: bool) -> Callable[[], dict[str, Any]]:
    import tensorflow as tf

    model = tf.saved_model.load(str(arguments.model))
    signature = model.signatures["serving_examples"]
    (name,) = signature.structured_input_signature[1]
    files = [str(path) for path in (arguments.folder / "Split-test").iterdir()]
    records = list(tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())
    if in_order_of_length:
        records.sort(key=len)
    signature(**{name: tf.constant(records[:_BATCH])})  # traces nothing, but loads what is loaded late

    def run() -> dict[str, Any]:
        for begin in range(0, len(records), _BATCH):
            signature(**{name: tf.constant(records[begin : begin + _BATCH])})
        return {"mb_before": _peak_mb()}

    run.model = model  # type: ignore[attr-defined]  # a signature alone loses its variables
    return run


def _evaluation(arguments: argparse.Namespace, with_champion: bool) -> Callable[[], dict[str, Any]]:
    from google.protobuf import json_format
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.types import artifact_utils, standard_artifacts

    from components.evaluator.blessing.rule import Rule, rules_to_json
    from components.evaluator.eval_config import eval_config
    from components.evaluator.executor import Executor
    from components.evaluator.results.scores import read_evaluation
    from components.evaluator.settings import EvaluationSettings

    def artifact(artifact_type: Any, path: Path) -> Any:
        made = artifact_type()
        made.uri = str(path)
        return made

    out = arguments.folder / f"{arguments.measure}-{arguments.worker_count}"
    served = arguments.folder / "model" / "Format-Serving"
    if not served.exists():
        served.parent.mkdir()
        served.symlink_to(arguments.model.absolute(), target_is_directory=True)
    examples = artifact(standard_artifacts.Examples, arguments.folder)
    examples.split_names = artifact_utils.encode_split_names(["train", "test"])
    examples.set_string_custom_property("payload_format", "FORMAT_TF_EXAMPLE")
    inputs = {"examples": [examples], "model": [artifact(standard_artifacts.Model, served.parent)]}
    if with_champion:
        inputs["baseline_model"] = [artifact(standard_artifacts.Model, served.parent)]
    outputs = {
        "evaluation": [artifact(standard_artifacts.ModelEvaluation, out / "evaluation")],
        "blessing": [artifact(standard_artifacts.ModelBlessing, out / "blessing")],
    }
    properties = {
        "eval_config": json_format.MessageToJson(eval_config(EvaluationSettings(_SLICES))),
        "rules": rules_to_json([Rule("entity_f1", min=0.0)]),
        "example_splits": '["test"]',
    }
    workers = arguments.worker_count
    mode = "in_memory" if workers == 1 else arguments.mode
    context = BaseBeamExecutor.Context(
        beam_pipeline_args=[f"--direct_num_workers={workers}", f"--direct_running_mode={mode}"],
        tmp_dir=str(out / "tmp"),
        unique_id="1",
    )

    def run() -> dict[str, Any]:
        before = _peak_mb()
        Executor(context).Do(inputs, outputs, properties)
        overall = read_evaluation(str(out / "evaluation")).overall
        assert overall is not None
        assert overall.candidate.sentences == arguments.sentences
        return {"mb_before": before, "entity_f1": round(overall.candidate.entities.micro.f1.value, 4)}

    return run


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _write_examples(corpus: Path, folder: Path, sentences: int) -> None:
    """The corpus's train split, and its test split over and over, as Examples."""
    import itertools

    import tensorflow as tf

    for split, wanted in (("train", None), ("test", sentences)):
        path = folder / f"Split-{split}" / "data_tfrecord-00000-of-00001.gz"
        path.parent.mkdir()
        there = list(_sentences(corpus, split))
        rows = there if wanted is None else itertools.islice(itertools.cycle(there), wanted)
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for number, (tokens, tags) in enumerate(rows):
                values = {"key": [f"{split}-{number}"], "sentence": [" ".join(tokens)], "tags": tags, "source": [split]}
                features = {
                    name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode() for text in texts]))
                    for name, texts in values.items()
                }
                writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())


def _sentences(corpus: Path, split: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    from components.corpus_example_gen.corpus.layout import find_splits
    from components.corpus_example_gen.readers.corpus_reader import read_corpus_file
    from configs.loading import load_config

    pattern = dict(find_splits(corpus))[split]
    for path in sorted(corpus.glob(pattern)):
        for sentence in read_corpus_file(str(path), load_config(None).corpus):
            yield sentence.tokens, sentence.tags


if __name__ == "__main__":
    main()
