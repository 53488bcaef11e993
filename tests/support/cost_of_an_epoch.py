"""Prints the CPU seconds of an epoch and the most memory that the process ever had, as JSON.

Takes the size of the corpus, in thousands of windows, on the command line.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from made_up_corpus import MadeUp, chunk

from components.trainer.data.batches import Batches
from components.trainer.data.window_table import WindowTable
from components.trainer.devices import choose_devices
from components.trainer.loop.epoch_log import EpochLog


class Clock(EpochLog):
    """Takes the time at each epoch's end."""

    def __init__(self):
        self.ends = []

    def write(self, epoch, row, best_f1):
        self.ends.append(time.process_time())


if __name__ == "__main__":
    thousands, clock = int(sys.argv[1]), Clock()
    with tempfile.TemporaryDirectory() as folder:
        made_up = MadeUp(Path(folder))
        # Small blocks, few of them at once: a corpus of hundred megabytes does for one of hundred gigabytes.
        chunks = (chunk(1000, seed) for seed in range(thousands))
        made_up.train = WindowTable.write(Path(folder, "large"), chunks, largest_block=1 << 14)
        made_up.batches = lambda size, fixed_shapes: Batches(made_up.train, size, seed=5, pool_blocks=4)
        made_up.fit(choose_devices("cpu", 1), log=clock, batch_size=512, epochs=3)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": clock.ends[-1] - clock.ends[-2], "megabytes": kilobytes / 1024}))
