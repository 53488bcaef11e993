"""`ner package`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.options import config_options

if TYPE_CHECKING:
    from components.serving.packaging.model_version import ModelVersion
    from configs.spec import PipelineConfig

_TARGETS = ("tf-serving", "vertex", "sagemaker", "kserve")
_COUNT = click.IntRange(min=1)
_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("folders", nargs=-1, required=True, type=_PATH, metavar="[MODEL_DIR] DESTINATION")
@click.option("--for", "target", required=True, type=click.Choice(_TARGETS), help="The server.")
@config_options
@click.option("--name", help="Under which the model is served; by default that of the configuration.")
@click.option("--version", type=_COUNT, help="Of MODEL_DIR; by default its name if that is a number, else 1.")
@click.option("--server-version", default="", metavar="X.Y.Z", help="TensorFlow Serving's release, from 2.16 on.")
@click.option("--storage-uri", default="", metavar="URI", help="kserve: where the storage folder will lie.")
@click.option("--key", default="key", show_default=True, help="vertex: what the key of a row is called.")
@click.option("--max-batch-size", type=_COUNT, default=32, show_default=True)
@click.option("--batch-timeout-micros", type=click.IntRange(min=0), default=1000, show_default=True)
@click.option("--max-enqueued-batches", type=_COUNT, default=100, show_default=True)
@click.option("--num-batch-threads", type=_COUNT, default=4, show_default=True)
def package(
    folders: tuple[Path, ...],
    target: str,
    profile: Path | None,
    settings: tuple[str, ...],
    name: str | None,
    version: int | None,
    server_version: str,
    storage_uri: str,
    key: str,
    **batching: int,
) -> None:
    """Lay the SavedModel MODEL_DIR, or the champion, out in DESTINATION as a server wants it.

    DESTINATION gets a README.md with the commands that serve it. It appears when it is complete, and a folder that
    holds something else is never overwritten.
    """
    if len(folders) > 2:
        raise click.UsageError("give [MODEL_DIR] DESTINATION")
    if len(folders) == 1 and version is not None:
        raise click.UsageError("--version goes with MODEL_DIR; the champion has its own")
    from components.serving.packaging.batching import Batching
    from components.serving.packaging.package_settings import PackageSettings
    from components.serving.packaging.packaging import package as write_package
    from configs.loading import load_config

    config = load_config(profile, settings)
    wishes = PackageSettings(name or config.name, server_version, Batching(**batching), storage_uri, key)
    models = [_given(folders[0], version)] if len(folders) == 2 else _registered(config, target)
    record = write_package(models, folders[-1], target, wishes)
    click.echo(f"{folders[-1]}: {record['name']} version {record['version']} for {target}; see README.md there")


def _given(folder: Path, version: int | None) -> ModelVersion:
    from components.serving.packaging.model_version import ModelVersion

    name = folder.resolve().name
    number = int(name) if name.isascii() and name.isdigit() and int(name) else 1
    return ModelVersion(folder, version or number)


def _registered(config: PipelineConfig, target: str) -> list[ModelVersion]:
    """The champion and, where the server keeps several versions, the one before it."""
    from components.registry.names import CHAMPION, PREVIOUS
    from components.registry.store.model_registry import ModelRegistry
    from components.serving.packaging.model_version import ModelVersion
    from pipeline.registry_view.champion import champion_folder

    folder = champion_folder(config)  # named after the version
    if target != "tf-serving":
        return [ModelVersion(folder, int(folder.name))]
    models = [ModelVersion(folder, int(folder.name), (CHAMPION,))]
    registry = ModelRegistry(config.registry_uri)
    previous = registry.get(config.name, PREVIOUS)
    if previous is not None and previous.version != models[0].version:
        served = config.serving_dir / config.name / str(previous.version)
        fetched = config.work_dir / "fetched" / config.name / str(previous.version)
        folder = served if served.is_dir() else registry.fetch(previous, fetched)
        models.append(ModelVersion(folder, previous.version, (PREVIOUS,)))
    return models
