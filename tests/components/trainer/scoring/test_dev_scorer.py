"""Scorer of the eval split."""

from __future__ import annotations

import numpy as np
import pytest

from components.text.entity_scores import Scores
from components.trainer.scoring.entity_counter import EntityCounter


@pytest.fixture(scope="module")
def model(made_up, cpu):
    return made_up.model(cpu)


def test_scores_do_not_depend_on_the_size_of_the_batches(made_up, cpu, model):
    small, large = (made_up.scorer(model, cpu, size).score() for size in (7, 60))
    assert small == pytest.approx(large, rel=1e-5)
    assert set(small) == {
        "val_loss", "val_entity_precision", "val_entity_recall", "val_entity_f1", "val_entities", "outside_bias"
    }  # fmt: skip


def test_loss_is_the_mean_over_all_tokens(made_up, cpu, model):
    (whole,) = made_up.dev_batches(60).epoch(0)
    expected = float(made_up.loss(whole.tags, model(whole.features, training=False)))
    assert made_up.scorer(model, cpu, 7).score()["val_loss"] == pytest.approx(expected, rel=1e-5)


def test_hosts_share_the_split_and_agree(made_up, cpu, model, monkeypatch):
    alone = made_up.scorer(model, cpu, 7).score()
    parts = []

    class Host:
        """Records the values that a host sends, and answers with the prescribed sums."""

        def __init__(self, host, answers=None):
            self.host, self.hosts, self._answers, self.sent = host, 2, answers, []

        def sum_over_hosts(self, values):
            self.sent.append(values.copy())
            return values if self._answers is None else self._answers[len(self.sent) - 1]

    for number in range(2):
        host = Host(number)
        made_up.scorer(model, host, 7).score()
        parts.append(host.sent)
    sums = [sum(values) for values in zip(*parts, strict=True)]
    assert all(values.any() for part in parts for values in part)
    together = [made_up.scorer(model, Host(number, sums), 7).score() for number in range(2)]
    assert together[0] == together[1] == pytest.approx(alone, rel=1e-5)


def test_the_model_is_scored_with_its_present_weights(made_up, cpu):
    model = made_up.model(cpu)
    scorer = made_up.scorer(model, cpu)
    before = scorer.score()
    model.set_weights([np.zeros_like(weights) for weights in model.get_weights()])
    assert scorer.score()["val_loss"] != before["val_loss"]


def test_an_empty_split_scores_nothing(made_up, cpu, model, tmp_path):
    from components.trainer.data.batches import Batches
    from components.trainer.data.window_table import WindowTable
    from components.trainer.scoring.dev_scorer import DevScorer

    scorer = DevScorer(model, made_up.loss, Batches(WindowTable.write(tmp_path, []), 8), made_up.tags, cpu, -2.0)
    assert scorer.score()["val_entity_f1"] == 0.0
    assert scorer.calibration(0.0) == (1.0, 0.0)
    assert EntityCounter(made_up.tags, -2.0).best() == (-2.0, Scores.of(0, 0, 0))


def test_the_calibration_does_not_depend_on_the_batches_and_a_large_split_is_read_in_part(
    made_up, cpu, model, monkeypatch
):
    from components.trainer.scoring import dev_scorer

    whole = made_up.scorer(model, cpu, 60).calibration(-1.0)
    assert made_up.scorer(model, cpu, 7).calibration(-1.0) == pytest.approx(whole, rel=1e-3)
    assert whole != made_up.scorer(model, cpu, 7).calibration(0.0)
    monkeypatch.setattr(dev_scorer, "_MOST_WINDOWS", 20)
    part = made_up.scorer(model, cpu, 7).calibration(-1.0)
    assert part != whole
    assert np.isfinite(part).all()
