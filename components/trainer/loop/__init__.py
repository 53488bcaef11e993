"""Training loop: steps, learning rate, checkpoints and the report of each epoch.

Read `training_loop.py` first, then `training_step.py` (gradients), `optimizer.py` (learning rate, Adam, average of the
weights) and `checkpoint.py` (the state of a training). docs/training.md shows how to train with another objective.
"""

from __future__ import annotations

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(
    __name__,
    {
        "Checkpoint": "checkpoint",
        "EpochLog": "epoch_log",
        "FitResult": "training_loop",
        "Objective": "training_step",
        "TrainingLoop": "training_loop",
        "supervised": "training_step",
    },
)
