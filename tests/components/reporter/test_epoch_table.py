"""The table of epochs."""

from __future__ import annotations

from components.reporter.epoch_table import EpochTable

ROW = {
    "loss": 0.5,
    "tokens_per_second": 12345.6,
    "data_wait": 0.0312,
    "mfu": None,
    "val_loss": 0.25,
    "val_entity_f1": 0.75,
    "outside_bias": -1.0,
    "of_tomorrow": 0.123456,
}


def test_what_the_trainer_logs_has_a_heading_and_a_format_of_its_own():
    table = EpochTable.of([ROW])
    assert dict(zip(table.headings, table.rows[0], strict=True)) == {
        "Loss": "0.5000",
        "Loss, eval split": "0.2500",
        "F1": "0.750",
        "Outside bias": "-1",
        "Tokens a second": "12,346",
        "Waited for data": "3.1%",
        "of_tomorrow": "0.1235",
    }


def test_a_number_that_only_some_epochs_have_is_a_dash_elsewhere():
    table = EpochTable.of([ROW, {**ROW, "mfu": 0.4, "loss": None}])
    place = table.headings.index("Model FLOPs utilization")
    assert [row[place] for row in table.rows] == ["\N{EN DASH}", "40.0%"]
    assert [row[0] for row in table.rows] == ["0.5000", "\N{EN DASH}"]


def test_no_epochs_make_no_table():
    assert EpochTable.of([]) == EpochTable((), ())
