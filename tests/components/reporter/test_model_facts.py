"""What is derived from the facts."""

from __future__ import annotations

import dataclasses

import pytest


@pytest.mark.parametrize(
    ("scores", "best"),
    [([0.1, 0.5, 0.5, 0.2], 2), ([0.0], 1), ([], None), ([None, None], None), ([None, 0.2], 2)],
)
def test_the_first_of_the_best_epochs_was_kept(facts, scores, best):
    history = tuple({"loss": 1.0, "val_entity_f1": score} for score in scores)
    assert dataclasses.replace(facts, history=history).best_epoch == best


def test_the_evaluated_split_and_the_champions_data_are_compared_with_the_training_split(facts):
    pairs = {(drift.reference, drift.other) for drift in facts.drifts()}
    assert pairs == {("train", "test"), ("champion's train", "train")}


def test_without_the_champions_data_only_the_splits_are_compared(facts):
    alone = dataclasses.replace(facts, champion_data=None)
    assert {(drift.reference, drift.other) for drift in alone.drifts()} == {("train", "test")}
