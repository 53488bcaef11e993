"""Program that prints the CPU seconds of an epoch and the peak memory of the process as JSON.

Its argument is the size of the corpus in thousands of windows.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from components.trainer.data.batches import Batches
from components.trainer.data.window_table import WindowTable
from components.trainer.devices import choose_devices
from components.trainer.loop.epoch_log import EpochLog
from support.made_up_corpus import MadeUp, chunk


class Clock(EpochLog):
    """Records the CPU time at the end of each epoch."""

    def __init__(self):
        self.ends = []

    def write(self, epoch, row, *, kept):
        self.ends.append(time.process_time())


if __name__ == "__main__":
    thousands, clock = int(sys.argv[1]), Clock()
    with tempfile.TemporaryDirectory() as folder:
        # Few small blocks at once: a corpus of hundred megabytes then behaves like one of hundred gigabytes.
        chunks = (chunk(1000, seed) for seed in range(thousands))
        train = WindowTable.write(Path(folder, "large"), chunks, largest_block=1 << 14)
        batches = Batches(train, 512, seed=5, pool_blocks=4)
        MadeUp(Path(folder)).fit(choose_devices("cpu", 1), log=clock, batches=batches, epochs=3)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": clock.ends[-1] - clock.ends[-2], "megabytes": kilobytes / 1024}))
