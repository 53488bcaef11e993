"""Columns of Examples, read from Arrow."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule

from components.evaluator.counts.tag_vocabulary import TagVocabulary
from components.evaluator.tfma.example_columns import ExampleColumns

pytestmark = pytest.mark.extended

pa = LazyModule("pyarrow")


def batch(list_type, **columns):
    arrays = {name: pa.array(values, list_type(kind)) for name, (kind, values) in columns.items()}
    return pa.RecordBatch.from_arrays(list(arrays.values()), list(arrays))


@pytest.mark.parametrize("list_type", ["list_", "large_list"])
def test_columns_are_read(list_type):
    made = batch(
        getattr(pa, list_type),
        raw=(pa.binary(), [[b"one"], [b"two"], [b"three"]]),
        key=(pa.binary(), [[b"k1"], [b"k\xc3\xa9"], None]),
        sentence=(pa.binary(), [[b"a b"], [b"\xff"], None]),
        tags=(pa.binary(), [[b"O", b"B-X"], None, [b"O"]]),
        source=(pa.binary(), [[b"s"], None, [b"s", b"t"]]),
        number=(pa.int64(), [[1], [2, 3], []]),
        share=(pa.float32(), [[0.5], None, [2.0]]),
    )
    columns = ExampleColumns.read(made, "raw", ["source", "number", "share", "absent"], TagVocabulary())
    assert columns.examples == [b"one", b"two", b"three"]
    assert columns.keys == ["k1", "ké", ""]
    assert columns.texts == ["a b", "\ufffd", ""]
    assert columns.lengths.tolist() == [2, 0, 1]
    assert columns.gold.tolist() == [0, 1, 0]
    assert columns.features == {
        "source": [["s"], [], ["s", "t"]],
        "number": [["1"], ["2", "3"], []],
        "share": [["0.5"], [], ["2"]],
        "absent": [[], [], []],
    }


def test_batch_without_labels_has_no_gold():
    made = pa.RecordBatch.from_arrays(
        [pa.array([[b"one"]]), pa.array([[b"k"]]), pa.array([[b"a"]]), pa.nulls(1)], ["raw", "key", "sentence", "tags"]
    )
    columns = ExampleColumns.read(made, "raw", [], TagVocabulary())
    assert columns.lengths.tolist() == [0]
    assert columns.gold.tolist() == []


def test_slice_of_a_batch_is_read():
    made = batch(pa.large_list, raw=(pa.binary(), [[b"1"], [b"2"]]), tags=(pa.binary(), [[b"O"], [b"B-X", b"O"]]))
    columns = ExampleColumns.read(made.slice(1), "raw", [], TagVocabulary())
    assert columns.examples == [b"2"]
    assert columns.lengths.tolist() == [2]
    assert columns.gold.tolist() == [0, 1]
