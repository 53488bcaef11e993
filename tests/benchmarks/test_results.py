"""Results on disk."""

from __future__ import annotations

import pytest

from benchmarks.results import read_records, write_json
from components.common.errors import NerError


def test_records_are_sorted_by_file_and_replaced_by_name(tmp_path):
    folder = tmp_path / "new"
    assert read_records(folder) == []
    for name, value in (("b", 1), ("a", 2), ("b", 3)):
        write_json(folder / f"{name}.json", {"value": value})
    assert read_records(folder) == [{"value": 2}, {"value": 3}]


def test_a_damaged_file_is_named(tmp_path):
    for text in ("{", "[]"):
        (tmp_path / "a.json").write_text(text, encoding="utf-8")
        with pytest.raises(NerError, match=r"a\.json: not .*Delete the file"):
            read_records(tmp_path)
