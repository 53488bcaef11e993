"""From the runs' records to the rows of the accuracy, type and training tables. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.result_store import Record

Row = dict[str, Any]
_TRAINING = ("tokens_per_cpu_second", "cpu_seconds_to_best_dev", "cpu_seconds", "peak_rss_mb")
_OURS = ("transform_cpu_seconds", "export_cpu_seconds", "data_wait")


def accuracy_rows(records: Iterable[Record]) -> list[Row]:
    """Returns a row for each corpus and system: micro entity F1 over the seeds, in percent."""
    rows = []
    for (corpus, system), runs in _grouped(records).items():
        row: Row = {"corpus": corpus, "system": system, "seeds": len(runs)}
        for split in ("dev", "test"):
            row |= spread([run[split]["f1"] * 100 for run in runs], f"{split}_f1")
        for name in ("precision", "recall"):
            row[f"test_{name}_mean"] = statistics.mean(run["test"][name] * 100 for run in runs)
        rows.append(row)
    return rows


def type_rows(records: Iterable[Record]) -> list[Row]:
    """Returns a row for each corpus, system and entity type: F1 over the seeds, in percent."""
    rows = []
    for (corpus, system), runs in _grouped(records).items():
        names = sorted({name for run in runs for split in ("dev", "test") for name in run[split]["per_type"]})
        for name in names:
            row: Row = {"corpus": corpus, "system": system, "type": name}
            for split in ("dev", "test"):
                found: list[Mapping[str, Any]] = [run[split]["per_type"].get(name, {}) for run in runs]
                row |= spread([of_type.get("f1", 0.0) * 100 for of_type in found], f"{split}_f1")
                row[f"{split}_support"] = max(of_type.get("support", 0) for of_type in found)
            rows.append(row)
    return rows


def training_rows(records: Iterable[Record]) -> list[Row]:
    """Returns a row for each corpus and system: what training cost, means over the seeds."""
    rows = []
    for (corpus, system), runs in _grouped(records).items():
        row: Row = {"corpus": corpus, "system": system, "seeds": len(runs)}
        row["passes"] = statistics.mean(run["training"]["passes"] for run in runs)
        for name in (*_TRAINING, *_OURS):
            values = [run["training"][name] for run in runs if name in run["training"]]
            row[name] = statistics.mean(values) if values else None
        row["model_mb"] = statistics.mean(run["model_mb"] for run in runs)
        rows.append(row)
    return rows


def spread(values: Sequence[float], name: str) -> Row:
    """Returns mean, sample standard deviation (None for one value), smallest and largest value of a figure."""
    return {
        f"{name}_mean": statistics.mean(values),
        f"{name}_std": statistics.stdev(values) if len(values) > 1 else None,
        f"{name}_min": min(values),
        f"{name}_max": max(values),
    }


def _grouped(records: Iterable[Record]) -> dict[tuple[str, str], list[Record]]:
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in sorted(records, key=lambda record: (record["corpus"], record["system"], record["seed"])):
        groups.setdefault((record["corpus"], record["system"]), []).append(record)
    return groups
