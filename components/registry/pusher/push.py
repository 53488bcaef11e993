"""Push of an exported, validated and blessed model: registration, promotion, and publication."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from components.common.hashing import tree_hash
from components.registry import names
from components.registry.champions.history import REFUSED
from components.registry.errors import PromotionRefusedError
from components.registry.model_registry import ModelRegistry
from components.registry.serving_directory.serving_directory import publish
from components.registry.serving_directory.serving_sync import sync
from components.registry.store.pipeline_runs import CANDIDATE_ONLY, PUSHED
from components.registry.store.pipeline_runs import REFUSED as REFUSED_RUN
from components.registry.store.version import RegisteredVersion, VersionRecord


@dataclass(frozen=True)
class PushResult:
    """Result of a push.

    Attributes:
        pushed: whether the model is now the champion and is in the serving directory, if there is one.
        reason: why it is not; empty if pushed.
        version: version in the registry; None if the model was not registered.
        destination: version folder in the serving directory; None if not pushed, or there is no serving directory.
    """

    pushed: bool
    reason: str = ""
    version: RegisteredVersion | None = None
    destination: Path | None = None


@dataclass(frozen=True)
class PushRequest:
    """A model to push, and its destination.

    Attributes:
        model_dir: the exported SavedModel.
        validation_file: the Exporter's `validation.json`, stored with the version.
        model_name: name of the registered model.
        serving_dir: directory that TensorFlow Serving reads; None publishes nothing, servers fetch from the registry.
        keep: number of versions without a label that stay in the serving directory.
        record: metadata of the version. Its tag `baseline_version` (number as text, "" or "none") is the champion that
            the model was compared with, `run_fingerprint` part of its identity. Missing files are left out.
        verdict: the comparison in words, for the history.
        failures: failed rules of the blessing, a line each.
        who: the pipeline run; default: the user of this process.
    """

    model_dir: Path
    validation_file: Path
    model_name: str
    serving_dir: Path | None
    keep: int
    record: VersionRecord = field(default_factory=VersionRecord)
    verdict: str = ""
    failures: tuple[str, ...] = ()
    who: str = ""


def push(registry: ModelRegistry, request: PushRequest) -> PushResult:
    """Registers, promotes and publishes a model if it is validated and blessed.

    Every step can be repeated: the next push completes one that was killed, and creates no second version. Promotion
    precedes publication, because TensorFlow Serving without a models.config loads the highest version. The history
    records a refusal, and the MLflow run of the pipeline run its outcome.

    Args:
        registry: the model registry.
        request: the model and its metadata.

    Returns:
        The result. A refused model is not an error.

    Raises:
        RegistryError: the registry or the serving directory cannot be written, or the lineage is malformed.
    """
    result = _pushed(registry, request)
    if request.record.tags.get(names.RUN_ID_TAG):
        outcome = PUSHED if result.pushed else CANDIDATE_ONLY if result.version else REFUSED_RUN
        text = result.reason
        if result.pushed and result.version:
            text = "; ".join(filter(None, (f"version {result.version.version}", request.verdict)))
        record = _with_files(request)
        registry.pipeline_runs(request.model_name).end(record, outcome, text)
    return result


def _pushed(registry: ModelRegistry, request: PushRequest) -> PushResult:
    champions = registry.champions(names.check_model_name(request.model_name))
    baseline = names.parse_version(request.record.tags.get(names.BASELINE_VERSION_TAG, ""))
    reason = refusal_to_push(request.model_dir, request.validation_file, request.record.blessed, request.failures)
    if reason:
        champions.note(REFUSED, reason, who=request.who)
        return PushResult(pushed=False, reason=reason)
    version = registry.register(request.model_dir, request.model_name, _with_files(request), link=True)
    forced = request.record.tags.get(names.FORCED_BLESSING_TAG)
    why = ": ".join(filter(None, (f"blessed by force ({forced})" if forced else "blessed", request.verdict)))
    try:
        expected = _expected_champion(registry, request, baseline)
        version = champions.promote(version.version, expected, why, who=request.who)
    except PromotionRefusedError as error:
        return _candidate_only(registry, request, version, error)
    if request.serving_dir is None:
        return PushResult(pushed=True, version=version)
    publish(request.model_dir, request.serving_dir, version.name, version.version)
    report = sync(registry, version.name, request.serving_dir, keep=request.keep)
    return PushResult(pushed=True, version=version, destination=report.folder(version.version))


def _with_files(request: PushRequest) -> VersionRecord:
    files = [file for file in (request.validation_file, *request.record.files) if file.is_file()]
    return replace(request.record, files=tuple(files), summary=request.record.summary or request.verdict)


def _candidate_only(
    registry: ModelRegistry, request: PushRequest, version: RegisteredVersion, error: PromotionRefusedError
) -> PushResult:
    registry.set_alias(version.name, names.CANDIDATE, version.version)
    reason = f"registered as {names.CANDIDATE} only: {error}"
    registry.champions(version.name).note(REFUSED, reason, version=version.version, who=request.who)
    return PushResult(pushed=False, reason=reason, version=registry.get(version.name, version.version))


def _expected_champion(registry: ModelRegistry, request: PushRequest, baseline: int | None) -> int | None:
    """Returns the champion against which the evaluation counts: the baseline of the comparison.

    A champion with the same run fingerprint passed the same comparison, so a repeated training (whose artifacts were
    lost, for example) may replace it.
    """
    champion = registry.get(request.model_name, names.CHAMPION)
    fingerprint = request.record.tags.get(names.RUN_FINGERPRINT_TAG)
    if champion is not None and fingerprint and champion.tags.get(names.RUN_FINGERPRINT_TAG) == fingerprint:
        return champion.version
    return baseline


def refusal_to_push(model_dir: Path, validation_file: Path, blessed: bool, failures: Sequence[str] = ()) -> str:
    """Returns all reasons not to push a model, joined by "; ", or "".

    Args:
        model_dir: the exported SavedModel.
        validation_file: the Exporter's validation report: a JSON object with `passed` (bool), `tree_hash` (of the
            validated folder; may be empty) and `checks` (objects with `name`, `passed`, `detail`).
        blessed: whether the Evaluator blessed the model.
        failures: failed rules of the blessing.
    """
    details = f" ({', '.join(failures)})" if failures else ""
    reasons = [] if blessed else [f"the evaluator did not bless the model{details}"]
    return "; ".join(reasons + _validation_reasons(model_dir, validation_file))


def _validation_reasons(model_dir: Path, file: Path) -> list[str]:
    if not file.is_file():
        return [f"the exporter's validation report is missing ({file} does not exist)"]
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        return [f"the exporter's validation report is unreadable ({file}: {error})"]
    if not isinstance(report, dict):
        return [f"the exporter's validation report is unreadable ({file}: a JSON object was expected)"]
    reasons = [] if report.get("passed") is True else [_failed_checks(report)]
    expected = report.get("tree_hash") or ""
    if expected and expected != (actual := tree_hash(model_dir)):
        reasons.append(f"the model is not the validated one (tree hash {actual}, validated was {expected})")
    return reasons


def _failed_checks(report: dict[str, Any]) -> str:
    """Returns the failed checks with their details."""
    checks = [check for check in report.get("checks") or [] if isinstance(check, dict)]
    texts = [
        f"{check.get('name', 'unnamed check')}: {check.get('detail') or 'no detail'}"
        for check in checks
        if check.get("passed") is not True
    ]
    return "the exporter's validation failed" + (f" ({', '.join(texts)})" if texts else "")
