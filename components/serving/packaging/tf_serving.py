"""The layout of TensorFlow Serving: numbered folders, models.config, batching.config."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from components.registry.serving_directory.serving_directory import MODELS_CONFIG, write_models_config
from components.serving.packaging.prepare import PreparedModel
from components.serving.packaging.readme import write_readme
from components.serving.packaging.requests import write_client, write_requests
from components.serving.packaging.settings import BATCHING_FILE, PackageSettings

MOUNT = "/models"


def lay_out(stage: Path, models: Sequence[PreparedModel], settings: PackageSettings) -> None:
    """Fills the folder `stage`; the example requests are for the first model."""
    name, first = settings.name, models[0]
    (stage / name).mkdir()
    for model in models:
        model.folder.rename(stage / name / str(model.version))
    labels = {label: model.version for model in models for label in model.labels}
    versions = [model.version for model in models]
    write_models_config(stage, name, versions, labels, f"{MOUNT}/{name}")
    (stage / f".{MODELS_CONFIG}.lock").unlink()  # no other process writes to this folder
    if batched := all(model.can_batch for model in models):
        (stage / BATCHING_FILE).write_text(settings.batching.to_text(), encoding="utf-8")
    write_readme(
        stage,
        "tf_serving",
        settings,
        first,
        batched=batched,
        batching_file=BATCHING_FILE,
        client=write_client(stage, name),
        flags=functools.partial(flags, batched=batched),
        labels=labels,
        models_config=MODELS_CONFIG,
        mount=MOUNT,
        signatures=write_requests(stage, first),
    )


def flags(folder: str, batched: bool) -> list[str]:
    """Returns the flags of tensorflow_model_server for this layout in `folder`."""
    result = [
        f"--model_config_file={folder}/{MODELS_CONFIG}",
        "--model_config_file_poll_wait_seconds=30",
        # Without it a server refuses labels at its start, when no version is loaded yet.
        "--allow_version_labels_for_unavailable_models=true",
    ]
    if batched:
        result.append(f"--enable_batching=true --batching_parameters_file={folder}/{BATCHING_FILE}")
    return result
