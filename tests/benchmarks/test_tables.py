"""Tables from stored measurements."""

from __future__ import annotations

import csv
import json

import pytest

from benchmarks.machine import ROOT
from benchmarks.results import read_records, write_json
from benchmarks.serving import over_rounds
from benchmarks.tables import (
    accuracy_rows,
    node_rows,
    print_rows,
    render_accuracy,
    render_nodes,
    render_scaling,
    render_serving,
    to_csv,
    training_rows,
    type_rows,
)

FIGURES = {
    "single_cpu_p50_ms": 0.5, "single_cpu_p99_ms": 2.0, "batch_tokens_per_cpu_second": 6e4, "peak_rss_mb": 99.0,
}  # fmt: skip


def test_seeds_become_mean_and_deviation_and_every_system_has_a_row(record):
    runs = [record(seed=seed, test=f1) for seed, f1 in enumerate((0.4, 0.5, 0.6))]
    rows = accuracy_rows([*runs, record("b", "crf"), record("a", "spacy"), record("a", "crf")])
    assert [(row["corpus"], row["system"]) for row in rows] == [
        ("a", "crf"), ("a", "spacy"), ("b", "crf"), ("tiny", "crf"),
    ]  # fmt: skip
    assert (rows[3]["seeds"], rows[3]["test_f1_mean"], rows[3]["test_f1_std"]) == (3, pytest.approx(50), 10)
    assert rows[0]["test_f1_std"] is None


def test_a_type_that_a_seed_never_predicts_counts_as_zero(record):
    runs = [record(seed=0, test=0.6), record(seed=1)]
    runs[1]["test"]["per_type"] = {}
    [row] = type_rows(runs)
    assert (row["type"], row["test_f1_mean"], row["test_support"]) == ("LOC", pytest.approx(30.0), 7)


def test_costs_that_only_ours_has_are_empty_for_others(record):
    crf, ours = training_rows([record(), record(system="ours_transformer", transform_cpu_seconds=12.0)])
    assert (crf["transform_cpu_seconds"], ours["transform_cpu_seconds"]) == (None, 12.0)


def test_csv_has_every_column_and_five_digits():
    rows = [{"corpus": "a, b", "f1": 12.3456789, "std": None}, {"corpus": "c", "f1": 1.0, "extra": 3}]
    assert to_csv(rows) == 'corpus,f1,std,extra\n"a, b",12.346,,\nc,1,,3\n'
    assert to_csv([]) == "\n"


def test_a_table_is_printed_with_its_title(capsys):
    print_rows("Entity F1", [{"corpus": "c", "f1": 12.3456}])
    printed = capsys.readouterr().out
    assert "Entity F1" in printed
    assert "12.346" in printed


def test_rendering_writes_the_tables_that_have_measurements(tmp_path, record):
    def files():
        return sorted(path.name for path in tmp_path.iterdir() if path.is_file())

    for render in (render_accuracy, render_nodes, render_serving, render_scaling):
        render(tmp_path)
    assert files() == []
    write_json(tmp_path / "accuracy" / "a.json", record())
    render_accuracy(tmp_path)
    stems = ("accuracy", "accuracy_types", "training")
    expected = ["accuracy.png", *(f"{stem}.{end}" for stem in stems for end in ("csv", "json"))]
    assert files() == sorted(expected)
    row = {"system": "crf", "model_mb": 1.0, **over_rounds([FIGURES, FIGURES])}
    for corpus in ("a", "b"):
        write_json(tmp_path / "serving" / f"{corpus}.json", {"corpus": corpus, "rows": [row]})
    render_serving(tmp_path)
    assert set(files()) - set(expected) == {"serving.a.png", "serving.b.png", "serving.csv", "serving.json"}


def test_growth_is_sorted_by_size(tmp_path):
    for factor in (16, 2, 1):
        figures = {"sentences": factor, "epoch_cpu_seconds": 3.0 * factor, "train_process_peak_rss_mb": 500.0}
        record = {"corpus": "a", "system": "ours", "factor": factor, "machine": {}, **figures}
        write_json(tmp_path / "scaling" / f"a.x{factor}.json", record)
    render_scaling(tmp_path)
    with (tmp_path / "scaling.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["factor"] for row in rows] == ["1", "2", "16"]
    assert "machine" not in rows[0]


def test_nodes_are_sorted_by_their_order_and_the_size_of_the_corpus(tmp_path):
    for size in (100_000, 10_000):
        figures = {"cpu_seconds": size / 1000, "wall_seconds": 2.0, "start_rss_mb": 900.0, "peak_rss_mb": 950.0}
        nodes = [{"node": name, **figures} for name in ("Transform", "Trainer")]
        write_json(tmp_path / "scale" / f"{size}.json", {"sentences": size, "nodes": nodes})
    render_nodes(tmp_path)
    with (tmp_path / "scale.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    expected = [("Transform", "10000"), ("Transform", "100000"), ("Trainer", "10000"), ("Trainer", "100000")]
    assert [(row["node"], row["sentences"]) for row in rows] == expected
    assert {(row["cpu_seconds_per_100k"], row["added_rss_mb"]) for row in rows} == {("100", "50")}


def test_the_stored_tables_are_those_of_the_stored_measurements():
    results = ROOT / "benchmarks" / "results"
    records = read_records(results / "accuracy")
    assert json.loads((results / "accuracy.json").read_text(encoding="utf-8")) == accuracy_rows(records)
    assert json.loads((results / "training.json").read_text(encoding="utf-8")) == training_rows(records)
    of_nodes = node_rows(read_records(results / "scale"))
    assert json.loads((results / "scale.json").read_text(encoding="utf-8")) == of_nodes
