"""The result of a check on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.common.console import Column, Row, print_line, print_table
from components.common.errors import counted, percent
from components.corpus_tools.check.check import CorpusCheck
from components.corpus_tools.check.counts import type_rows
from components.corpus_tools.check.finding import Finding, Item, Severity

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold"}
_MOST_PLACES = 3
_NOTE = 3  # cases of a note


def print_check(console: Console, check: CorpusCheck, top: int = 10) -> None:
    """Prints a check.

    Args:
        console: receives the text.
        check: the result.
        top: cases of each error and warning to print, and at most three of a note; 0 for all.
    """
    sentences = sum(split.sentences for split in check.splits.values())
    tokens = sum(split.tokens for split in check.splits.values())
    entities = sum(split.entities.total() for split in check.splits.values())
    print_line(
        console,
        f"{check.path}: {counted(check.files, 'file')}, {counted(sentences, 'sentence')}, {counted(tokens, 'token')}, "
        f"{counted(entities, 'entity', 'entities')}",
    )
    if check.splits:
        _print_splits(console, check)
    if any(split.entities for split in check.splits.values()):
        _print_types(console, check)
    for finding in check.findings:
        _print_finding(console, finding, top)
    for text in check.limits:
        print_line(console, f"\nnote: {text}")
    parts = [counted(check.number_of(severity), str(severity)) for severity in Severity]
    print_line(console, f"\n{', '.join(parts)}", "bold")


def _print_splits(console: Console, check: CorpusCheck) -> None:
    columns = [
        Column("split"),
        *(Column(name, right=True) for name in ("sentences", "tokens", "entities")),
        Column("no entity", right=True, drop=3),
        Column("median", right=True, drop=1),
        Column("95 %", right=True, drop=2),
        Column("longest", right=True),
    ]
    if any(split.known is not None for split in check.splits.values()):
        columns.append(Column("in train", right=True))
    rows = []
    for name, split in check.splits.items():
        total = split.entities.total()
        known = "" if split.known is None or not total else percent(split.known / total, 0)
        numbers = [split.sentences, split.tokens, total, split.unlabelled, split.quantile(0.5), split.quantile(0.95)]
        cells = [name, *(f"{number:,}" for number in [*numbers, split.longest]), known]
        rows.append(Row(cells[: len(columns)]))
    print_line(console, "")
    print_table(console, columns, rows)


def _print_types(console: Console, check: CorpusCheck) -> None:
    names = list(check.splits)
    columns = [Column("type"), *(Column(name, right=True) for name in names)]
    columns += [Column(f"% {name}", right=True, drop=1 + i) for i, name in enumerate(names)]
    sums = [max(split.entities.total(), 1) for split in check.splits.values()]
    rows = [
        Row(
            [
                name,
                *(f"{count:,}" for count in counts),
                *(percent(count / total, 1) for count, total in zip(counts, sums, strict=True)),
            ]
        )
        for name, counts in type_rows(check.splits)
    ]
    print_line(console, "")
    print_table(console, columns, rows)


def _print_finding(console: Console, finding: Finding, top: int) -> None:
    print_line(console, "")
    print_line(console, f"{finding.severity}: {finding.title} [{finding.kind}]", _STYLES[finding.severity])
    print_line(console, f"  {finding.fix}")
    most = min(top, _NOTE) if finding.severity is Severity.NOTE else top
    items = finding.items[:most] if top else finding.items
    if not items:
        return
    several = len({place.label for item in items for place in item.places}) > 1
    columns = [Column("case"), Column("observation"), Column("where")]
    rows = [Row([item.subject, item.detail, _places(item, labels=several)]) for item in items]
    if all(item.places and item.subject == str(item.places[0]) for item in items):
        columns, rows = [columns[2], columns[1]], [Row([row.cells[2], row.cells[1]]) for row in rows]
    elif not any(item.detail for item in items):
        columns, rows = [columns[0], columns[2]], [Row([row.cells[0], row.cells[2]]) for row in rows]
    if not any(item.places for item in items):
        columns, rows = columns[:-1], [Row(list(row.cells)[:-1]) for row in rows]
    print_table(console, columns, rows)
    if finding.total > len(items):
        print_line(console, f"  … and {finding.total - len(items):,} more")


def _places(item: Item, *, labels: bool) -> str:
    """Returns the first places, one a line, with the label of each if labels differ."""
    lines = [f"{place} {place.label}".rstrip() if labels else str(place) for place in item.places[:_MOST_PLACES]]
    if item.count > len(lines) and lines:
        lines.append(f"and {item.count - len(lines):,} more")
    return "\n".join(lines)
