"""`ner package`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from components.common.console import announce
from components.common.progress import progress_shown
from components.registry.names import CHAMPION, PREVIOUS
from components.serving.packaging.settings import Batching, PackageSettings
from pipeline.cli.options import config_options, limit_options, named_dtype

if TYPE_CHECKING:
    from components.serving.packaging.prepare import ModelVersion
    from configs.spec import PipelineConfig

_TARGETS = ("tf-serving", "vertex", "sagemaker", "kserve")
_COUNT = click.IntRange(min=1)
_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("folders", nargs=-1, required=True, type=_PATH, metavar="[MODEL_DIR] DESTINATION")
@click.option("--for", "target", required=True, type=click.Choice(_TARGETS), help="The server.")
@config_options
@click.option("--name", help="Name under which the model is served; by default that of the configuration.")
@click.option("--version", type=_COUNT, help="Version of MODEL_DIR; by default its name if that is a number, else 1.")
@click.option("--server-version", default="", metavar="X.Y.Z", help="Release of TensorFlow Serving, 2.16 or newer.")
@click.option("--storage-uri", default="", metavar="URI", help="kserve: future address of the storage folder.")
@click.option("--key", default="key", show_default=True, metavar="NAME[:DTYPE]", help="vertex: the key of a row.")
@click.option("--max-batch-size", type=_COUNT, default=Batching.max_batch_size, show_default=True)
@click.option(
    "--batch-timeout-micros", type=click.IntRange(min=0), default=Batching.batch_timeout_micros, show_default=True
)
@click.option("--max-enqueued-batches", type=_COUNT, default=Batching.max_enqueued_batches, show_default=True)
@click.option("--num-batch-threads", type=_COUNT, default=Batching.num_batch_threads, show_default=True)
@limit_options
def package(
    *,
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
    """Package the SavedModel MODEL_DIR, or the champion, for a server in DESTINATION.

    DESTINATION gets a README.md with the commands that serve the model. It appears when it is complete, and a folder
    with other content is never overwritten.
    """
    if len(folders) > 2:
        raise click.UsageError("too many folders. Give [MODEL_DIR] DESTINATION.")
    if len(folders) == 1 and version is not None:
        raise click.UsageError("--version needs MODEL_DIR; the champion has its own version.")
    announce(f"ner package: preparing {folders[-1]} for {target}")
    with progress_shown("finding the model"):
        from components.registry.serving_directory.serving_directory import version_of_folder
        from components.serving.packaging.packaging import package as write_package
        from components.serving.packaging.prepare import ModelVersion
        from configs.loading import load_config

        config = load_config(profile, settings)
        key_name, key_dtype = named_dtype(key, "--key", default="")
        package_settings = PackageSettings(
            name=name or config.name,
            server_version=server_version,
            batching=Batching(**batching),
            storage_uri=storage_uri,
            key=key_name,
            key_dtype=key_dtype,
        )
        if len(folders) == 2:
            models = [ModelVersion(folders[0], version or version_of_folder(folders[0]))]
        else:
            models = _registered(config, target)
        record = write_package(models, folders[-1], target, package_settings)
    click.echo(f"{folders[-1]}: {record['name']} version {record['version']} for {target}; see README.md there")
    if target == "kserve" and not storage_uri:
        click.echo("storageUri names s3://BUCKET/...: replace BUCKET in it, or package again with --storage-uri URI.")


def _registered(config: PipelineConfig, target: str) -> list[ModelVersion]:
    """Returns the champion and, if the server keeps several versions, the previous one."""
    from components.registry.model_registry import ModelRegistry
    from components.serving.packaging.prepare import ModelVersion
    from pipeline.registry_view.model_reference import champion, version_folder

    registry = ModelRegistry(config.registry_uri)
    current = champion(config, registry)
    folder = version_folder(config, registry, current)
    if target != "tf-serving":
        return [ModelVersion(folder, current.version)]
    models = [ModelVersion(folder, current.version, (CHAMPION,))]
    previous = registry.get(config.name, PREVIOUS)
    if previous is not None and previous.version != current.version:
        models.append(ModelVersion(version_folder(config, registry, previous), previous.version, (PREVIOUS,)))
    return models
