"""Labels on disk."""

from __future__ import annotations

import contextlib
import json

import pytest

from components.evaluator.delayed_labels.label_store import LabelStore
from components.evaluator.errors import EvaluationError

pytestmark = pytest.mark.extended


@pytest.fixture
def store_of(tmp_path):
    def made(*records):
        path = tmp_path / "labels.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        return contextlib.closing(LabelStore(path))

    return made


def test_labels_are_found_by_key_and_unused_ones_are_named(store_of):
    with store_of({"key": "a", "tags": ["O"]}, {"key": 2, "tags": []}, {"key": "é", "tags": ["B-X"]}) as store:
        assert len(store) == 3
        labels, repeated = store.take(["2", "é", "x"])
        assert ({key: label.tags for key, label in labels.items()}, repeated) == ({"2": (), "é": ("B-X",)}, set())
        assert store.take(["é"])[1] == {"é"}
        assert store.without_prediction() == (1, ["a"])
        assert store.duplicates() == (0, [])


def test_the_last_of_several_labels_counts(store_of):
    records = [{"key": "a", "tags": [tag]} for tag in ("O", "B-X", "B-Y")]
    with store_of(*records, {"key": "b", "tags": []}) as store:
        assert store.take(["a"])[0]["a"].tags == ("B-Y",)
        assert store.duplicates() == (2, ["a"])
        assert len(store) == 2


def test_many_labels_are_taken_in_several_queries(store_of):
    with store_of(*({"key": str(number), "tags": ["O"] * (number % 3)} for number in range(2500))) as store:
        labels, _ = store.take([str(number) for number in range(1200)])
        assert len(labels) == 1200
        assert len(labels["5"].tags) == 2
        count, some = store.without_prediction()
        assert (count, some) == (1300, ["1200", "1201", "1202", "1203", "1204"])


def test_temporary_file_is_removed(store_of):
    with store_of({"key": "a", "tags": []}) as store:
        folder = store.folder
        assert folder.is_dir()
    assert not folder.exists()


def test_invalid_line_is_named(store_of):
    with pytest.raises(EvaluationError, match=r"labels\.jsonl:2: neither `tags` nor `entities`"):
        store_of({"key": "a", "tags": []}, {"key": "b"})
