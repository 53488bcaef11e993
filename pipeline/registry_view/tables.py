"""Versions, differences and history of a registry as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from components.common.console import Column, Row, has_room, print_line, print_table, wrapped
from components.registry import names
from components.registry.champions.history import ChampionLine, HistoryEntry
from components.registry.pusher.evaluation_summary import F1
from components.registry.store.version import RegisteredVersion
from components.registry.version_diff import Difference

_TIME = "%Y-%m-%d %H:%M"
_LEAST_ROOM = 20  # characters of a terminal next to the longest name
_GAP = 2
_SUPPORT = "support"
_NO_LINE = ChampionLine()


def print_versions(console: Console, versions: Sequence[RegisteredVersion], line: ChampionLine = _NO_LINE) -> None:
    """Prints a table of versions, the newest at the end, and the rollback that made the champion.

    Args:
        console: where to print.
        versions: the versions.
        line: the champion and the versions that were rolled back.
    """
    columns = [
        Column("version", right=True),
        Column("alias"),
        Column("F1", right=True),
        Column("blessed", drop=4),
        Column("base", drop=2),
        Column("span", drop=1),
        Column("registered (UTC)", drop=5),
        Column("run", drop=3),
    ]
    rows = [
        Row(
            (
                str(version.version),
                ", ".join([*version.aliases, *(["rolled back"] if version.version in line.taken_back else [])]),
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
    if entry := line.rollback:
        print_line(
            console,
            f"champion: version {entry.version} again; version {entry.replaced} was rolled back at "
            f"{entry.when:{_TIME}} UTC by {entry.who}: {entry.why}",
        )


def print_version(console: Console, version: RegisteredVersion, line: ChampionLine = _NO_LINE) -> None:
    """Prints all data of a version, its scores first."""
    marks = [*version.aliases, *(["rolled back"] if version.version in line.taken_back else [])]
    print_line(console, f"{version.name} version {version.version}  {', '.join(marks)}", "bold")
    facts = {"registered": f"{version.created:{_TIME}} UTC", "files": version.uri, "MLflow run": version.run_id}
    print_values(console, "", facts)
    print_values(
        console, "scores of all examples", {name: _score(name, value) for name, value in _sorted(version.metrics)}
    )
    _print_scores(console, "entity type", version.metrics_by_type)
    _print_scores(console, "slice", version.metrics_by_slice)
    not_shown = (
        names.PARAMS_TAG,
        names.SLICES_TAG,
        names.TYPES_TAG,
        names.FILES_TAG,
        names.TRAINED_FILES_TAG,
    )  # or above
    tags = {name: value for name, value in sorted(version.tags.items()) if name not in not_shown}
    print_values(console, "origin", {k: v for k, v in tags.items() if not k.startswith(names.METRIC_TAG_PREFIX)})
    print_values(console, "settings", dict(sorted(version.params.items())))


def print_values(console: Console, title: str, values: Mapping[str, Any]) -> None:
    """Prints names and whole values in two columns.

    A terminal breaks a value between words; a value with a longer word, such as a hash, then begins on the next line.
    """
    if title and values:
        print_line(console, title, "bold")
    width = max(map(len, values), default=0)
    for name, value in values.items():
        text = " ".join(str(value).split())
        start = f"  {name:<{width}}  "
        if console.is_terminal:
            room = max(console.width - len(start), _LEAST_ROOM)
            if max(map(len, text.split()), default=0) > room:
                text = f"  {name}\n{wrapped(text, console.width, ' ' * 2 * _GAP)}"
            else:
                text = wrapped(text, len(start) + room, start)
        else:
            text = start + text
        console.print(Text(text), soft_wrap=True, highlight=False)


def _print_scores(console: Console, heading: str, table: Mapping[str, Mapping[str, float]]) -> None:
    metrics = [name for name, _ in _sorted({name: 0.0 for scores in table.values() for name in scores})]
    if metrics:
        columns = [Column(heading), *(Column(name, right=True, drop=0 if name == "f1" else 1) for name in metrics)]
        rows = [
            Row([name, *(_score(metric, scores[metric]) if metric in scores else "" for metric in metrics)])
            for name, scores in table.items()
        ]
        print_table(console, columns, rows)


def _sorted(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    """Returns F1 first and the number of entities last."""
    return sorted(scores.items(), key=lambda score: (score[0] not in (F1, "f1"), score[0] == _SUPPORT, score[0]))


def _score(name: str, value: float) -> str:
    return f"{value:,.0f}" if name == _SUPPORT else f"{value:.4f}"


def print_differences(
    console: Console, first: RegisteredVersion, second: RegisteredVersion, rows: Sequence[Difference]
) -> None:
    """Prints the differing values of two versions side by side."""
    if not rows:
        print_line(console, f"versions {first.version} and {second.version} have the same recorded data")
        return
    headings = [f"version {version.version}" for version in (first, second)]
    narrow = _too_long(console, rows, headings) if console.is_terminal else []
    printed, section = [], ""
    for row in rows:
        if row in narrow:
            continue
        if row.section != section:
            printed.append(Row((row.section, "", "", ""), "bold", section=bool(section)))
            section = row.section
        printed.append(Row((row.name, _line(row.first), _line(row.second), _change(row))))
    if printed:
        columns = [Column(""), *(Column(heading, long=True) for heading in headings), Column("change")]
        print_table(console, columns, printed)
    for row in narrow:
        print_values(console, f"{row.section}: {row.name}", dict(zip(headings, (row.first, row.second), strict=True)))


def _too_long(console: Console, rows: Sequence[Difference], headings: Sequence[str]) -> list[Difference]:
    """Returns the rows that do not fit next to each other on a terminal."""
    name, change = (max(map(len, texts)) for texts in ([row.name for row in rows], ["change", *map(_change, rows)]))
    room = (console.width - name - change) // 2 - _GAP
    room = max(room, *map(len, headings))
    return [row for row in rows if max(len(_line(row.first)), len(_line(row.second))) > room]


def _change(row: Difference) -> str:
    return "" if row.change is None else f"{row.change:+.4g}"


def _line(text: str) -> str:
    return " ".join(text.split())


def print_history(console: Console, entries: Sequence[HistoryEntry], line: ChampionLine) -> None:
    """Prints the history, oldest entry first; entries that do not count are marked.

    On a terminal without room for the table each entry has two lines.
    """
    columns = [
        Column("time (UTC)"),
        Column("action"),
        Column("version", right=True),
        Column("before", right=True),
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
    if not console.is_terminal or has_room(console, columns, rows):
        print_table(console, columns, rows)
        return
    for row in rows:
        when, action, version, before, who, why = row.cells
        subject = f": version {version}" if version else ""
        print_line(console, f"{when}  {action}{subject}{f' (before: {before})' if before else ''}", row.style)
        print_line(console, f"  {': '.join(filter(None, (who, why)))}", row.style)
