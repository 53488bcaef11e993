"""Pushing: from an exported, validated, blessed model to the champion and its copy for TF Serving."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from components.registry.champions.history_entry import REFUSED
from components.registry.errors import PromotionRefusedError
from components.registry.names import (
    BASELINE_VERSION_TAG,
    CANDIDATE,
    CHAMPION,
    RUN_FINGERPRINT_TAG,
    check_model_name,
    parse_version,
)
from components.registry.pusher.push_gate import refusal
from components.registry.serving_directory.serving_directory import publish
from components.registry.serving_directory.serving_sync import sync
from components.registry.store.model_registry import ModelRegistry
from components.registry.store.registered_version import RegisteredVersion
from components.registry.store.version_record import VersionRecord


@dataclass(frozen=True)
class PushResult:
    """What became of a push.

    Attributes:
        pushed: Whether the model is the champion now and is in the serving directory, if there is one.
        reason: Why not, in words; empty when pushed.
        version: The version in the registry; None if the model was not even registered.
        destination: The version folder in the serving directory; None when not pushed, or there is none.
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
        validation_file: The exporter's `validation.json`, which is stored with the version.
        model_name: Name of the registered model.
        serving_dir: The TF Serving directory; None: nothing is published, servers fetch from the registry.
        record: What is registered with the version. Its tag `baseline_version` (number as text, "" or "none") is the
            champion that the model was compared with, `run_fingerprint` part of its identity. Files that do not exist
            are left out.
        verdict: The comparison in words, for the history.
        failures: What the blessing was refused for, a line each.
        who: Who pushes; by default the user of this process.
        keep: How many versions without a label stay in the serving directory.
    """

    model_dir: Path
    validation_file: Path
    model_name: str
    serving_dir: Path | None
    record: VersionRecord = field(default_factory=VersionRecord)
    verdict: str = ""
    failures: tuple[str, ...] = ()
    who: str = ""
    keep: int = 2


def push(registry: ModelRegistry, request: PushRequest) -> PushResult:
    """Registers a model, promotes it and publishes it, if it was validated and blessed.

    Every step can be repeated: a push that died anywhere is finished by the next one, and makes no second version.
    Promotion precedes publication, because TF Serving without a models.config loads whatever number is the highest.
    What is refused is noted in the model's history.

    Args:
        registry: The model registry.
        request: The model and its circumstances.

    Returns:
        What became of it. A refused model is an ordinary result, not an error.

    Raises:
        RegistryError: If the registry or the serving directory cannot be written, or the lineage is malformed.
    """
    champions = registry.champions(check_model_name(request.model_name))
    parse_version(request.record.tags.get(BASELINE_VERSION_TAG, ""))  # a malformed one is told before any work
    reason = refusal(request.model_dir, request.validation_file, request.record.blessed, request.failures)
    if reason:
        champions.note(REFUSED, reason, who=request.who)
        return PushResult(pushed=False, reason=reason)
    files = [file for file in (request.validation_file, *request.record.files) if file.is_file()]
    record = replace(request.record, files=tuple(files), summary=request.record.summary or request.verdict)
    version = registry.register(request.model_dir, request.model_name, record)
    try:
        expected = _expected_champion(registry, request)
        version = champions.promote(version.version, expected, _why(request), who=request.who)
    except PromotionRefusedError as error:
        return _candidate_only(registry, request, version, str(error))
    if request.serving_dir is None:
        return PushResult(pushed=True, version=version)
    publish(request.model_dir, request.serving_dir, version.name, version.version)
    report = sync(registry, version.name, request.serving_dir, keep=request.keep)
    return PushResult(pushed=True, version=version, destination=report.folder(version.version))


def _why(request: PushRequest) -> str:
    return f"blessed: {request.verdict}" if request.verdict else "blessed"


def _candidate_only(
    registry: ModelRegistry, request: PushRequest, version: RegisteredVersion, error: str
) -> PushResult:
    registry.set_alias(version.name, CANDIDATE, version.version)
    reason = f"registered as {CANDIDATE} only: {error}"
    registry.champions(version.name).note(REFUSED, reason, version=version.version, who=request.who)
    return PushResult(pushed=False, reason=reason, version=registry.get(version.name, version.version))


def _expected_champion(registry: ModelRegistry, request: PushRequest) -> int | None:
    """What the champion must still be for the evaluation to count.

    A champion made from the very same inputs stood the same comparison: a repeated training (its artifacts were lost,
    say) may take its place.
    """
    champion = registry.get(request.model_name, CHAMPION)
    fingerprint = request.record.tags.get(RUN_FINGERPRINT_TAG)
    if champion is not None and fingerprint and champion.tags.get(RUN_FINGERPRINT_TAG) == fingerprint:
        return champion.version
    return parse_version(request.record.tags.get(BASELINE_VERSION_TAG, ""))
