"""TFMA's messages as an evaluation."""

from __future__ import annotations

import numpy as np
from tensorflow_model_analysis.proto import metrics_for_slice_pb2

from components.evaluator.counts.bootstrap import draws
from components.evaluator.counts.count_table import CountTable
from components.evaluator.counts.counting import sentence_counts
from components.evaluator.results import comparisons
from components.evaluator.results.evaluation import Estimate, Mistake
from components.evaluator.results.scoring import scores
from components.evaluator.tfma.entity_metrics import CHANGES_JSON, MISTAKES_JSON, SCORES_JSON

MISTAKE = Mistake("missed", 0.5, "k", ("a",), (), (), 0, 1)


def message(key, models, changes=None, mistakes=None):
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
    for name, value in (("changes", changes), ("mistakes", mistakes)):
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
        message([], {"candidate": good, "baseline": bad}, mistakes=MISTAKES_JSON.dump_json((MISTAKE,))),
        message([("entity_seen", "unseen")], {"candidate": bad, "baseline": bad}),
        message([("sentence_length", "6-10")], {"candidate": good, "baseline": bad}),
    ]
    overall, slices, mistakes = comparisons(messages, ("source", "sentence_length", "entity_seen"))
    assert (overall.candidate, overall.champion) == (good, bad)
    assert mistakes == (MISTAKE,)
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
    overall, slices, mistakes = comparisons([message([], {"": only})], ())
    assert (overall.candidate, overall.champion, overall.changes) == (only, None, {})
    assert slices == mistakes == ()


def test_nothing_evaluated_gives_nothing():
    empty = metrics_for_slice_pb2.MetricsForSlice()
    assert comparisons([], ()) == comparisons([empty], ()) == (None, (), ())
