"""The TFMA metric's combiner, without Beam."""

from __future__ import annotations

import numpy as np
import pytest
from tensorflow_model_analysis.proto import metrics_for_slice_pb2

from components.evaluator.counts.bootstrap import draws
from components.evaluator.counts.count_table import CountTable
from components.evaluator.counts.counting import sentence_counts
from components.evaluator.counts.slice_counts import SliceCounts, count_slices
from components.evaluator.counts.slicing import Slicer
from components.evaluator.results.evaluation import ErrorInContext, Estimate
from components.evaluator.results.scoring import scores
from components.evaluator.tfma.entity_metrics import (
    CHANGES_JSON,
    ERRORS_JSON,
    SCORES_JSON,
    EntityMetrics,
    comparisons,
)
from components.evaluator.tfma.extractor import COUNTS_KEY


def computation(**settings):
    (only,) = EntityMetrics().computations(**settings)
    return only


@pytest.fixture
def count(make_batch):
    """Counts of all examples for models of the given predictions."""

    def of(gold, replicates=5, slicer=None, **predicted):
        batches = {
            model: make_batch(gold, tags, [[0.9] * len(row) for row in tags]) for model, tags in predicted.items()
        }
        return [counts for _, counts in count_slices(batches, {}, slicer or Slicer(), replicates, next(iter(batches)))]

    return of


def test_counts_of_shards_become_floats_and_documents(count):
    combiner = computation().combiner
    parts = [
        count([["B-X", "O"]], **{"": [["B-X", "O"]]})[0],
        count([["B-X", "O"]], **{"": [["O", "B-Y"]]})[0],
    ]
    accumulators = [combiner.add_input(combiner.create_accumulator(), part) for part in parts]
    output = combiner.extract_output(combiner.merge_accumulators(accumulators))
    values = {key.name: value for key, value in output.items()}
    numbers = {name: value for name, value in values.items() if isinstance(value, float)}
    assert numbers["entity_f1"] == 0.5
    assert numbers["entity_f1/X"] == pytest.approx(2 / 3)
    assert numbers["entity_f1/Y"] == 0.0
    assert (numbers["entity_support"], numbers["entity_support/X"], numbers["example_count"]) == (2, 2, 2)
    assert numbers["token_accuracy"] == 0.5
    document = SCORES_JSON.validate_json(values["scores"])
    assert {name: estimate.value for name, estimate in document.metrics().items()}.items() <= numbers.items()
    assert document.confusion.labels == ("O", "X", "Y")
    assert [error.kind for error in ERRORS_JSON.validate_json(values["errors"])] == ["missed"]
    assert "changes" not in values


def test_two_models_are_told_apart_and_compared(count):
    both = computation(model_names=["baseline", "candidate"])
    (counts,) = count([["B-X"]] * 20, candidate=[["B-X"]] * 20, baseline=[["O"]] * 20)
    output = both.combiner.extract_output(counts)
    assert {key.model_name: value for key, value in output.items() if key.name == "entity_f1"} == {
        "candidate": 1.0,
        "baseline": 0.0,
    }
    (changes,) = (value for key, value in output.items() if key.name == "changes" and key.is_diff)
    assert CHANGES_JSON.validate_json(changes)["entity_f1"].value == 1.0
    assert [key.model_name for key in output if key.name == "errors"] == ["candidate"]


def test_a_model_without_any_entity_in_a_slice_scores_nothing_there(count):
    both = computation(model_names=["baseline", "candidate"])
    found = count([["O"]], slicer=Slicer(("entity_length",)), candidate=[["B-X"]], baseline=[["O"]])
    output = both.combiner.extract_output(found[1])
    scores = {key.model_name: SCORES_JSON.validate_json(v) for key, v in output.items() if key.name == "scores"}
    assert scores["candidate"].entities.micro.predicted == 1
    assert scores["baseline"].entities.micro.predicted == scores["baseline"].sentences == 0
    assert not any(key.name == "errors" for key in output)


def test_the_preprocessor_hands_on_the_counts_only():
    (preprocessor,) = computation().preprocessors
    counts = SliceCounts()
    assert list(preprocessor.process({COUNTS_KEY: counts, "other": 1})) == [counts]


def test_no_input_gives_zeros():
    combiner = computation().combiner
    output = combiner.extract_output(combiner.create_accumulator())
    assert {key.name: value for key, value in output.items()}["entity_f1"] == 0.0


ERROR = ErrorInContext("missed", 0.5, "k", ("a",), (), (), 0, 1)


def message(key, models, changes=None, errors=None):
    made = metrics_for_slice_pb2.MetricsForSlice()
    for column, value in key:
        made.slice_key.single_slice_keys.add(column=column, bytes_value=value.encode())
    for model, of_model in models.items():
        found = made.metric_keys_and_values.add()
        found.key.name, found.key.model_name = "scores", model
        found.value.bytes_value = SCORES_JSON.dump_json(of_model)
        number = made.metric_keys_and_values.add()
        number.key.name, number.key.model_name = "entity_f1", model
        number.value.double_value.value = 0.5
    for name, value in (("changes", changes), ("errors", errors)):
        if value is not None:
            found = made.metric_keys_and_values.add()
            found.key.name, found.key.model_name, found.key.is_diff = name, "candidate", name == "changes"
            found.value.bytes_value = value
    return made


def test_messages_become_comparisons_in_order(make_batch):
    def of(gold, predicted):
        batch = make_batch([gold], [predicted])
        return scores(CountTable.of(*sentence_counts(batch), draws(batch.keys, 3)))

    good, bad = of(["B-X"], ["B-X"]), of(["B-X"], ["O"])
    changes = {"entity_f1": Estimate(1.0, 0.5, 1.0)}
    messages = [
        message([("sentence_length", "11+")], {"candidate": good, "baseline": bad}),
        message([("source", "é")], {"candidate": good, "baseline": bad}, CHANGES_JSON.dump_json(changes)),
        message([], {"candidate": good, "baseline": bad}, errors=ERRORS_JSON.dump_json((ERROR,))),
        message([("entity_seen", "unseen")], {"candidate": bad, "baseline": bad}),
        message([("sentence_length", "6-10")], {"candidate": good, "baseline": bad}),
    ]
    overall, slices, errors = comparisons(messages, ("source", "sentence_length", "entity_seen"))
    assert (overall.candidate, overall.champion) == (good, bad)
    assert errors == (ERROR,)
    assert [(each.slice.name, each.slice.level) for each in slices] == [
        ("source=é", "sentence"),
        ("sentence_length=6-10", "sentence"),
        ("sentence_length=11+", "sentence"),
        ("entity_seen=unseen", "entity"),
    ]
    assert slices[0].changes == changes


def test_one_model_has_no_champion(make_batch):
    batch = make_batch([["B-X"]], [["B-X"]])
    only = scores(CountTable.of(*sentence_counts(batch), np.zeros((1, 0), np.float32)))
    overall, slices, errors = comparisons([message([], {"": only})], ())
    assert (overall.candidate, overall.champion, overall.changes) == (only, None, {})
    assert slices == errors == ()


def test_nothing_evaluated_gives_nothing():
    empty = metrics_for_slice_pb2.MetricsForSlice()
    assert comparisons([], ()) == comparisons([empty], ()) == (None, (), ())
