"""Trains on transformed examples in a process of its own; a test kills it and starts it again.

Takes JSON on the command line: `settings`, `files`, `graph`, `checkpoint` (a folder), `weights` (a file to write).
"""

from __future__ import annotations

import json
import sys

import numpy as np
from absl import logging

from components.trainer.loop.checkpoint import Checkpoint
from components.trainer.settings import TrainerSettings
from components.trainer.training import train

if __name__ == "__main__":
    logging.set_verbosity(logging.INFO)
    told = json.loads(sys.argv[1])
    trained = train(
        TrainerSettings.model_validate(told["settings"]),
        told["files"],
        told["files"],
        told["graph"],
        checkpoint=Checkpoint(told["checkpoint"]),
    )
    np.savez(told["weights"], *trained.model.get_weights(), history=json.dumps(trained.history))
