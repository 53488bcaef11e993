"""Program that trains on transformed examples; a test kills it and starts it again.

Its argument is JSON: `settings`, `files`, `graph`, `checkpoint` (a folder), `weights` (a file to write).
"""

from __future__ import annotations

import json
import sys

import numpy as np
from absl import logging

from components.trainer.inputs import TrainingInputs
from components.trainer.loop.checkpoint import Checkpoint
from components.trainer.settings import TrainerSettings
from components.trainer.training import train

if __name__ == "__main__":
    logging.set_verbosity(logging.INFO)
    request = json.loads(sys.argv[1])
    trained = train(
        TrainerSettings.model_validate(request["settings"]),
        TrainingInputs(request["files"], request["files"], request["graph"]),
        checkpoint=Checkpoint(request["checkpoint"]),
    )
    np.savez(request["weights"], *trained.model.get_weights(), history=json.dumps(trained.history))
