"""Additive counts."""

from __future__ import annotations

import numpy as np
import pytest

from components.evaluator.counts.count_table import CountTable

pytestmark = pytest.mark.extended


def table(columns, *rows):
    return CountTable(tuple((name,) for name in columns), np.array(rows, np.float64))


def test_first_row_counts_every_sentence_once_and_the_others_as_drawn():
    counts = np.array([[1.0, 5.0], [2.0, 7.0]])
    weights = np.array([[0, 2], [1, 3]], np.float32)
    made = CountTable.of((("a",), ("b",)), counts, weights)
    assert made.values.tolist() == [[3, 12], [2, 7], [8, 31]]


def test_columns_are_added_by_name():
    one = table("ab", [1, 2], [3, 4])
    one.add(table("bc", [10, 20], [30, 40]))
    assert one.columns == (("a",), ("b",), ("c",))
    assert one.values.tolist() == [[1, 12, 20], [3, 34, 40]]
    one.add(table("abc", [1, 1, 1], [1, 1, 1]))
    assert one.values.tolist() == [[2, 13, 21], [4, 35, 41]]


def test_missing_column_is_zero():
    assert table("a", [1], [2]).column("b").tolist() == [0, 0]
    assert table("a", [1], [2]).column("a").tolist() == [1, 2]


def test_different_numbers_of_replicates_cannot_be_added():
    with pytest.raises(ValueError, match="0 and 1 bootstrap replicates"):
        table("a", [1]).add(table("a", [1], [2]))
