"""Values derived from the facts."""

from __future__ import annotations

import dataclasses

import pytest

pytestmark = pytest.mark.extended


@pytest.mark.parametrize(
    ("scores", "best"),
    [([0.1, 0.5, 0.5, 0.2], 2), ([0.0], 1), ([], None), ([None, None], None), ([None, 0.2], 2)],
)
def test_best_epoch_is_the_first_of_the_best(facts, scores, best):
    history = tuple({"loss": 1.0, "val_entity_f1": score} for score in scores)
    assert dataclasses.replace(facts, history=history).best_epoch == best


def test_a_kept_epoch_of_the_trainer_comes_before_the_best_score(facts):
    history = ({"loss": 1.0, "val_entity_f1": 0.9}, {"loss": 0.5, "val_entity_f1": 0.8})
    assert dataclasses.replace(facts, history=history, kept_epoch=1).best_epoch == 2
