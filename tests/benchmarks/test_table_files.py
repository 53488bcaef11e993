from __future__ import annotations

import csv
import json

import pytest

from benchmarks.table_files import columns_of, print_table, short, to_csv, write_table

ROWS = [{"corpus": "a, b", "f1": 12.3456789, "std": None}, {"corpus": "c", "f1": 1.0, "extra": 3}]


def test_json_and_csv_hold_the_same_rows(tmp_path):
    write_table(tmp_path, "accuracy", ROWS)
    assert json.loads((tmp_path / "accuracy.json").read_text(encoding="utf-8")) == ROWS
    with (tmp_path / "accuracy.csv").open(encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert found[0] == {"corpus": "a, b", "f1": "12.346", "std": "", "extra": ""}
    assert found[1]["extra"] == "3"


def test_columns_come_in_the_order_of_their_first_row():
    assert columns_of(ROWS) == ["corpus", "f1", "std", "extra"]
    assert to_csv([]) == "\n"


@pytest.mark.parametrize(("value", "text"), [(123456.7, "123457"), (0.5, "0.5"), (7, "7"), (None, ""), ("a", "a")])
def test_numbers_are_short(value, text):
    assert short(value) == text


def test_table_is_printed_with_its_title(capsys):
    print_table("Entity F1", ROWS, ("corpus", "f1"))
    printed = capsys.readouterr().out
    assert "Entity F1" in printed
    assert "12.346" in printed
