"""Cost of an evaluation, compared with the model's own inference on the same sentences.

`measure_evaluation` runs `python -m benchmarks.evaluation REQUEST_JSON` for each measurement, to have its own memory.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import peak_rss_mb

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_BATCH = 64
_SLICES = ("source", "sentence_length", "case", "entity_seen", "entity_length")
_MEASUREMENTS = ("inference", "inference_sorted", "evaluation", "evaluation_champion")


@dataclasses.dataclass(frozen=True)
class _Request:
    """A measurement: model, folder of examples, number of sentences and workers, Beam's running mode."""

    name: str
    model: str
    folder: str
    sentences: int
    workers: int
    mode: str


def measure_evaluation(
    model: Path, corpus: Path, sentences: int, workers: Sequence[int], mode: str, show: Callable[[str], None]
) -> None:
    """Measures inference alone, and the Evaluator's executor with all slices and intervals.

    Inference runs in batches of 64, in the order of the corpus and sorted by length; the Evaluator runs without a
    champion, for each number of workers, and with one.

    Args:
        model: exported SavedModel.
        corpus: corpus folder with train, dev and test files; its test sentences are repeated with new keys.
        sentences: number of sentences to evaluate.
        workers: numbers of Beam workers.
        mode: Beam's `direct_running_mode` for several workers.
        show: prints a line of JSON for each measurement. CPU seconds do not count imports.
    """
    with tempfile.TemporaryDirectory() as folder:
        _write_examples(corpus, Path(folder), sentences)
        for name in _MEASUREMENTS:
            for count in workers if name == "evaluation" else workers[:1]:
                request = dataclasses.asdict(_Request(name, str(model.absolute()), folder, sentences, count, mode))
                command = [sys.executable, "-m", "benchmarks.evaluation", json.dumps(request)]
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                show(done.stdout.splitlines()[-1])


def _measure(request: _Request) -> dict[str, Any]:
    if request.name.startswith("inference"):
        run = _inference(request, sort_by_length=request.name.endswith("sorted"))
    else:
        run = _evaluation(request, with_champion=request.name.endswith("champion"))
    before, begin = os.times(), time.perf_counter()
    figures = run()
    after, end = os.times(), time.perf_counter()
    return {
        "measured": request.name,
        "sentences": request.sentences,
        "workers": request.workers,
        "cpu_seconds": round(sum(after[:4]) - sum(before[:4]), 1),
        "wall_seconds": round(end - begin, 1),
        "peak_mb": round(peak_rss_mb()),
        **figures,
    }


def _inference(request: _Request, sort_by_length: bool) -> Callable[[], dict[str, Any]]:
    import tensorflow as tf

    model = tf.saved_model.load(request.model)
    signature = model.signatures["serving_examples"]
    (name,) = signature.structured_input_signature[1]
    files = [str(path) for path in Path(request.folder, "Split-test").iterdir()]
    records = list(tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())
    if sort_by_length:
        records.sort(key=len)
    signature(**{name: tf.constant(records[:_BATCH])})  # triggers lazy loading

    def run() -> dict[str, Any]:
        for begin in range(0, len(records), _BATCH):
            signature(**{name: tf.constant(records[begin : begin + _BATCH])})
        return {"mb_before": round(peak_rss_mb())}

    run.model = model  # type: ignore[attr-defined]  # a signature alone loses its variables
    return run


def _evaluation(request: _Request, with_champion: bool) -> Callable[[], dict[str, Any]]:
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.types import artifact_utils, standard_artifacts

    from components.evaluator.executor import Executor
    from components.evaluator.results.scores_file import read_evaluation
    from configs.loading import load_config

    def artifact(artifact_type: Any, path: Path) -> Any:
        made = artifact_type()
        made.uri = str(path)
        return made

    folder = Path(request.folder)
    out = folder / f"{request.name}-{request.workers}"
    served = folder / "model" / "Format-Serving"
    if not served.exists():
        served.parent.mkdir()
        served.symlink_to(request.model, target_is_directory=True)
    examples = artifact(standard_artifacts.Examples, folder)
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
        "settings": load_config(None, [f"evaluator.slices={list(_SLICES)}"]).evaluator.model_dump_json(),
        "example_splits": '["test"]',
    }
    mode = "in_memory" if request.workers == 1 else request.mode
    context = BaseBeamExecutor.Context(
        beam_pipeline_args=[f"--direct_num_workers={request.workers}", f"--direct_running_mode={mode}"],
        tmp_dir=str(out / "tmp"),
        unique_id="1",
    )

    def run() -> dict[str, Any]:
        before = round(peak_rss_mb())
        Executor(context).Do(inputs, outputs, properties)
        overall = read_evaluation(str(out / "evaluation")).overall
        assert overall is not None
        assert overall.candidate.sentences == request.sentences
        return {"mb_before": before, "entity_f1": round(overall.candidate.entities.micro.f1.value, 4)}

    return run


def _write_examples(corpus: Path, folder: Path, sentences: int) -> None:
    """Writes the corpus's train split, and its test split repeated, as Examples."""
    from benchmarks.corpus import load_corpus
    from benchmarks.ours.prepare import write_examples

    loaded = load_corpus(corpus)
    repeated = itertools.islice(itertools.cycle(loaded.test), sentences)
    for split, rows in (("train", loaded.train), ("test", repeated)):
        path = folder / f"Split-{split}" / "data_tfrecord-00000-of-00001.gz"
        path.parent.mkdir()
        write_examples(((sentence.tokens, sentence.tags) for sentence in rows), path, split)


if __name__ == "__main__":
    print(json.dumps(_measure(_Request(**json.loads(sys.argv[1])))), flush=True)
