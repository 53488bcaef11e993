"""Whether a version may become champion."""

from __future__ import annotations

from components.registry.champions.champion_line import ChampionLine
from components.registry.champions.history_entry import HistoryEntry
from components.registry.names import BASELINE_VERSION_TAG, NO_VERSION, RUN_FINGERPRINT_TAG, parse_version
from components.registry.store.registered_version import RegisteredVersion


def refusal_to_promote(
    version: RegisteredVersion, champion: RegisteredVersion | None, entry: HistoryEntry, line: ChampionLine
) -> str:
    """Says in words why a version must not be promoted.

    A blessing counts against the champion that it was won against. One case more counts: a champion that was made from
    the very same inputs stood the same comparison, so a repeated training may take its place. What was rolled back does
    not come back by itself, however good its scores.

    Args:
        version: The version to promote.
        champion: The champion.
        entry: The promotion that is wanted.
        line: What the history adds up to.

    Returns:
        The reason, or "" if it may be promoted.

    Raises:
        RegistryError: If the version's tag `baseline_version` is no version.
    """
    what = f"{version.name} version {version.version}"
    if entry.forced:
        return "" if entry.why.strip() else f"{what}: a promotion without a valid blessing needs a reason. Give one."
    if version.version in line.taken_back:
        return f"{what} was rolled back. Roll back to it on purpose, or force its promotion and say why."
    if not version.blessed:
        return f"{what} is not blessed by an evaluation. Evaluate it, or force the promotion and say why."
    baseline = parse_version(version.tags.get(BASELINE_VERSION_TAG, ""))
    fingerprint = version.tags.get(RUN_FINGERPRINT_TAG)
    repeated = champion is not None and fingerprint and champion.tags.get(RUN_FINGERPRINT_TAG) == fingerprint
    if baseline == entry.replaced or (repeated and champion is not None and champion.version == entry.replaced):
        return ""
    return (
        f"{what} was blessed against {_spoken(baseline)}, and is to replace {_spoken(entry.replaced)}. Evaluate it "
        "against that one, or force the promotion and say why."
    )


def _spoken(version: int | None) -> str:
    return f"champion {NO_VERSION}" if version is None else f"champion {version}"
