"""One version of a model in the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from components.registry.names import BLESSED_TAG, METRIC_TAG_PREFIX, TREE_HASH_TAG


@dataclass(frozen=True)
class RegisteredVersion:
    """One version of a registered model, as it was when it was read.

    Attributes:
        name: Name of the registered model.
        version: Number of the version, from 1 upwards.
        aliases: Sorted aliases that pointed at this version (`candidate`, `champion`, `previous`).
        tags: All tags of the version; metrics are there too, as `metric.<name>`.
        uri: Where the files of the version are stored.
        run_id: The MLflow run that holds the files and metrics; empty when there is none.
        created: Time of registration, UTC.
    """

    name: str
    version: int
    aliases: tuple[str, ...]
    tags: Mapping[str, str]
    uri: str
    run_id: str
    created: datetime

    @property
    def tree_hash(self) -> str:
        """Hash of the stored model folder (`components.text.tree_hash`)."""
        return self.tags.get(TREE_HASH_TAG, "")

    @property
    def blessed(self) -> bool:
        """Whether the Evaluator blessed the model."""
        return self.tags.get(BLESSED_TAG) == "true"

    @property
    def metrics(self) -> dict[str, float]:
        """The overall scores by name."""
        return {
            key.removeprefix(METRIC_TAG_PREFIX): float(value)
            for key, value in self.tags.items()
            if key.startswith(METRIC_TAG_PREFIX)
        }
