"""One version of a model in the registry."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from components.registry.names import (
    BLESSED_TAG,
    METRIC_TAG_PREFIX,
    PARAMS_TAG,
    SLICES_TAG,
    TREE_HASH_TAG,
    TYPES_TAG,
)


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
        """Hash of the stored model folder (`components.common.hashing`)."""
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

    @property
    def metrics_by_type(self) -> dict[str, dict[str, float]]:
        """Entity type -> scores."""
        return self._table(TYPES_TAG)

    @property
    def metrics_by_slice(self) -> dict[str, dict[str, float]]:
        """Slice -> scores."""
        return self._table(SLICES_TAG)

    @property
    def params(self) -> dict[str, str]:
        """The settings of the run that made it."""
        return self._table(PARAMS_TAG)

    def _table(self, tag: str) -> dict[str, Any]:
        """A mapping that is kept as JSON; empty where it is absent or was too long to keep."""
        text = self.tags.get(tag, "")
        return json.loads(text) if text.startswith("{") else {}
