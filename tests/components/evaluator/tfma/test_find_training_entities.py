"""Beam transform of training entities."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule

from components.evaluator.counts.training_entities import TrainingEntities

pytestmark = pytest.mark.extended

beam = LazyModule("apache_beam")
pa = LazyModule("pyarrow")
constants = LazyModule("tensorflow_model_analysis.constants")


def batch(*rows):
    columns = {
        constants.ARROW_INPUT_COLUMN: [[b""] for _ in rows],
        "key": [[b"k"] for _ in rows],
        "sentence": [[text.encode()] for text, _ in rows],
        "tags": [[tag.encode() for tag in tags.split()] for _, tags in rows],
    }
    arrays = [pa.array(values, pa.large_list(pa.large_binary())) for values in columns.values()]
    return pa.RecordBatch.from_arrays(arrays, list(columns))


def check_entities(batches, check):
    from apache_beam.testing.util import assert_that

    from components.evaluator.tfma.find_training_entities import FindTrainingEntities

    def check_one(outputs):
        (known,) = outputs
        assert isinstance(known, TrainingEntities)
        check(known)

    with beam.Pipeline() as pipeline:
        assert_that(pipeline | beam.Create(batches) | FindTrainingEntities(), check_one)


def test_entities_of_all_batches_are_merged():
    def check(known):
        texts = ["New Delhi", "Paris", "été", "Delhi", "nothing"]
        assert known.contain(texts).tolist() == [True, True, True, False, False]
        assert len(known.hashes) == 3

    first = batch(("New Delhi and Paris", "B-L I-L O B-L"), ("nothing", "O"))
    check_entities([first, batch(("Paris", "B-X"), ("été", "I-X"))], check)


def test_empty_input_has_no_entities():
    def check(known):
        assert known.contain(["Paris"]).tolist() == [False]

    check_entities([], check)
