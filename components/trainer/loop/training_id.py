"""Whether two trainings are the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import keras
import tensorflow as tf

from components.trainer.settings import TrainerSettings

_READ_BYTES = 1 << 20
# These change how a result is come by and not which.
_NO_MATTER = ("checkpoint_steps", "checkpoint_dir")


def training_id(
    settings: TrainerSettings,
    train_files: Sequence[str],
    eval_files: Sequence[str],
    transform_graph: str,
    code_version: str | None = None,
    earlier: str | None = None,
) -> str:
    """Returns 32 hex digits that are the same when settings, data, code and libraries are: then results are.

    Args:
        settings: of the training.
        train_files: what it reads; the contents count, and not where they lie.
        eval_files: the same.
        transform_graph: tf.Transform's output folder.
        code_version: of our own code.
        earlier: folder of the model that it begins with, if any.
    """
    digest = hashlib.sha256()
    values = {name: value for name, value in settings.selected().items() if name not in _NO_MATTER}
    facts = [values, code_version, tf.__version__, keras.__version__]
    digest.update(json.dumps(facts, sort_keys=True).encode())
    for files in (train_files, eval_files, _files_below(transform_graph), _files_below(earlier) if earlier else []):
        digest.update(b"\0files")
        for file in files:
            digest.update(_content(file))
    return digest.hexdigest()[:32]


def _files_below(folder: str) -> list[str]:
    found = [f"{parent}/{name}" for parent, _, names in tf.io.gfile.walk(folder) for name in names]
    return sorted(found, key=lambda path: path.removeprefix(folder))


def _content(path: str) -> bytes:
    digest = hashlib.sha256()
    with tf.io.gfile.GFile(path, "rb") as file:
        while chunk := file.read(_READ_BYTES):
            digest.update(chunk)
    return digest.digest()
