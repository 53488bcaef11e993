from __future__ import annotations

import pytest

from benchmarks.accuracy_table import accuracy_rows, spread, training_rows, type_rows


def test_seeds_become_mean_and_spread(record):
    [row] = accuracy_rows([record(seed=seed, test=f1) for seed, f1 in enumerate((0.4, 0.5, 0.6))])
    assert row["seeds"] == 3
    assert row["test_f1_mean"] == pytest.approx(50.0)
    assert row["test_f1_std"] == pytest.approx(10.0)
    assert (row["test_f1_min"], row["test_f1_max"]) == (40.0, 60.0)


def test_one_seed_has_no_spread():
    assert spread([3.0], "x") == {"x_mean": 3.0, "x_std": None, "x_min": 3.0, "x_max": 3.0}


def test_corpora_and_systems_have_rows_of_their_own(record):
    rows = accuracy_rows([record("b", "crf"), record("a", "spacy"), record("a", "crf")])
    assert [(row["corpus"], row["system"]) for row in rows] == [("a", "crf"), ("a", "spacy"), ("b", "crf")]


def test_a_type_that_a_seed_never_predicts_counts_as_zero(record):
    runs = [record(seed=0, test=0.6), record(seed=1)]
    runs[1]["test"]["per_type"] = {}
    [row] = type_rows(runs)
    assert row["type"] == "LOC"
    assert row["test_f1_mean"] == pytest.approx(30.0)
    assert row["test_support"] == 7


def test_costs_that_only_ours_has_are_empty_for_others(record):
    crf, ours = training_rows([record(), record(system="ours_transformer", transform_cpu_seconds=12.0)])
    assert crf["transform_cpu_seconds"] is None
    assert ours["transform_cpu_seconds"] == 12.0
    assert crf["cpu_seconds_to_best_dev"] == 10.0
