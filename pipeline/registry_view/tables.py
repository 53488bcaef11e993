"""Versions, differences and history of a registry as text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from components.registry.champions.history import ChampionLine, HistoryEntry
from components.registry.names import (
    BASELINE_VERSION_TAG,
    CHAMPION,
    FILES_TAG,
    METRIC_TAG_PREFIX,
    PARAMS_TAG,
    RUN_ID_TAG,
    SLICES_TAG,
    SPAN_TAG,
    TRAINED_FILES_TAG,
    TYPES_TAG,
)
from components.registry.pusher.evaluation_summary import F1
from components.registry.store.version import RegisteredVersion
from components.registry.version_diff import Difference

_TIME = "%Y-%m-%d %H:%M"
_MAX_CHARACTERS = 160  # of a value


def print_versions(console: Console, versions: Sequence[RegisteredVersion]) -> None:
    """Prints a table of versions, the newest at the end."""
    table = Table("ver.", "alias", "F1", "blessed", "base", "span", "registered", "run", padding=(0, 0))
    table.columns[0].justify = table.columns[2].justify = "right"
    for version in versions:
        score = version.metrics.get(F1)
        table.add_row(
            str(version.version),
            ", ".join(version.aliases),
            "" if score is None else f"{score:.4f}",
            "yes" if version.blessed else "no",
            version.tags.get(BASELINE_VERSION_TAG, ""),
            version.tags.get(SPAN_TAG, ""),
            f"{version.created:{_TIME}}",
            version.tags.get(RUN_ID_TAG, ""),
            style="bold" if CHAMPION in version.aliases else None,
        )
    console.print(table)


def print_version(console: Console, version: RegisteredVersion) -> None:
    """Prints all data of a version."""
    console.print(f"[bold]{version.name} version {version.version}[/bold]  {', '.join(version.aliases)}")
    facts = {"registered": f"{version.created:{_TIME}} UTC", "files": version.uri, "MLflow run": version.run_id}
    for name, value in facts.items():
        _print_fact(console, name, value)
    not_shown = (PARAMS_TAG, SLICES_TAG, TYPES_TAG, FILES_TAG, TRAINED_FILES_TAG)  # or below
    for name, value in sorted(version.tags.items()):
        if not name.startswith(METRIC_TAG_PREFIX) and name not in not_shown:
            _print_fact(console, name, value)
    rows = {"all examples": version.metrics, **version.metrics_by_type, **version.metrics_by_slice}
    for title, scores in rows.items():
        if scores:
            text = "  ".join(f"{name} {value:.4g}" for name, value in sorted(scores.items()))
            _print_fact(console, title, text)
    for name, value in sorted(version.params.items()):
        _print_fact(console, name, value)


def print_differences(
    console: Console, first: RegisteredVersion, second: RegisteredVersion, rows: Sequence[Difference]
) -> None:
    """Prints the differing values of two versions side by side."""
    if not rows:
        console.print(f"versions {first.version} and {second.version} have the same recorded data")
        return
    table = Table("", f"version {first.version}", f"version {second.version}", "change")
    section = ""
    for row in rows:
        if row.section != section:
            table.add_section()
            table.add_row(row.section, style="bold")
            section = row.section
        change = "" if row.change is None else f"{row.change:+.4g}"
        table.add_row(escape(row.name), escape(_short(row.first)), escape(_short(row.second)), change)
    console.print(table)


def print_history(console: Console, entries: Sequence[HistoryEntry], line: ChampionLine) -> None:
    """Prints the history, oldest entry first; entries that do not count are marked."""
    table = Table("time (UTC)", "action", "version", "before", "who", "why", padding=(0, 0))
    for entry in entries:
        void = entry.number in line.void
        notes = [note for note, applies in (("forced", entry.forced), ("too late", void)) if applies]
        table.add_row(
            f"{entry.when:{_TIME}}",
            ", ".join([entry.action, *notes]),
            str(entry.version or ""),
            str(entry.replaced or ""),
            escape(entry.who),
            escape(entry.why),
            style="dim" if void else None,
        )
    console.print(table)


def _print_fact(console: Console, name: str, value: str) -> None:
    console.print(f"  {name:<24} {_short(value)}", highlight=False, markup=False, soft_wrap=True)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_CHARACTERS else f"{line[: _MAX_CHARACTERS - 2]} …"
