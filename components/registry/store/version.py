"""Versions of a registered model: the record to register, and the version that the registry returns."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from components.registry import names


def as_text(value: Any) -> str:
    """Returns the text of a setting: as it is, or as JSON.

    >>> as_text("cpu"), as_text([1, 2]), as_text(None)
    ('cpu', '[1, 2]', 'null')
    """
    return value if isinstance(value, str) else json.dumps(value)


def numbers_ascend(name: str) -> list[tuple[int, str]]:
    """Returns a key that sorts the numbers in names by their values.

    >>> sorted(["length=11-20", "length=6-10", "length=1-5"], key=numbers_ascend)
    ['length=1-5', 'length=6-10', 'length=11-20']
    """
    return [(int(part), "") if part.isascii() and part.isdigit() else (-1, part) for part in re.split("([0-9]+)", name)]


@dataclass(frozen=True)
class DataSplit:
    """One split of the data of a run, for MLflow's list of datasets.

    Attributes:
        name: `train`, `eval` or `test`.
        sentences: number of sentences.
        digest: hash of the content of the corpus.
        source: folder or address of the corpus.
    """

    name: str
    sentences: int
    digest: str
    source: str


@dataclass(frozen=True)
class VersionRecord:
    """Metadata and additional files of a version to register.

    Attributes:
        tags: origin of the version: `run_id`, `run_fingerprint` (part of its identity), `data.span` and so on.
        metrics: overall scores, finite.
        metrics_by_type: entity type -> scores.
        metrics_by_slice: slice -> scores.
        params: settings of the run.
        epochs: figures of each epoch of the training, by name.
        data: splits of the data.
        files: files to store next to the model, in the folder `card`: reports, the model card.
        trained: name -> file of the trained model, for a warm start.
        blessed: whether the Evaluator blessed it, against the version in the tag `baseline_version`.
        summary: one sentence for MLflow's list of versions.

    Example:
        >>> VersionRecord(tags={"run_fingerprint": "5f1c"}, metrics={"entity_f1": 0.91}, blessed=True).blessed
        True
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    metrics_by_type: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    metrics_by_slice: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    epochs: tuple[Mapping[str, float | None], ...] = ()
    data: tuple[DataSplit, ...] = ()
    files: tuple[Path, ...] = ()
    trained: Mapping[str, Path] = field(default_factory=dict)
    blessed: bool = False
    summary: str = ""


@dataclass(frozen=True)
class RegisteredVersion:
    """One version of a registered model at the time it was read.

    Attributes:
        name: name of the registered model.
        version: number of the version, from 1 upwards.
        aliases: sorted aliases of this version (`candidate`, `champion`, `previous`).
        tags: all tags, including the metrics as `metric.<name>`.
        uri: location of the version's files.
        run_id: MLflow run that holds files and metrics; empty if there is none.
        created: time of registration, UTC.
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
        return self.tags.get(names.TREE_HASH_TAG, "")

    @property
    def content(self) -> str:
        """Hashes of exported and trained model: a new registry at the same address begins with version 1 again."""
        return f"{self.tree_hash} {self.tags.get(names.TRAINED_HASH_TAG, '')}"

    @property
    def blessed(self) -> bool:
        """True if the Evaluator blessed the model."""
        return self.tags.get(names.BLESSED_TAG) == "true"

    @property
    def metrics(self) -> dict[str, float]:
        """Overall scores by name."""
        return {
            key.removeprefix(names.METRIC_TAG_PREFIX): float(value)
            for key, value in self.tags.items()
            if key.startswith(names.METRIC_TAG_PREFIX)
        }

    @property
    def metrics_by_type(self) -> dict[str, dict[str, float]]:
        """Entity type -> scores."""
        return self._table(names.TYPES_TAG)

    @property
    def metrics_by_slice(self) -> dict[str, dict[str, float]]:
        """Slice -> scores; numbers in the names of the slices ascend."""
        return dict(sorted(self._table(names.SLICES_TAG).items(), key=lambda item: numbers_ascend(item[0])))

    @property
    def params(self) -> dict[str, str]:
        """Settings of the run that produced the version."""
        return self._table(names.PARAMS_TAG)

    def _table(self, tag: str) -> dict[str, Any]:
        """Returns a mapping that a tag holds as JSON; empty if it is absent or was too long to store."""
        text = self.tags.get(tag, "")
        return json.loads(text) if text.startswith("{") else {}
