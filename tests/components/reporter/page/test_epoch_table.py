"""The table of epochs."""

from __future__ import annotations

import pytest

from components.reporter.page.epoch_table import EpochTable

pytestmark = pytest.mark.extended

ROW = {
    "loss": 0.5,
    "tokens_per_second": 12345.6,
    "data_wait": 0.0312,
    "mfu": None,
    "val_loss": 0.25,
    "val_entity_f1": 0.75,
    "outside_bias": -1.0,
    "learning_rate": 0.002,
    "custom": 0.123456,
}


def test_logged_values_have_headings_and_formats():
    table = EpochTable.of([ROW])
    assert dict(zip(table.headings, table.rows[0], strict=True)) == {
        "Loss": "0.5000",
        "Loss, eval split": "0.2500",
        "F1": "0.750",
        "Outside bias, added to the score of no entity": "-1",
        "Learning rate": "0.002",
        "Tokens per second": "12,346",
        "Waiting for data": "3.1 %",
        "custom": "0.1235",
    }


def test_unknown_numbers_are_dashes():
    table = EpochTable.of([ROW, {**ROW, "mfu": 0.4, "loss": None}])
    column = table.headings.index("Use of the accelerator")
    assert [row[column] for row in table.rows] == ["\N{EN DASH}", "40.0 %"]
    assert [row[0] for row in table.rows] == ["0.5000", "\N{EN DASH}"]


def test_empty_history_makes_an_empty_table():
    assert EpochTable.of([]) == EpochTable((), ())
