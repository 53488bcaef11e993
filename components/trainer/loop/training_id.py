"""Identity of a training: a hash of everything that its result depends on."""

from __future__ import annotations

import hashlib
import json

import keras
import tensorflow as tf

from components.trainer.inputs import TrainingInputs
from components.trainer.settings import TrainerSettings

_READ_BYTES = 1 << 20
# These settings do not affect the result; the contents of teacher and texts are part of the code version.
_IRRELEVANT = ("checkpoint_steps", "checkpoint_dir", "teacher", "unlabelled")


def training_id(settings: TrainerSettings, inputs: TrainingInputs, code_version: str | None = None) -> str:
    """Returns 32 hex digits that are equal for equal settings, file contents, code and libraries.

    Args:
        settings: settings of the training.
        inputs: its files; their contents count, their paths do not.
        code_version: hash of the training code.
    """
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
    files = [f"{parent}/{name}" for parent, _, names in tf.io.gfile.walk(folder) for name in names]
    return sorted(files, key=lambda path: path.removeprefix(folder))


def _hash_content(path: str) -> bytes:
    digest = hashlib.sha256()
    with tf.io.gfile.GFile(path, "rb") as file:
        while chunk := file.read(_READ_BYTES):
            digest.update(chunk)
    return digest.digest()
