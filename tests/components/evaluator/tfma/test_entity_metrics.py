"""Combiner of the TFMA metric, without Beam."""

from __future__ import annotations

import numpy as np
import pytest
from support.evaluation import make_batch, make_slicer
from support.lazy import LazyModule

from components.evaluator.counts.bootstrap import draws
from components.evaluator.counts.count_table import CountTable
from components.evaluator.counts.counting import sentence_counts
from components.evaluator.counts.insight_counts import InsightCounts
from components.evaluator.counts.scoring import scores
from components.evaluator.counts.slice_counts import SliceCounts, count_slices
from components.evaluator.results.evaluation import ErrorInContext
from components.evaluator.results.model_scores import Estimate

pytestmark = pytest.mark.extended

module = LazyModule("components.evaluator.tfma.entity_metrics")
metrics_for_slice_pb2 = LazyModule("tensorflow_model_analysis.proto.metrics_for_slice_pb2")


def computation(**settings):
    (only,) = module.EntityMetrics().computations(**settings)
    return only


def count(gold, replicates=5, slicer=None, **predicted):
    """Returns the counts of each slice, for models with the given predictions."""
    batches = {model: make_batch(gold, tags, [[0.9] * len(row) for row in tags]) for model, tags in predicted.items()}
    slices = count_slices(batches, {}, slicer or make_slicer(), replicates, next(iter(batches)))
    return [counts for _, counts in slices]


def test_counts_of_shards_become_floats_and_documents():
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
    document = module.SCORES_JSON.validate_json(values["scores"])
    assert {name: estimate.value for name, estimate in document.metrics().items()}.items() <= numbers.items()
    assert document.confusion.labels == ("O", "X", "Y")
    assert [error.kind for error in module.ERRORS_JSON.validate_json(values["errors"])] == ["missed"]
    assert "changes" not in values


def test_two_models_are_distinguished_and_compared():
    both = computation(model_names=["baseline", "candidate"])
    (counts,) = count([["B-X"]] * 20, candidate=[["B-X"]] * 20, baseline=[["O"]] * 20)
    output = both.combiner.extract_output(counts)
    assert {key.model_name: value for key, value in output.items() if key.name == "entity_f1"} == {
        "candidate": 1.0,
        "baseline": 0.0,
    }
    (changes,) = (value for key, value in output.items() if key.name == "changes" and key.is_diff)
    assert module.CHANGES_JSON.validate_json(changes)["entity_f1"].value == 1.0
    assert [key.model_name for key in output if key.name == "errors"] == ["candidate"]


def test_model_without_entities_in_a_slice_scores_zero():
    both = computation(model_names=["baseline", "candidate"])
    slices = count([["O"]], slicer=make_slicer("entity_length"), candidate=[["B-X"]], baseline=[["O"]])
    output = both.combiner.extract_output(slices[1])
    scores = {key.model_name: module.SCORES_JSON.validate_json(v) for key, v in output.items() if key.name == "scores"}
    assert scores["candidate"].entities.micro.predicted == 1
    assert scores["baseline"].entities.micro.predicted == scores["baseline"].sentences == 0
    assert not any(key.name == "errors" for key in output)


def test_preprocessor_passes_only_the_counts():
    (preprocessor,) = computation().preprocessors
    counts = SliceCounts()
    assert list(preprocessor.process({module.COUNTS_KEY: counts, "other": 1})) == [counts]


def test_undefined_metrics_are_absent():
    combiner = computation().combiner
    output = combiner.extract_output(combiner.create_accumulator())
    numbers = {key.name: value for key, value in output.items()}
    assert "entity_f1" not in numbers
    assert numbers["entity_support"] == 0.0


ERROR = ErrorInContext("missed", 0.5, "k", ("a",), (), (), 0, 1)


def message(key, models, changes=None, errors=None):
    made = metrics_for_slice_pb2.MetricsForSlice()
    for column, value in key:
        made.slice_key.single_slice_keys.add(column=column, bytes_value=value.encode())
    for model, of_model in models.items():
        document = made.metric_keys_and_values.add()
        document.key.name, document.key.model_name = "scores", model
        document.value.bytes_value = module.SCORES_JSON.dump_json(of_model)
        number = made.metric_keys_and_values.add()
        number.key.name, number.key.model_name = "entity_f1", model
        number.value.double_value.value = 0.5
    for name, value in (("changes", changes), ("errors", errors)):
        if value is not None:
            document = made.metric_keys_and_values.add()
            document.key.name, document.key.model_name, document.key.is_diff = name, "candidate", name == "changes"
            document.value.bytes_value = value
    return made


def test_messages_become_comparisons_in_order():
    def of(gold, predicted):
        batch = make_batch([gold], [predicted])
        return scores(CountTable.of(*sentence_counts(batch), draws(batch.keys, 3)))

    good, bad = of(["B-X"], ["B-X"]), of(["B-X"], ["O"])
    changes = {"entity_f1": Estimate(1.0, 0.5, 1.0)}
    messages = [
        message([("sentence_length", "11+")], {"candidate": good, "baseline": bad}),
        message([("source", "é")], {"candidate": good, "baseline": bad}, module.CHANGES_JSON.dump_json(changes)),
        message([], {"candidate": good, "baseline": bad}, errors=module.ERRORS_JSON.dump_json((ERROR,))),
        message([("entity_seen", "unseen")], {"candidate": bad, "baseline": bad}),
        message([("sentence_length", "6-10")], {"candidate": good, "baseline": bad}),
    ]
    overall, slices, errors, _ = module.comparisons(messages, ("source", "sentence_length", "entity_seen"))
    assert (overall.candidate, overall.champion) == (good, bad)
    assert errors == (ERROR,)
    assert [(each.slice.name, each.slice.level) for each in slices] == [
        ("source=é", "sentence"),
        ("sentence_length=6-10", "sentence"),
        ("sentence_length=11+", "sentence"),
        ("entity_seen=unseen", "entity"),
    ]
    assert slices[0].changes == changes


def test_one_model_has_no_champion():
    batch = make_batch([["B-X"]], [["B-X"]])
    only = scores(CountTable.of(*sentence_counts(batch), np.zeros((1, 0), np.float32)))
    overall, slices, errors, insights = module.comparisons([message([], {"": only})], ())
    assert (overall.candidate, overall.champion, overall.changes) == (only, None, {})
    assert slices == errors == ()
    assert insights == InsightCounts()


def test_empty_output_has_no_comparisons():
    empty = metrics_for_slice_pb2.MetricsForSlice()
    assert module.comparisons([], ()) == module.comparisons([empty], ()) == (None, (), (), InsightCounts())
