"""Reads a registry through MLflow's client."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from components.registry.store.mlflow_entities import ignoring
from components.registry.store.registered_version import RegisteredVersion

_PAGE = 1000


class MlflowReader:
    """A `RegistryReader` over an open `MlflowClient`.

    Args:
        client: The client; its errors pass through.
    """

    def __init__(self, client: Any) -> None:
        """Keeps the client."""
        self._client = client

    def aliases(self, name: str) -> dict[str, int]:
        """See `RegistryReader`."""
        with ignoring("RESOURCE_DOES_NOT_EXIST"):
            found = self._client.get_registered_model(name).aliases
            return {alias: int(number) for alias, number in found.items()}
        return {}

    def version(self, name: str, number: int) -> RegisteredVersion | None:
        """See `RegistryReader`."""
        with ignoring("RESOURCE_DOES_NOT_EXIST"):
            return _to_version(self._client.get_model_version(name, str(number)))
        return None

    def versions(self, name: str, tags: Mapping[str, str] | None = None) -> list[RegisteredVersion]:
        """See `RegistryReader`."""
        conditions = [f"name = '{name}'", *(f"tags.`{key}` = '{value}'" for key, value in (tags or {}).items())]
        found: list[RegisteredVersion] = []
        token = None
        while True:
            page = self._client.search_model_versions(" and ".join(conditions), max_results=_PAGE, page_token=token)
            found += [_to_version(entry) for entry in page]
            token = page.token
            if not token:
                return sorted(found, key=lambda version: version.version)


def _to_version(entry: Any) -> RegisteredVersion:
    return RegisteredVersion(
        name=entry.name,
        version=int(entry.version),  # an int from a database, a str over REST
        aliases=(),
        tags={str(key): str(value) for key, value in entry.tags.items()},
        uri=entry.source,
        run_id=entry.run_id or "",
        created=datetime.fromtimestamp(entry.creation_timestamp / 1000, UTC),
    )
