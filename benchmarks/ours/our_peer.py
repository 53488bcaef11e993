"""Our taggers as a `Peer`: transform, train and export, each in a separate process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.corpus import LabelledSentence
from benchmarks.ours.taggers import OurTagger
from benchmarks.peers.peer import DevScore, TrainedPeer
from components.common.files import write_atomically

# Files that the processes exchange.
GRAPH, EXPORTED, REPORT, REQUEST = "graph", "exported", "report.json", "request.json"


class OurPeer:
    """Trains with the settings of a pipeline configuration.

    `tests/benchmarks/ours/test_our_peer.py` trains one.
    """

    def __init__(
        self,
        transform: Mapping[str, Any],
        beam: Mapping[str, Any],
        trainer: Mapping[str, Any],
        exporter: Mapping[str, Any],
    ) -> None:
        """Stores the settings.

        Args:
            transform: section of the configuration.
            beam: section of the configuration.
            trainer: section of the configuration.
            exporter: section of the configuration.
        """
        self._transform, self._beam, self._trainer, self._exporter = transform, beam, trainer, exporter

    def train(
        self, train: Sequence[LabelledSentence], dev: Sequence[LabelledSentence], seed: int, language: str
    ) -> TrainedPeer:
        """Trains as `Peer` describes; the language does not matter.

        The CPU seconds are those of the Trainer's function; `extra` has those of transform and export.
        """
        del language
        scratch = tempfile.TemporaryDirectory(prefix="benchmark-")
        folder, prepared = Path(scratch.name), Path(scratch.name, "prepared")
        preparation = self.prepare(train, dev, prepared)
        write_request(folder, {"trainer": {**self._trainer, "seed": seed}, "exporter": self._exporter})
        _run("benchmarks.ours.train", prepared, folder)
        report = read_json(folder, REPORT)
        dev_scores = tuple(
            DevScore(epoch["cpu_seconds"], number, epoch["val_entity_f1"])
            for number, epoch in enumerate(report["epochs"], start=1)
        )
        extra = {
            "transform_cpu_seconds": preparation["cpu_seconds"],
            "transform_peak_rss_mb": preparation["peak_rss_mb"],
            "export_cpu_seconds": report["export_cpu_seconds"],
            "train_process_peak_rss_mb": report["peak_rss_mb"],
            "last_epoch_tokens_per_second": report["epochs"][-1]["tokens_per_second"],
            "data_wait": sum(epoch["data_wait"] for epoch in report["epochs"]) / len(report["epochs"]),
        }
        tagger = OurTagger(folder / EXPORTED, scratch)
        return TrainedPeer(tagger, dev_scores, float(len(dev_scores)), report["cpu_seconds"], extra)

    def prepare(
        self, train: Sequence[LabelledSentence], dev: Sequence[LabelledSentence], folder: Path
    ) -> dict[str, Any]:
        """Transforms a corpus into a folder; returns what that cost."""
        request = {
            "transform": dict(self._transform),
            "beam": dict(self._beam),
            "trainer": dict(self._trainer),
            "train": [[sentence.tokens, sentence.tags] for sentence in train],
            "eval": [[sentence.tokens, sentence.tags] for sentence in dev],
        }
        write_request(folder, request)
        _run("benchmarks.ours.prepare", folder)
        return read_json(folder, REPORT)

    @staticmethod
    def load(folder: Path) -> OurTagger:
        """Loads an exported model."""
        return OurTagger(folder)


def write_request(folder: Path, request: Mapping[str, Any]) -> None:
    """Writes the settings of a process into its folder."""
    write_atomically(folder / REQUEST, json.dumps(request))


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Reads a folder's `REPORT` or `REQUEST`."""
    return json.loads((folder / name).read_text(encoding="utf-8"))


def _run(module: str, *arguments: Path) -> None:
    # With the environment of the run that this process belongs to: one thread.
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], check=True)
