"""Between MLflow's entities and ours: whole numbers for versions, text for tags, None for what is not there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from components.registry.errors import RegistryError
from components.registry.names import METRIC_TAG_PREFIX, REPLACES_TAG, TREE_HASH_TAG
from components.registry.registered_version import RegisteredVersion

_MAX_TAG_CHARACTERS = 100_000  # MLflow's limit for the tags of a version
_OWN_TAGS = (TREE_HASH_TAG, REPLACES_TAG)


@contextmanager
def ignoring(code: str) -> Iterator[None]:
    """Leaves the block quietly on MLflow's error `code`, such as RESOURCE_DOES_NOT_EXIST."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code != code:
            raise


def create_registered_model(client: Any, name: str) -> None:
    """Creates a registered model; one that is there already, or that another process was faster with, is fine."""
    with ignoring("RESOURCE_ALREADY_EXISTS"):
        client.create_registered_model(name)


def aliases_of(client: Any, name: str) -> dict[str, int]:
    """Alias -> version number; empty when there is no such registered model."""
    with ignoring("RESOURCE_DOES_NOT_EXIST"):
        found = client.get_registered_model(name).aliases
        return {alias: int(number) for alias, number in found.items()}
    return {}


def find_version(client: Any, name: str, version_or_alias: int | str) -> RegisteredVersion | None:
    """A version by number (also as text) or alias."""
    aliases = aliases_of(client, name)
    text = str(version_or_alias)
    number = int(text) if text.isascii() and text.isdigit() else aliases.get(text)
    if number is None:
        return None
    with ignoring("RESOURCE_DOES_NOT_EXIST"):
        return _to_version(client.get_model_version(name, str(number)), aliases)
    return None


def search_versions(client: Any, name: str, condition: str = "") -> tuple[RegisteredVersion, ...]:
    """All versions of a model that meet a condition in MLflow's search language, oldest first."""
    aliases = aliases_of(client, name)
    query = f"name = '{name}'" + (f" and {condition}" if condition else "")
    found: list[RegisteredVersion] = []
    token = None
    while True:
        page = client.search_model_versions(query, max_results=1000, page_token=token)
        found += [_to_version(entry, aliases) for entry in page]
        token = page.token
        if not token:
            return tuple(sorted(found, key=lambda version: version.version))


def version_tags(tags: Mapping[str, str], metrics: Mapping[str, float], digest: str) -> dict[str, str]:
    """The tags to store with a version: the caller's, its metrics as text, and the tree hash.

    Raises:
        RegistryError: If a tag belongs to the registry or is too long, or a metric is not a finite number.
    """
    for key, value in tags.items():
        if key in _OWN_TAGS or key.startswith(METRIC_TAG_PREFIX):
            raise RegistryError(f"tag {key!r}: the registry writes this one itself. Use another name.")
        if len(value) > _MAX_TAG_CHARACTERS:
            raise RegistryError(
                f"tag {key!r}: {len(value)} characters, at most {_MAX_TAG_CHARACTERS} can be stored. "
                "Store the text as a card file."
            )
    for key, score in metrics.items():
        if not math.isfinite(score):
            raise RegistryError(f"metric {key!r}: {score} is no score. Leave the metric out.")
    scores = {METRIC_TAG_PREFIX + key: repr(float(score)) for key, score in metrics.items()}
    return {**tags, **scores, TREE_HASH_TAG: digest}


def _to_version(entry: Any, aliases: Mapping[str, int]) -> RegisteredVersion:
    number = int(entry.version)  # an int from a database, a str over REST
    tags = {str(key): str(value) for key, value in entry.tags.items()}
    return RegisteredVersion(
        name=entry.name,
        version=number,
        aliases=tuple(sorted(alias for alias, target in aliases.items() if target == number)),
        tree_hash=tags.get(TREE_HASH_TAG, ""),
        tags=tags,
        uri=entry.source,
        created=datetime.fromtimestamp(entry.creation_timestamp / 1000, UTC),
    )
