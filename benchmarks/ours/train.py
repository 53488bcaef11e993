"""Trains and exports one tagger by the functions that the pipeline's Trainer and Exporter call.

    python -m benchmarks.ours.train PREPARED_FOLDER FOLDER

FOLDER/request.json holds `trainer` (the fields of `TrainerSettings`) and `exporter`; `exported/` and report.json are
written beside it. A process of its own, for its time and memory.
"""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from typing import Any

from absl import logging as absl_logging

from benchmarks.cpu_clock import CpuClock, peak_rss_mb
from benchmarks.ours.prepared import EXPORTED, GRAPH, REPORT, REQUEST, files, read
from benchmarks.result_store import write_json
from components.exporter.saved_model.exporting import export
from components.exporter.settings import ExporterSettings
from components.trainer.inputs import TrainingInputs
from components.trainer.settings import TrainerSettings
from components.trainer.training import train

_OURS = str(Path(__file__).parents[2] / "components")


class EpochClock(logging.Handler):
    """Notes the CPU clock whenever the trainer logs an epoch, since the trainer itself keeps wall seconds only."""

    def __init__(self) -> None:
        """Starts the clock."""
        super().__init__(logging.INFO)
        self.clock = CpuClock()
        self.epochs: list[float] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Takes the time of a line that begins like `epoch 3/20`; prints what our own code says as progress."""
        text = record.getMessage()
        if record.pathname.startswith(_OURS):
            print(text, flush=True)
        if re.match(r"epoch \d+/\d+ ", text):
            self.epochs.append(self.clock.cpu_seconds)


def train_and_export(prepared: Path, folder: Path) -> None:
    """Does what the module says.

    Raises:
        RuntimeError: the trainer logged another number of epochs than it trained.
    """
    request = read(folder, REQUEST)
    graph = str(prepared / GRAPH)
    absl_logging.set_verbosity(absl_logging.INFO)
    epochs = EpochClock()
    absl_logging.get_absl_logger().addHandler(epochs)
    absl_logging.get_absl_logger().propagate = False  # some import gives the root logger a handler that prints it all
    settings = TrainerSettings.model_validate(request["trainer"])
    trained = train(settings, TrainingInputs(files(prepared, "train"), files(prepared, "eval"), graph))
    seconds, rss = epochs.clock.cpu_seconds, peak_rss_mb()
    if len(epochs.epochs) != len(trained.history):
        raise RuntimeError(
            f"the trainer kept {len(trained.history)} epochs and logged {len(epochs.epochs)}: the line that "
            "components/trainer/loop/epoch_log.py writes has changed; see EpochClock"
        )
    export_clock = CpuClock()
    export(trained, graph, str(folder / EXPORTED), ExporterSettings(**request["exporter"]))
    rows: list[dict[str, Any]] = [dict(row) for row in trained.history]
    write_json(
        folder / REPORT,
        {
            "cpu_seconds": seconds,
            "peak_rss_mb": rss,
            "export_cpu_seconds": export_clock.cpu_seconds,
            "epochs": [{**row, "cpu_seconds": cpu} for row, cpu in zip(rows, epochs.epochs, strict=True)],
        },
    )


if __name__ == "__main__":
    train_and_export(Path(sys.argv[1]), Path(sys.argv[2]))
