"""Calibration of the scores of chosen tags."""

from __future__ import annotations

import numpy as np
import pytest

from components.trainer.scoring.calibration import Calibration, fitted_calibration

OUTSIDE = np.array([0, 1, 0, 0, 0], np.float32)


def drawn(calibration, tokens=30_000):
    """Returns random logits, and gold tags with the probabilities that the calibration gives them."""
    chance = np.random.default_rng(3)
    logits = chance.normal(size=(tokens, len(OUTSIDE))) * 3
    logits[:, 0] = -1e9
    noise = chance.gumbel(size=logits.shape)  # the maximum of logits with this noise has the probability of a tag
    return logits, (calibration.logits(logits, OUTSIDE) + noise).argmax(-1)


def error(calibration, logits, chosen, gold):
    """Returns the expected calibration error in ten bins."""
    scaled = calibration.logits(logits, OUTSIDE)
    scores = np.exp(scaled - np.logaddexp.reduce(scaled, -1, keepdims=True))[np.arange(len(chosen)), chosen]
    bins = np.minimum((scores * 10).astype(int), 9)
    return np.abs(np.bincount(bins, scores - (chosen == gold))).sum() / len(chosen)


@pytest.mark.parametrize("expected", [Calibration(0.5, 0.0), Calibration(1.0, -1.0), Calibration(3.0, 2.0)])
@pytest.mark.parametrize("decoding_bias", [0.0, -2.0])
def test_the_calibration_of_the_data_is_recovered_with_any_decoding_bias(expected, decoding_bias):
    logits, gold = drawn(expected)
    chosen = (logits + decoding_bias * OUTSIDE).argmax(-1)
    fitted = fitted_calibration(logits.astype(np.float32), chosen, gold, OUTSIDE)
    assert fitted.temperature == pytest.approx(expected.temperature, rel=0.05)
    assert fitted.outside_bias == pytest.approx(expected.outside_bias, abs=0.15)
    assert error(fitted, logits, chosen, gold) < 0.01
    if expected.temperature != 1:
        assert error(Calibration(), logits, chosen, gold) > 0.02


def test_a_tag_that_training_never_saw_counts_as_an_error():
    logits, gold = drawn(Calibration())
    unseen = np.where(np.arange(len(gold)) % 2, gold, -1)
    assert fitted_calibration(logits, logits.argmax(-1), unseen, OUTSIDE).temperature > 2


def test_flawless_hopeless_and_empty_splits_have_finite_calibrations():
    logits, gold = drawn(Calibration())
    best = logits.argmax(-1)
    flawless, hopeless = (fitted_calibration(logits, best, right, OUTSIDE) for right in (best, best * 0 - 1))
    assert flawless.temperature == pytest.approx(0.1, rel=1e-3)
    assert hopeless.temperature == pytest.approx(10, rel=1e-3)
    assert np.isfinite([*flawless, *hopeless]).all()
    assert fitted_calibration(logits[:0], best[:0], gold[:0], OUTSIDE) == Calibration()
