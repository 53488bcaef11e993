"""Duplicates across splits, in files as Beam writes them."""

from __future__ import annotations

import tracemalloc
from array import array

import pytest
from support.lazy import LazyModule

tf = LazyModule("tensorflow")

SPLITS = {
    "train": [("a", "span-1"), ("a", "span-2"), ("b", "span-1"), ("c", "span-2"), ("d", "span-2")],
    "eval": [("b", "span-1"), ("c", "span-2"), ("e", "span-2"), ("e", "span-2")],
    "test": [("c", "span-2"), ("d", "span-2"), ("d", "span-2")],
}


def _write(path, rows) -> str:
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for sentence, source in rows:
            example = tf.train.Example()
            values = {"sentence": [sentence], "source": [source], "tags": ["B-LOC" if sentence == "d" else "O"]}
            for name, value in values.items():
                example.features.feature[name].bytes_list.value.extend(text.encode() for text in value)
            writer.write(example.SerializeToString())
    return str(path)


def _sentences(files) -> list[str]:
    records = tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()
    features = [tf.train.Example.FromString(record).features.feature for record in records]
    return [feature["sentence"].bytes_list.value[0].decode() for feature in features]


@pytest.mark.parametrize("remove", [True, False])
def test_training_loses_the_sentences_that_are_scored(tmp_path, remove):
    from components.corpus_example_gen.duplicates import count_splits

    # Two files a split, one of them without a duplicate.
    files = {
        name: [_write(tmp_path / f"{name}-{part}.gz", rows[part::2]) for part in (0, 1)]
        for name, rows in SPLITS.items()
    }
    counts = count_splits(files, remove=remove)
    kept = {"train": ["a", "a"], "eval": ["b", "e", "e"], "test": ["c", "d", "d"]}
    for name, rows in SPLITS.items():
        expected = kept[name] if remove else sorted(sentence for sentence, _ in rows)
        assert sorted(_sentences(files[name])) == expected
        assert counts[name].kept == len(expected)
    duplicates = {name: dict(split.duplicates) for name, split in counts.items()}
    assert duplicates == {"train": {"span-1": 1, "span-2": 2}, "eval": {"span-2": 1}, "test": {}}
    with_entities = {name for name, split in counts.items() if split.types}
    assert with_entities == ({"test"} if remove else {"test", "train"})
    assert not list(tmp_path.glob("*.tmp"))


def test_held_out_sentences_take_eight_bytes_each():
    from components.corpus_example_gen.duplicates import HeldOut

    sizes = []
    for count in (10_000, 40_000):
        tracemalloc.start()
        held_out = HeldOut()
        held_out.add(array("Q", range(count)))
        sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert held_out.contain([0, count - 1, count]).tolist() == [True, True, False]
    (small, large), grown = sizes, 30_000
    assert large - small < 9 * grown
