"""Our tagger behind the interface of the peers: Transform, Trainer and Exporter without TFX around them."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.corpus import LabelledSentence
from benchmarks.fingerprint import code_hash, fingerprint
from benchmarks.ours.our_tagger import OurTagger
from benchmarks.ours.prepared import EXPORTED, REPORT, REQUEST, read
from benchmarks.peers.peer import DevScore, TrainedPeer
from benchmarks.result_store import write_text

_PREPARED = Path(__file__).resolve().parents[2] / "work" / "benchmarks" / "prepared"
# What the transformed examples depend on.
_PREPARING = ("benchmarks.ours.prepare", "benchmarks.ours.prepared", "components.transform", "components.text")


class OurPeer:
    """Trains with the settings of a pipeline configuration.

    What the transform graph makes of a corpus is kept, since it is the same for all seeds and for many settings.
    """

    def __init__(
        self,
        transform: Mapping[str, Any],
        beam: Mapping[str, Any],
        trainer: Mapping[str, Any],
        exporter: Mapping[str, Any],
        prepared: Path | str = _PREPARED,
    ) -> None:
        """Keeps the settings.

        Args:
            transform: section of the configuration.
            beam: section of the configuration.
            trainer: fields of `TrainerSettings`.
            exporter: fields of `ExporterSettings`.
            prepared: folder that transformed corpora are kept below.
        """
        self._transform, self._beam, self._trainer, self._exporter = transform, beam, trainer, exporter
        self._prepared = Path(prepared)

    def train(
        self, train: Sequence[LabelledSentence], dev: Sequence[LabelledSentence], seed: int, language: str
    ) -> TrainedPeer:
        """See `Peer`. Nothing here depends on the language.

        CPU seconds are those of the Trainer's function; the extra figures say what came before and after.
        """
        del language
        prepared = self.prepare(train, dev)
        scratch = tempfile.TemporaryDirectory(prefix="benchmark-")
        folder = Path(scratch.name)
        _write_request(folder, {"trainer": {**self._trainer, "seed": seed}, "exporter": self._exporter})
        _run("benchmarks.ours.train", prepared, folder)
        report, preparation = read(folder, REPORT), read(prepared, REPORT)
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

    def prepare(self, train: Sequence[LabelledSentence], dev: Sequence[LabelledSentence]) -> Path:
        """Runs the transform graph over a corpus, unless that was done; returns the folder of what it made."""
        request = {
            "transform": dict(self._transform),
            "beam": dict(self._beam),
            "train": [[sentence.tokens, sentence.tags] for sentence in train],
            "eval": [[sentence.tokens, sentence.tags] for sentence in dev],
        }
        code = code_hash(_PREPARING)
        folder = self._prepared / fingerprint({**request, "code": code})
        if (folder / REPORT).exists():
            return folder
        self._prepared.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._prepared, prefix=".partial-") as scratch:
            partial = Path(scratch, "prepared")
            _write_request(partial, request)
            _run("benchmarks.ours.prepare", partial)
            try:
                partial.rename(folder)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # another run was quicker
                    raise
        return folder

    @staticmethod
    def load(folder: Path) -> OurTagger:
        """See `Peer`."""
        return OurTagger(folder)


def _run(module: str, *arguments: Path) -> None:
    # The environment, one thread and all, is that of the run which this one belongs to.
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], check=True)


def _write_request(folder: Path, request: Mapping[str, Any]) -> None:
    write_text(folder / REQUEST, json.dumps(request))
