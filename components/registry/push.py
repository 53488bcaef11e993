"""Pushing: from an exported, validated, blessed model to the champion and its copy for TF Serving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from components.registry.errors import ChampionMovedError
from components.registry.model_registry import ModelRegistry
from components.registry.names import (
    BASELINE_VERSION_TAG,
    CANDIDATE,
    CHAMPION,
    PREVIOUS,
    RUN_FINGERPRINT_TAG,
    check_model_name,
    parse_version,
)
from components.registry.push_gate import refusal
from components.registry.registered_version import RegisteredVersion
from components.registry.serving_directory import publish, published_versions, write_models_config


@dataclass(frozen=True)
class PushResult:
    """What became of a push.

    Attributes:
        pushed: Whether the model is the champion now and is in the serving directory.
        reason: Why not, in words; empty when pushed.
        version: The version in the registry; None if the model was not even registered.
        destination: The version folder in the serving directory; None when not pushed.
    """

    pushed: bool
    reason: str = ""
    version: RegisteredVersion | None = None
    destination: Path | None = None


@dataclass(frozen=True)
class PushRequest:
    """What is pushed, and where to.

    Attributes:
        model_dir: The exported SavedModel.
        validation_file: The exporter's `validation.json`.
        blessed: Whether the Evaluator blessed the model.
        model_name: Name of the registered model.
        serving_dir: The TF Serving directory.
        lineage: Tags of the version. `baseline_version` (number as text, "" or "none") is the champion that the model
            was compared with, `run_fingerprint` part of the identity of the version.
        metrics: Scores of the model.
        card_files: Reports to store with the version; those that do not exist are left out.
    """

    model_dir: Path
    validation_file: Path
    blessed: bool
    model_name: str
    serving_dir: Path
    lineage: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    card_files: tuple[Path, ...] = ()


def push(registry: ModelRegistry, request: PushRequest) -> PushResult:
    """Registers a model, promotes it and publishes it, if it was validated and blessed.

    Every step can be repeated: a push that died anywhere is finished by the next one, and makes no second version.
    Promotion precedes publication, because TF Serving without a models.config loads whatever number is the highest.

    Args:
        registry: The model registry.
        request: The model and its circumstances.

    Returns:
        What became of it. A refused model is an ordinary result, not an error.

    Raises:
        RegistryError: If the registry or the serving directory cannot be written, or the lineage is malformed.
    """
    check_model_name(request.model_name)
    baseline = parse_version(request.lineage.get(BASELINE_VERSION_TAG, ""))
    reason = refusal(request.model_dir, request.validation_file, request.blessed)
    if reason:
        return PushResult(pushed=False, reason=reason)
    cards = [file for file in (request.validation_file, *request.card_files) if file.is_file()]
    version = registry.register(request.model_dir, request.model_name, request.lineage, request.metrics, cards)
    try:
        version = registry.promote(version.name, version.version, _expected_champion(registry, request, baseline))
    except ChampionMovedError as error:
        registry.set_alias(version.name, CANDIDATE, version.version)
        reason = f"registered as {CANDIDATE} only: {error}"
        return PushResult(pushed=False, reason=reason, version=registry.get(version.name, version.version))
    destination = publish(request.model_dir, request.serving_dir, version.name, version.version)
    _label_versions(registry, version.name, request.serving_dir)
    return PushResult(pushed=True, version=version, destination=destination)


def _expected_champion(registry: ModelRegistry, request: PushRequest, baseline: int | None) -> int | None:
    """What the champion must still be for the evaluation to count.

    A champion made from the very same inputs stood the same comparison: a repeated training (its artifacts were lost,
    say) may take its place.
    """
    champion = registry.get(request.model_name, CHAMPION)
    fingerprint = request.lineage.get(RUN_FINGERPRINT_TAG)
    if champion is not None and fingerprint and champion.tags.get(RUN_FINGERPRINT_TAG) == fingerprint:
        return champion.version
    return baseline


def _label_versions(registry: ModelRegistry, name: str, serving_dir: Path) -> None:
    """Makes TF Serving load the champion and the one before it (for a fast way back), labelled so."""
    present = published_versions(serving_dir, name)
    found = {alias: registry.get(name, alias) for alias in (CHAMPION, PREVIOUS)}
    labels = {alias: version.version for alias, version in found.items() if version and version.version in present}
    write_models_config(serving_dir, name, labels.values(), labels)
