"""Inputs of a training."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class TrainingInputs:
    """Files that a training reads.

    Attributes:
        train_files: gzipped TFRecords of transformed examples.
        eval_files: the same for the eval split, which chooses the epoch to keep and the outside bias.
        transform_graph: folder of tf.Transform's output.
        earlier_model: folder of an earlier model to take the initial weights from; None starts fresh.
        teacher: folder of the trained model that labels `unlabelled`; None: no teacher.
        unlabelled: file of `components.text.unlabelled`; given with a teacher.
    """

    train_files: Sequence[str]
    eval_files: Sequence[str]
    transform_graph: str
    earlier_model: str | None = None
    teacher: str | None = None
    unlabelled: str | None = None
