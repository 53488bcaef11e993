"""What is registered with a version beside its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class VersionRecord:
    """The circumstances of a version.

    Attributes:
        tags: What it was made from, text by text: `run_id`, `run_fingerprint` (part of its identity), `data.span`, ....
        metrics: Its overall scores, finite.
        metrics_by_type: Entity type -> its scores.
        metrics_by_slice: Slice -> its scores.
        params: The settings of the run that made it, text by text.
        files: Files to store beside the model, in the folder `card`: reports, a model card, anything.
        trained: Name -> file: the weights as they were trained, and what a later training needs to begin with them.
        blessed: Whether the Evaluator blessed it, against the version in the tag `baseline_version`.
        summary: One sentence on it, for MLflow's list of versions.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    metrics_by_type: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    metrics_by_slice: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    trained: Mapping[str, Path] = field(default_factory=dict)
    blessed: bool = False
    summary: str = ""
