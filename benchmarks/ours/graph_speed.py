"""Speed of the transform graph alone: raw sentences to the tagger's features, on one thread.

`graph_speed` runs `python -m benchmarks.ours.graph_speed PREPARED_FOLDER SENTENCES_FILE REPORT`.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.ours.our_peer import GRAPH
from benchmarks.results import write_json
from benchmarks.serving_worker import time_calls

BATCHES = (1, 32, 512)
_SENTENCES = 2048


def graph_speed(prepared: Path, sentences: Sequence[str]) -> dict[str, float]:
    """Measures the graph in a separate process.

    Args:
        prepared: folder of `benchmarks.ours.prepare`.
        sentences: raw sentences to draw from.

    Returns:
        `graph_batch<n>_sentences_per_cpu_second` for each batch size.
    """
    chosen = random.Random(0).sample(list(sentences), min(_SENTENCES, len(sentences)))
    with tempfile.TemporaryDirectory() as folder:
        texts, report = Path(folder, "sentences.json"), Path(folder, "report.json")
        texts.write_text(json.dumps(chosen), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.ours.graph_speed", str(prepared), str(texts), str(report)]
        subprocess.run(command, check=True)
        return json.loads(report.read_text(encoding="utf-8"))


def _measure(prepared: Path, texts: Path, report: Path) -> None:
    import tensorflow as tf

    from components.transform.features import SENTENCE, model_features
    from components.transform.transform_graph import TransformGraph

    graph = TransformGraph(str(prepared / GRAPH))
    sentences = json.loads(texts.read_text(encoding="utf-8"))

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None], tf.string)])
    def features(batch: tf.Tensor) -> dict[str, tf.RaggedTensor]:
        made = graph({SENTENCE: tf.expand_dims(batch, 1)})
        return {name: made[name] for name in model_features(made)}  # only the tagger's features

    def tag(request: Sequence[str]) -> object:
        return features(tf.constant(request))

    time_calls(tag, sentences[:64], 32)  # traces and warms up
    figures = {}
    for batch in BATCHES:
        times = time_calls(tag, sentences, batch)
        figures[f"graph_batch{batch}_sentences_per_cpu_second"] = len(sentences) / sum(times.cpu)
    write_json(report, figures)


if __name__ == "__main__":
    _measure(*map(Path, sys.argv[1:4]))
