from __future__ import annotations

import csv

import pytest

from benchmarks.latency import over_rounds
from benchmarks.render import render_accuracy, render_scaling, render_serving
from benchmarks.result_store import ResultStore

FIGURES = {
    "single_cpu_p50_ms": 0.5, "single_cpu_p99_ms": 2.0, "batch_tokens_per_cpu_second": 6e4, "peak_rss_mb": 99.0,
}  # fmt: skip


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_nothing_measured_writes_nothing(tmp_path):
    for render in (render_accuracy, render_serving, render_scaling):
        render(tmp_path)
    assert names(tmp_path) == []


def test_accuracy_is_written_from_the_records(tmp_path, record):
    ResultStore(tmp_path / "accuracy").put("a", record())
    render_accuracy(tmp_path)
    stems = ("accuracy", "accuracy_types", "training")
    assert names(tmp_path) == sorted(["accuracy.png", *(f"{s}.{e}" for s in stems for e in ("csv", "json"))])


def test_serving_is_written_corpus_by_corpus(tmp_path):
    row = {"system": "crf", "model_mb": 1.0, **over_rounds([FIGURES, FIGURES])}
    for corpus in ("a", "b"):
        ResultStore(tmp_path / "serving").put(corpus, {"corpus": corpus, "rows": [row]})
    render_serving(tmp_path)
    assert names(tmp_path) == ["serving.a.png", "serving.b.png", "serving.csv", "serving.json"]


def test_growth_is_sorted_by_size(tmp_path):
    for factor in (16, 2, 1):
        figures = {"sentences": factor, "epoch_cpu_seconds": 3.0 * factor, "train_process_peak_rss_mb": 500.0}
        record = {"fingerprint": "x", "corpus": "a", "system": "ours", "factor": factor, "machine": {}, **figures}
        ResultStore(tmp_path / "scaling").put(f"a.x{factor}", record)
    render_scaling(tmp_path)
    with (tmp_path / "scaling.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["factor"] for row in rows] == ["1", "2", "16"]
    assert rows[0].keys().isdisjoint({"fingerprint", "machine"})
    assert pytest.approx(48.0) == float(rows[2]["epoch_cpu_seconds"])
