"""Inputs of a training, and its identity."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence

from components.trainer.settings import TrainerSettings

_READ_BYTES = 1 << 20
# These settings do not affect the result; the contents of teacher and texts are part of the code version.
_IRRELEVANT = ("checkpoint_steps", "checkpoint_dir", "teacher", "unlabelled")


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


def training_id(settings: TrainerSettings, inputs: TrainingInputs, code_version: str | None = None) -> str:
    """Returns a hash of everything that the result of a training depends on: settings, file contents, code, libraries.

    Args:
        settings: settings of the training.
        inputs: its files; their contents count, their paths do not.
        code_version: hash of the training code.

    Returns:
        32 hex digits.
    """
    import keras
    import tensorflow as tf

    digest = hashlib.sha256()
    values = {name: value for name, value in settings.selected().items() if name not in _IRRELEVANT}
    facts = [values, code_version, tf.__version__, keras.__version__]
    digest.update(json.dumps(facts, sort_keys=True).encode())
    earlier = _files_below(inputs.earlier_model) if inputs.earlier_model else []
    for files in (inputs.train_files, inputs.eval_files, _files_below(inputs.transform_graph), earlier):
        digest.update(b"\0files")
        for file in files:
            digest.update(_hash_content(file))
    return digest.hexdigest()[:32]


def _files_below(folder: str) -> list[str]:
    import tensorflow as tf

    files = [f"{parent}/{name}" for parent, _, names in tf.io.gfile.walk(folder) for name in names]
    return sorted(files, key=lambda path: path.removeprefix(folder))


def _hash_content(path: str) -> bytes:
    import tensorflow as tf

    digest = hashlib.sha256()
    with tf.io.gfile.GFile(path, "rb") as file:
        while chunk := file.read(_READ_BYTES):
            digest.update(chunk)
    return digest.digest()
