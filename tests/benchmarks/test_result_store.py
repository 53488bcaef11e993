from __future__ import annotations

import json

import pytest

from benchmarks.result_store import ResultStore, write_text
from components.common.errors import NerError


def test_measurement_comes_back_by_name_and_fingerprint(tmp_path):
    store = ResultStore(tmp_path / "new" / "folder")
    assert store.get("a", "1") is None
    store.put("a", {"fingerprint": "1", "f1": 0.5})
    assert store.get("a", "1") == {"fingerprint": "1", "f1": 0.5}
    assert store.get("a", "2") is None


def test_new_measurement_takes_the_place_of_the_old_one(tmp_path):
    store = ResultStore(tmp_path)
    for mark in ("1", "2"):
        store.put("a", {"fingerprint": mark})
    assert store.all() == [{"fingerprint": "2"}]


def test_all_measurements_come_sorted_by_name(tmp_path):
    store = ResultStore(tmp_path)
    for name in ("b", "a"):
        store.put(name, {"fingerprint": name})
    assert [record["fingerprint"] for record in store.all()] == ["a", "b"]


@pytest.mark.parametrize("text", ["{", "[]"])
def test_damaged_file_is_named(tmp_path, text):
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(NerError, match=r"a\.json.*delete it"):
        ResultStore(tmp_path).get("a", "1")


def test_a_file_that_cannot_be_written_leaves_the_old_one_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_text(path, json.dumps({"old": 1}))
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_text(path, "new")
    assert json.loads(path.read_text(encoding="utf-8")) == {"old": 1}
