"""Duplicates across splits, in real Beam pipelines."""

from __future__ import annotations

import pytest

SPLITS = {
    "train": [("a", "span-1"), ("a", "span-2"), ("b", "span-1"), ("c", "span-2"), ("d", "span-2")],
    "eval": [("b", "span-1"), ("c", "span-2"), ("e", "span-2"), ("e", "span-2")],
    "test": [("c", "span-2"), ("d", "span-2"), ("d", "span-2")],
}


def _example(row):
    import tensorflow as tf

    example = tf.train.Example()
    for name, value in zip(("sentence", "source"), row, strict=True):
        example.features.feature[name].bytes_list.value.append(value.encode())
    return example


def _sentence(example):
    return example.features.feature["sentence"].bytes_list.value[0].decode()


@pytest.mark.parametrize("remove", [True, False])
def test_training_loses_the_sentences_that_are_scored(tmp_path, remove):
    import apache_beam as beam
    from apache_beam.testing.util import assert_that, equal_to

    from components.corpus_example_gen.cleaning.report_folder import ReportFolder
    from components.corpus_example_gen.duplicates import without_duplicates

    reports = ReportFolder(str(tmp_path / "ingest"))
    reports.make()
    kept = {"train": ["a", "a"], "eval": ["b", "e", "e"], "test": ["c", "d", "d"]}
    with beam.Pipeline() as pipeline:
        splits = {
            name: pipeline | f"Rows[{name}]" >> beam.Create(rows) | f"Example[{name}]" >> beam.Map(_example)
            for name, rows in SPLITS.items()
        }
        for name, examples in without_duplicates(splits, reports, remove=remove).items():
            expected = kept[name] if remove else [sentence for sentence, _ in SPLITS[name]]
            sentences = examples | f"Sentence[{name}]" >> beam.Map(_sentence)
            assert_that(sentences, equal_to(expected), label=name)
    assert reports.duplicates() == {"train": {"span-1": 1, "span-2": 2}, "eval": {"span-2": 1}}


@pytest.mark.extended
def test_one_split_has_no_duplicates(tmp_path):
    import apache_beam as beam

    from components.corpus_example_gen.cleaning.report_folder import ReportFolder
    from components.corpus_example_gen.duplicates import without_duplicates

    reports = ReportFolder(str(tmp_path))
    with beam.Pipeline() as pipeline:
        rows = pipeline | beam.Create([_example(("a", "x"))])
        assert list(without_duplicates({"train": rows}, reports, remove=True)) == ["train"]
    assert reports.duplicates() == {}
