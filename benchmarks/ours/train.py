"""Training and export of one tagger with the functions that the pipeline's Trainer and Exporter call.

    python -m benchmarks.ours.train PREPARED_FOLDER FOLDER

FOLDER/request.json holds the sections `trainer` and `exporter` of the configuration. The program writes exported/ and
report.json into FOLDER. It is a program to have its own CPU time and memory.
"""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from typing import Any

from absl import logging as absl_logging

from benchmarks.machine import CpuClock, peak_rss_mb
from benchmarks.ours.our_peer import EXPORTED, GRAPH, REPORT, REQUEST, read_json
from benchmarks.results import write_json
from components.exporter.saved_model.exporting import export
from components.exporter.settings import ExporterSettings
from components.keys import EVAL_SPLIT, TRAIN_SPLIT
from components.trainer.inputs import TrainingInputs
from components.trainer.settings import TrainerSettings
from components.trainer.training import train

_OURS = str(Path(__file__).parents[2] / "components")


class EpochClock(logging.Handler):
    """Log handler that records the CPU time of each epoch; the trainer's history has wall seconds only."""

    def __init__(self) -> None:
        """Starts the clock."""
        super().__init__(logging.INFO)
        self.clock = CpuClock()
        self.epochs: list[float] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Records the time of a line that begins like `epoch 3/20`; prints the lines of our code as progress."""
        text = record.getMessage()
        if record.pathname.startswith(_OURS):
            print(text, flush=True)
        if re.match(r"epoch \d+/\d+ ", text):
            self.epochs.append(self.clock.cpu_seconds)


def train_and_export(prepared: Path, folder: Path) -> None:
    """Trains and exports by a folder's request.

    Raises:
        RuntimeError: the trainer logged another number of epochs than it trained.
    """
    request = read_json(folder, REQUEST)
    graph = str(prepared / GRAPH)
    absl_logging.set_verbosity(absl_logging.INFO)
    epochs = EpochClock()
    absl_logging.get_absl_logger().addHandler(epochs)
    absl_logging.get_absl_logger().propagate = False  # an import gives the root logger a handler that prints everything
    settings = TrainerSettings.model_validate(request["trainer"])
    trained = train(settings, TrainingInputs(_files(prepared, TRAIN_SPLIT), _files(prepared, EVAL_SPLIT), graph))
    seconds, rss = epochs.clock.cpu_seconds, peak_rss_mb()
    if len(epochs.epochs) != len(trained.history):
        raise RuntimeError(
            f"the trainer trained {len(trained.history)} epochs and logged {len(epochs.epochs)}. The line of "
            "components/trainer/loop/epoch_log.py has changed: adapt EpochClock."
        )
    export_clock = CpuClock()
    export(trained, graph, str(folder / EXPORTED), ExporterSettings.model_validate(request["exporter"]))
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


def _files(prepared: Path, split: str) -> list[str]:
    return sorted(str(path) for path in prepared.glob(f"{split}-*.gz"))


if __name__ == "__main__":
    train_and_export(Path(sys.argv[1]), Path(sys.argv[2]))
