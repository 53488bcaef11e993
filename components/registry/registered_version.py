"""One version of a model in the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class RegisteredVersion:
    """One version of a registered model, as it was when it was read.

    Attributes:
        name: Name of the registered model.
        version: Number of the version, from 1 upwards.
        aliases: Sorted aliases that pointed at this version (`candidate`, `champion`, `previous`).
        tree_hash: Hash of the stored model folder (`components.text.tree_hash`).
        tags: All tags of the version; metrics are there too, as `metric.<name>`.
        uri: Where the files of the version are stored.
        created: Time of registration, UTC.
    """

    name: str
    version: int
    aliases: tuple[str, ...]
    tree_hash: str
    tags: Mapping[str, str]
    uri: str
    created: datetime
