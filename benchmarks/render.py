"""Writes every table that there are results for: JSON, CSV and a picture, all from the stored measurements."""

from __future__ import annotations

from pathlib import Path

from benchmarks.accuracy_table import accuracy_rows, training_rows, type_rows
from benchmarks.plots import accuracy_plot, scaling_plot, serving_plot
from benchmarks.result_store import ResultStore
from benchmarks.table_files import print_table, write_table


def render_accuracy(results: Path) -> None:
    """Writes and prints what `accuracy` measured, where there is anything."""
    records = ResultStore(results / "accuracy").all()
    if not records:
        return
    rows, training = accuracy_rows(records), training_rows(records)
    write_table(results, "accuracy", rows)
    write_table(results, "accuracy_types", type_rows(records))
    write_table(results, "training", training)
    accuracy_plot(rows, results / "accuracy.png")
    columns = ("corpus", "system", "seeds", "dev_f1_mean", "dev_f1_std", "test_f1_mean", "test_f1_std")
    print_table("Entity F1 (%)", rows, columns)
    costs = ("corpus", "system", "passes", "tokens_per_cpu_second", "cpu_seconds_to_best_dev", "cpu_seconds")
    print_table("Training", training, (*costs, "peak_rss_mb", "model_mb"))


def render_serving(results: Path) -> None:
    """Writes and prints what `serving` measured, where there is anything."""
    records = ResultStore(results / "serving").all()
    rows = [{"corpus": record["corpus"], **row} for record in records for row in record["rows"]]
    if not rows:
        return
    write_table(results, "serving", rows)
    for record in records:
        serving_plot(record["rows"], results / f"serving.{record['corpus']}.png")
    columns = ("corpus", "system", "single_cpu_p50_ms", "single_cpu_p99_ms", "batch_tokens_per_cpu_second")
    print_table("Serving, one core, raw string in, tags out", rows, (*columns, "model_mb", "peak_rss_mb"))


def render_scaling(results: Path) -> None:
    """Writes and prints what `scaling` measured, where there is anything."""
    records = ResultStore(results / "scaling").all()
    if not records:
        return
    dropped = ("fingerprint", "machine")
    rows = [{name: value for name, value in record.items() if name not in dropped} for record in records]
    rows.sort(key=lambda row: (row["corpus"], row["system"], row["factor"]))
    write_table(results, "scaling", rows)
    scaling_plot(rows, results / "scaling.png")
    columns = ("corpus", "system", "factor", "epoch_cpu_seconds", "train_process_peak_rss_mb", "data_wait")
    print_table("Growth", rows, (*columns, "transform_cpu_seconds", "transform_peak_rss_mb"))
