"""Tables and pictures of `benchmarks/results`, made from the stored measurements."""

from __future__ import annotations

import csv
import io
import itertools
import math
import operator
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.plots import accuracy_plot, scaling_plot, serving_plot
from benchmarks.results import Record, read_records, write_json
from components.common.console import Column, Row, print_table, standard_output
from components.common.files import write_atomically

Figures = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]
_TRAINING = ("tokens_per_cpu_second", "cpu_seconds_to_best_dev", "cpu_seconds", "peak_rss_mb")
_OF_SIZE = ("mean", "std", "seeds", "cpu_seconds", "model_mb")
_OURS = ("transform_cpu_seconds", "export_cpu_seconds", "data_wait")


def render_accuracy(results: Path) -> None:
    """Writes and prints the measurements of `accuracy`, if there are any."""
    records = read_records(results / "accuracy")
    write_table(results, "accuracy_types", type_rows(records))
    if rows := accuracy_rows(records):
        accuracy_plot(rows, results / "accuracy.png")
    columns = ("corpus", "system", "seeds", "dev_f1_mean", "dev_f1_std", "test_f1_mean", "test_f1_std")
    write_table(results, "accuracy", rows, "Entity F1 (%)", columns)
    costs = ("corpus", "system", "passes", "tokens_per_cpu_second", "cpu_seconds_to_best_dev", "cpu_seconds")
    write_table(results, "training", training_rows(records), "Training", (*costs, "peak_rss_mb", "model_mb"))


def render_serving(results: Path) -> None:
    """Writes and prints the measurements of `serving`, if there are any."""
    records = read_records(results / "serving")
    rows = [{"corpus": record["corpus"], **row} for record in records for row in record["rows"]]
    for record in records:
        serving_plot(record["rows"], results / f"serving.{record['corpus']}.png")
    columns = ("corpus", "system", "single_cpu_p50_ms", "single_cpu_p99_ms", "batch_tokens_per_cpu_second")
    title = "Serving on one core, raw string to tags"
    write_table(results, "serving", rows, title, (*columns, "model_mb", "peak_rss_mb"))


def render_scaling(results: Path) -> None:
    """Writes and prints the measurements of `scaling`, if there are any."""
    records = read_records(results / "scaling")
    rows = [{name: value for name, value in record.items() if name != "machine"} for record in records]
    rows.sort(key=lambda row: (row["corpus"], row["system"], row["factor"]))
    if rows:
        scaling_plot(rows, results / "scaling.png")
    columns = ("corpus", "system", "factor", "epoch_cpu_seconds", "train_process_peak_rss_mb", "data_wait")
    write_table(results, "scaling", rows, "Growth", (*columns, "transform_cpu_seconds", "transform_peak_rss_mb"))


def render_sizes(results: Path) -> None:
    """Writes and prints the measurements of `sizes`, if there are any."""
    records = list(read_records(results / "sizes"))
    rows = size_rows(records)
    write_table(results, "sizes", rows)
    printed = [
        {"corpus": row["corpus"], "sentences": row["sentences"], "system": system}
        | {figure: row.get(f"{system}_{figure}") for figure in _OF_SIZE}
        for row in rows
        for system in sorted({record["system"] for record in records})
        if f"{system}_mean" in row
    ]
    print_rows("Entity F1 (%) by sentences of the train split", printed)


def render_nodes(results: Path) -> None:
    """Writes and prints the measurements of `scale`, if there are any."""
    rows = node_rows(read_records(results / "scale"))
    write_table(results, "scale", rows, "Nodes of the pipeline by sentences of the train split", _columns(rows))


def node_rows(records: Iterable[Record]) -> list[Figures]:
    """Returns a row for each node and size: its time, and how far it raises the memory of the process.

    Example:
        >>> node = {"node": "Trainer", "cpu_seconds": 4.0, "wall_seconds": 5.0}
        >>> node |= {"start_rss_mb": 900.0, "peak_rss_mb": 1000.0}
        >>> [row] = node_rows([{"sentences": 200_000, "tokens": 9, "machine": {}, "nodes": [node]}])
        >>> row["cpu_seconds_per_100k"], row["added_rss_mb"]
        (2.0, 100.0)
    """
    rows = []
    for record in sorted(records, key=lambda record: int(record["sentences"])):
        for node in record["nodes"]:
            row: Figures = {"node": node["node"], "sentences": record["sentences"]}
            for clock in ("cpu_seconds", "wall_seconds"):
                row[f"{clock}_per_100k"] = node[clock] * 100_000 / record["sentences"]
            row["peak_rss_mb"] = node["peak_rss_mb"]
            row["added_rss_mb"] = node["peak_rss_mb"] - node["start_rss_mb"]
            rows.append(row)
    order = list(dict.fromkeys(row["node"] for row in rows))
    return sorted(rows, key=lambda row: (order.index(row["node"]), row["sentences"]))


def size_rows(records: Iterable[Record]) -> list[Figures]:
    """Returns a row for each corpus and size: test F1 of each system in percent, its seeds, CPU seconds and MB.

    Of our taggers, also the calibration error of scores on the test split, with calibration and without (`_softmax`).

    Example:
        >>> record = {"corpus": "a", "size": 100, "system": "crf", "cpu_seconds": 1.0, "model_mb": 0.2}
        >>> size_rows([{**record, "test_f1": 0.5}, {**record, "test_f1": 0.6}])[0]["crf_mean"]
        55.0
    """
    groups: dict[tuple[str, int], dict[str, list[Record]]] = {}
    for record in records:
        systems = groups.setdefault((record["corpus"], record["size"]), {})
        systems.setdefault(record["system"], []).append(record)
    rows = []
    for (corpus, size), systems in sorted(groups.items(), key=lambda group: (group[0][0], group[0][1] or math.inf)):
        row: Figures = {"corpus": corpus, "sentences": size or "all"}
        for system, runs in sorted(systems.items()):
            figures = spread([100 * run["test_f1"] for run in runs], system)
            row |= {name: figures[name] for name in (f"{system}_mean", f"{system}_std")}
            row[f"{system}_seeds"] = len(runs)
            for figure in ("cpu_seconds", "model_mb", "test_ece", "test_ece_softmax", "test_ece_entities"):
                if values := [run[figure] for run in runs if figure in run]:
                    row[f"{system}_{figure}"] = statistics.mean(values)
        rows.append(row)
    return rows


def accuracy_rows(records: Iterable[Record]) -> list[Figures]:
    """Returns a row for each corpus and system: micro entity F1 over the seeds, in percent."""
    rows = []
    for row, runs in _summaries(records):
        for split in ("dev", "test"):
            row |= spread([run[split]["f1"] * 100 for run in runs], f"{split}_f1")
        for name in ("precision", "recall"):
            row[f"test_{name}_mean"] = statistics.mean(run["test"][name] * 100 for run in runs)
        rows.append(row)
    return rows


def type_rows(records: Iterable[Record]) -> list[Figures]:
    """Returns a row for each corpus, system and entity type: F1 over the seeds, in percent."""
    rows = []
    for title, runs in _summaries(records):
        names = sorted({name for run in runs for split in ("dev", "test") for name in run[split]["per_type"]})
        for name in names:
            row: Figures = {"corpus": title["corpus"], "system": title["system"], "type": name}
            for split in ("dev", "test"):
                scores: list[Mapping[str, Any]] = [run[split]["per_type"].get(name, {}) for run in runs]
                row |= spread([of_type.get("f1", 0.0) * 100 for of_type in scores], f"{split}_f1")
                row[f"{split}_support"] = max(of_type.get("support", 0) for of_type in scores)
            rows.append(row)
    return rows


def training_rows(records: Iterable[Record]) -> list[Figures]:
    """Returns a row for each corpus and system: cost of training, means over the seeds."""
    rows = []
    for row, runs in _summaries(records):
        row["passes"] = statistics.mean(run["training"]["passes"] for run in runs)
        for name in (*_TRAINING, *_OURS):
            values = [run["training"][name] for run in runs if name in run["training"]]
            row[name] = statistics.mean(values) if values else None
        row["model_mb"] = statistics.mean(run["model_mb"] for run in runs)
        rows.append(row)
    return rows


def spread(values: Sequence[float], name: str) -> Figures:
    """Returns mean, sample standard deviation (None for one value), minimum and maximum of a figure.

    Example:
        >>> spread([3.0], "f1")
        {'f1_mean': 3.0, 'f1_std': None, 'f1_min': 3.0, 'f1_max': 3.0}
    """
    return {
        f"{name}_mean": statistics.mean(values),
        f"{name}_std": statistics.stdev(values) if len(values) > 1 else None,
        f"{name}_min": min(values),
        f"{name}_max": max(values),
    }


def _summaries(records: Iterable[Record]) -> Iterator[tuple[Figures, list[Record]]]:
    """Yields the first columns of a row, and the runs, of each corpus and system."""
    ordered = sorted(records, key=lambda record: (record["corpus"], record["system"], record["seed"]))
    for (corpus, system), group in itertools.groupby(ordered, operator.itemgetter("corpus", "system")):
        runs = list(group)
        yield {"corpus": corpus, "system": system, "seeds": len(runs)}, runs


def write_table(folder: Path, name: str, rows: Rows, title: str = "", columns: Sequence[str] = ()) -> None:
    """Writes `<name>.json` and `<name>.csv` with the same rows, and prints a table; does nothing without rows.

    Args:
        folder: folder of the files.
        name: name of the files; JSON has all digits of a number, CSV five.
        rows: the rows.
        title: title of the printed table.
        columns: columns to print; none: nothing is printed.
    """
    if not rows:
        return
    if columns:
        print_rows(title, [{name: row.get(name) for name in columns} for row in rows])
    write_json(folder / f"{name}.json", list(rows))
    write_atomically(folder / f"{name}.csv", to_csv(rows))


def to_csv(rows: Rows) -> str:
    """Returns rows as CSV with a header of all columns, in the order of their first occurrence."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _columns(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: short(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _columns(rows: Rows) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def short(value: Any) -> str:
    """Returns a value as text: five significant digits of a float, nothing for None.

    Example:
        >>> [short(value) for value in (123456.7, 0.5, 7, None)]
        ['123457', '0.5', '7', '']
    """
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 1e4 else f"{value:.5g}"


def print_rows(title: str, rows: Rows) -> None:
    """Prints rows; a narrow terminal leaves out the last columns (the CSV file has all)."""
    names = _columns(rows)
    columns = [
        Column(
            name.replace("_", " "),
            right=not any(isinstance(row.get(name), str) for row in rows),
            drop=len(names) - number,
        )
        for number, name in enumerate(names)
    ]
    print_table(standard_output(), columns, [Row([short(row.get(name)) for name in names]) for row in rows], title)
