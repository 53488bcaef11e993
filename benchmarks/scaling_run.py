"""One training of ours on a corpus several times over, in a process of its own.

    python -m benchmarks.scaling_run TASK_JSON RESULTS_FOLDER

The task holds `name`, `fingerprint`, `folder` of the corpus, `factor`, `system` and `settings` of one of ours.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.accuracy_run import machine
from benchmarks.corpus import LabelledSentence, load_corpus
from benchmarks.ours.graph_speed import graph_speed
from benchmarks.ours.our_peer import OurPeer
from benchmarks.result_store import ResultStore

# Scoring the dev split costs the same whatever the size of the corpus, and would hide what grows.
_DEV_SENTENCES = 200


def run(task: Mapping[str, Any], store: ResultStore) -> None:
    """Trains and stores the record."""
    corpus = load_corpus(Path(task["folder"]))
    train = repeated(corpus.train, task["factor"])
    peer = OurPeer(**task["settings"])
    trained = peer.train(train, corpus.dev[:_DEV_SENTENCES], seed=0, language="en")
    seconds = [score.cpu_seconds for score in trained.dev_scores]
    prepared = peer.prepare(train, corpus.dev[:_DEV_SENTENCES])
    record = {
        "fingerprint": task["fingerprint"],
        "corpus": corpus.name,
        "system": task["system"],
        "factor": task["factor"],
        "machine": machine(),
        "sentences": len(train),
        "tokens": sum(len(sentence.tokens) for sentence in train),
        # The first epoch traces the graph, too.
        "epoch_cpu_seconds": (seconds[-1] - seconds[0]) / (len(seconds) - 1),
        **trained.extra,
        **(graph_speed(prepared, [sentence.text for sentence in corpus.train]) if task["factor"] == 1 else {}),
    }
    store.put(task["name"], record)
    logging.info("%d sentences: %.1f CPU s an epoch", record["sentences"], record["epoch_cpu_seconds"])


def repeated(sentences: Sequence[LabelledSentence], factor: int) -> list[LabelledSentence]:
    """Returns the sentences so many times over, so that the cost of a token stays what it is."""
    return list(sentences) * factor


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    run(json.loads(sys.argv[1]), ResultStore(Path(sys.argv[2])))
