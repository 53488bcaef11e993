"""Versions, differences and history of a registry as text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from components.common.console import Column, Row, print_line, print_table
from components.registry import names
from components.registry.champions.history import ChampionLine, HistoryEntry
from components.registry.pusher.evaluation_summary import F1
from components.registry.store.version import RegisteredVersion
from components.registry.version_diff import Difference

_TIME = "%Y-%m-%d %H:%M"
_MAX_CHARACTERS = 160  # of a value


def print_versions(console: Console, versions: Sequence[RegisteredVersion]) -> None:
    """Prints a table of versions, the newest at the end."""
    columns = [
        Column("version", right=True),
        Column("alias"),
        Column("F1", right=True),
        Column("blessed", drop=4),
        Column("base", drop=2),
        Column("span", drop=1),
        Column("registered", drop=5),
        Column("run", drop=3),
    ]
    rows = [
        Row(
            (
                str(version.version),
                ", ".join(version.aliases),
                f"{version.metrics[F1]:.4f}" if F1 in version.metrics else "",
                "yes" if version.blessed else "no",
                version.tags.get(names.BASELINE_VERSION_TAG, ""),
                version.tags.get(names.SPAN_TAG, ""),
                f"{version.created:{_TIME}}",
                version.tags.get(names.RUN_ID_TAG, ""),
            ),
            "bold" if names.CHAMPION in version.aliases else "",
        )
        for version in versions
    ]
    print_table(console, columns, rows)


def print_version(console: Console, version: RegisteredVersion) -> None:
    """Prints all data of a version, its scores first."""
    print_line(console, f"{version.name} version {version.version}  {', '.join(version.aliases)}", "bold")
    facts = {"registered": f"{version.created:{_TIME}} UTC", "files": version.uri, "MLflow run": version.run_id}
    for name, value in facts.items():
        _print_fact(console, name, value)
    rows = {"all examples": version.metrics, **version.metrics_by_type, **version.metrics_by_slice}
    for title, scores in rows.items():
        if scores:
            text = "  ".join(f"{name} {value:.4g}" for name, value in sorted(scores.items(), key=_f1_first))
            _print_fact(console, title, text)
    not_shown = (
        names.PARAMS_TAG,
        names.SLICES_TAG,
        names.TYPES_TAG,
        names.FILES_TAG,
        names.TRAINED_FILES_TAG,
    )  # or below
    for name, value in sorted(version.tags.items()):
        if not name.startswith(names.METRIC_TAG_PREFIX) and name not in not_shown:
            _print_fact(console, name, value)
    for name, value in sorted(version.params.items()):
        _print_fact(console, name, value)


def _f1_first(score: tuple[str, float]) -> tuple[bool, str]:
    return score[0] not in ("entity_f1", "f1"), score[0]


def print_differences(
    console: Console, first: RegisteredVersion, second: RegisteredVersion, rows: Sequence[Difference]
) -> None:
    """Prints the differing values of two versions side by side."""
    if not rows:
        print_line(console, f"versions {first.version} and {second.version} have the same recorded data")
        return
    printed, section = [], ""
    for row in rows:
        if row.section != section:
            printed.append(Row((row.section, "", "", ""), "bold", section=bool(section)))
            section = row.section
        change = "" if row.change is None else f"{row.change:+.4g}"
        printed.append(Row((row.name, _short(row.first), _short(row.second), change)))
    versions = [Column(f"version {version.version}", long=True) for version in (first, second)]
    print_table(console, [Column(""), *versions, Column("change")], printed)


def print_history(console: Console, entries: Sequence[HistoryEntry], line: ChampionLine) -> None:
    """Prints the history, oldest entry first; entries that do not count are marked."""
    columns = [
        Column("time (UTC)", drop=3),
        Column("action"),
        Column("version", right=True),
        Column("before", right=True, drop=2),
        Column("who", drop=1),
        Column("why"),
    ]
    rows = []
    for entry in entries:
        void = entry.number in line.void
        notes = [note for note, applies in (("forced", entry.forced), ("too late", void)) if applies]
        cells = (
            f"{entry.when:{_TIME}}",
            ", ".join([entry.action, *notes]),
            str(entry.version or ""),
            str(entry.replaced or ""),
            entry.who,
            entry.why,
        )
        rows.append(Row(cells, "dim" if void else ""))
    print_table(console, columns, rows)


def _print_fact(console: Console, name: str, value: str) -> None:
    print_line(console, f"  {name:<24} {_short(value)}")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_CHARACTERS else f"{line[: _MAX_CHARACTERS - 2]} …"
