"""The model card that was stored with a version."""

from __future__ import annotations

import shutil
from pathlib import Path

from components.registry.errors import RegistryError
from components.registry.store.mlflow_store import local_path
from components.registry.store.registered_version import RegisteredVersion

CARD_FILE = "model_card.json"

# Beside the model, among the artifacts of the version's MLflow run.
_FOLDER = "card"


def fetch_card(registry_uri: str, version: RegisteredVersion, folder: Path) -> Path | None:
    """Copies the model card of a version out of the registry.

    Args:
        registry_uri: address of the registry; MLflow asks a server for the files.
        version: the version.
        folder: where the card goes; made when there is one.

    Returns:
        The file; None when the version was registered without a card.

    Raises:
        RegistryError: the files of the version cannot be listed or read.
    """
    stored = f"{version.uri.rstrip('/').rpartition('/')[0]}/{_FOLDER}"
    beside = local_path(stored)
    if beside is not None:
        if not (beside / CARD_FILE).is_file():
            return None
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy2(beside / CARD_FILE, folder / CARD_FILE))
    from mlflow.exceptions import MlflowException

    try:
        return _download(registry_uri, stored, folder)
    except (OSError, MlflowException) as error:
        raise RegistryError(
            f"{version.name} version {version.version}: its model card cannot be read from {stored} ({error}). Make "
            "the registry's files reachable from here."
        ) from error


def _download(registry_uri: str, stored: str, folder: Path) -> Path | None:
    from mlflow import artifacts

    files = artifacts.list_artifacts(artifact_uri=stored, tracking_uri=registry_uri)
    if not any(Path(file.path).name == CARD_FILE for file in files):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    uri = f"{stored}/{CARD_FILE}"
    return Path(artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder), tracking_uri=registry_uri))
