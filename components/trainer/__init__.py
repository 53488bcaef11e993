"""Trainer: transformed examples in, a trained tagger out.

Read `training.py` first: `train` puts the parts together. Then read one folder for each question: `data/` (which
examples are read, in which batches), `initial/` (which weights the tagger starts with), `loop/` (how it is trained,
from `training_loop.py` on), `scoring/` (which epoch is kept), `teacher/` (distillation). `component.py` and
`executor.py` connect `train` to TFX.
"""

from __future__ import annotations

from components.common.lazy_exports import lazy_exports

__getattr__ = lazy_exports(
    __name__,
    {
        "TrainedModel": "trained_model",
        "Trainer": "component",
        "TrainerSettings": "settings",
        "TrainingInputs": "inputs",
        "train": "training",
    },
)
