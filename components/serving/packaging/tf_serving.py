"""The layout of TensorFlow Serving: numbered folders, models.config, batching.config."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from components.registry.serving_directory.serving_directory import MODELS_CONFIG, write_models_config
from components.serving.packaging.batching import BATCHING_FILE
from components.serving.packaging.package_settings import PackageSettings
from components.serving.packaging.prepared_model import PreparedModel
from components.serving.packaging.request_examples import curl_lines, write_requests

MOUNT = "/models"


def lay_out(stage: Path, models: Sequence[PreparedModel], settings: PackageSettings) -> None:
    """Fills the folder `stage`; the first model is the one that the requests are for."""
    name, first = settings.name, models[0]
    (stage / name).mkdir()
    for model in models:
        model.folder.rename(stage / name / str(model.version))
    labels = {label: model.version for model in models for label in model.labels}
    versions = [model.version for model in models]
    write_models_config(stage, name, versions, labels, f"{MOUNT}/{name}")
    (stage / f".{MODELS_CONFIG}.lock").unlink()  # nobody else writes to this folder
    if batched := all(model.can_batch for model in models):
        (stage / BATCHING_FILE).write_text(settings.batching.to_text(), encoding="utf-8")
    names = write_requests(stage, first)
    (stage / "README.md").write_text(_readme(settings, first, labels, names, batched), encoding="utf-8")


def flags(folder: str, batched: bool) -> list[str]:
    """Flags of tensorflow_model_server for this layout in `folder`."""
    given = [f"--model_config_file={folder}/{MODELS_CONFIG}", "--model_config_file_poll_wait_seconds=30"]
    # Without it a server refuses labels at its start, when no version is loaded yet.
    given.append("--allow_version_labels_for_unavailable_models=true")
    return given + ([f"--enable_batching=true --batching_parameters_file={folder}/{BATCHING_FILE}"] if batched else [])


def _readme(
    settings: PackageSettings, first: PreparedModel, labels: dict[str, int], names: list[str], batched: bool
) -> str:
    name, url = settings.name, f"http://localhost:8501/v1/models/{settings.name}"
    docker = [
        'docker run --rm -p 8500:8500 -p 8501:8501 -v "$PWD":/models',
        settings.image,
        *flags(MOUNT, batched),
    ]
    bare = ["tensorflow_model_server --port=8500 --rest_api_port=8501", *flags('"$PWD"', batched)]
    bare[1] = '--model_config_file="$PWD"/local.config'
    lines = [
        f"# {name} for TensorFlow Serving",
        "",
        "Run all commands in this folder. gRPC is on port 8500, REST on 8501.",
        "",
        "```bash",
        " \\\n  ".join(docker),
        "```",
        "",
        "Without Docker (the server takes absolute paths only):",
        "",
        "```bash",
        f'sed "s#{MOUNT}/#$PWD/#" {MODELS_CONFIG} > local.config',
        " \\\n  ".join(bare),
        "```",
        "",
        "Is it up?",
        "",
        "```bash",
        f"curl {url}",
        "```",
        "",
        "One request a signature:",
        "",
        "```bash",
        *curl_lines(names, f"{url}/versions/{first.version}:predict"),
        "```",
        "",
        _labels_text(url, labels),
        "Each version sends itself the requests of `assets.extra/tf_serving_warmup_requests` before it takes others.",
        "",
        _batching_text(batched),
    ]
    return "\n".join(lines)


def _labels_text(url: str, labels: dict[str, int]) -> str:
    if not labels:
        return "No version has a label. Without version in the address the highest one answers.\n"
    rows = "\n".join(f"- `{url}/labels/{label}:predict` is version {labels[label]}" for label in sorted(labels))
    return (
        f"By label:\n\n{rows}\n\nThe server reads `{MODELS_CONFIG}` again every 30 seconds. Move a label only to a\n"
        "version that is loaded already: first a file with both versions, then one with the moved label.\n"
    )


def _batching_text(batched: bool) -> str:
    if batched:
        return (
            f"`{BATCHING_FILE}` joins requests of the same signature. Rows of an answer are padded to the longest row\n"
            "of the joined batch, so there can be more columns than for the request alone.\n"
        )
    return "The server does not join requests: a signature has an input or output without rows.\n"
