"""Calibration of the scores of chosen tags."""

from __future__ import annotations

import numpy as np
import pytest
from support.lazy import LazyModule

from components.text.transitions import outside_tags

calibration = LazyModule("components.trainer.scoring.calibration")
TAGS = ("[PAD]", "O", "B-X", "I-X", "B-Y", "I-Y")
OUTSIDE = outside_tags(TAGS)
WINDOWS, LENGTH = 4000, 6


def probabilities(logits):
    from components.text.tag_probabilities import tag_probabilities

    begins = np.arange(len(logits)) % LENGTH == 0
    return tag_probabilities(logits.astype(np.float32), begins, TAGS).numpy(), begins


def drawn(truth):
    """Random logits, and gold tags: valid sequences with the probabilities that the calibration gives them."""
    from components.text.transitions import marginals, transitions

    chance = np.random.default_rng(3)
    logits = chance.normal(size=(WINDOWS, LENGTH, len(TAGS))) * 3
    logits[..., 0] = -1e9
    start, step = transitions(TAGS)
    gold = np.zeros((WINDOWS, LENGTH), int)
    scaled = truth.logits(logits, OUTSIDE)
    for token in range(LENGTH):
        # Conditional on the tags before: those of a sequence that begins here, with the start of the tag before.
        rest = scaled[:, token:].copy()
        rest[:, 0] += step[gold[:, token - 1]] if token else start
        first = marginals(rest, np.ones(rest.shape[:2], bool), np.zeros_like(start), step)[:, 0]
        gold[:, token] = (np.log(first + 1e-30) + chance.gumbel(size=first.shape)).argmax(-1)
    return logits.reshape(-1, len(TAGS)).astype(np.float32), gold.reshape(-1)


def decoded(logits, bias=0.0):
    from components.text.transitions import constrained_path, transitions

    rows = (logits + bias * OUTSIDE).reshape(WINDOWS, LENGTH, -1)
    return np.concatenate([constrained_path(row, *transitions(TAGS)) for row in rows])


def fitted(logits, chosen, gold, parts=1):
    _, begins = probabilities(logits)
    arrays = [np.split(values, parts) for values in (logits, begins, chosen, gold)]
    answers = [calibration.TaggedTokens(*part) for part in zip(*arrays, strict=True)]
    return calibration.fitted_calibration(answers, TAGS)


def error(scaling, logits, chosen, gold):
    """Returns the expected calibration error in ten bins."""
    scores = probabilities(scaling.logits(logits, OUTSIDE))[0][np.arange(len(chosen)), chosen]
    bins = np.minimum((scores * 10).astype(int), 9)
    return np.abs(np.bincount(bins, scores - (chosen == gold))).sum() / len(chosen)


@pytest.mark.parametrize(("temperature", "bias"), [(0.5, 0.0), (1.0, -1.0), (3.0, 2.0)])
@pytest.mark.parametrize("decoding_bias", [0.0, -2.0])
def test_the_calibration_of_the_data_is_recovered_at_any_bias_of_the_decoding(temperature, bias, decoding_bias):
    truth = calibration.Calibration(temperature, bias)
    logits, gold = drawn(truth)
    chosen = decoded(logits, decoding_bias)
    own = fitted(logits, chosen, gold)
    assert own.temperature == pytest.approx(temperature, rel=0.08)
    assert own.outside_bias == pytest.approx(bias, abs=0.2)
    assert error(own, logits, chosen, gold) < 0.012
    if temperature != 1:
        assert error(calibration.Calibration(), logits, chosen, gold) > 0.02


def test_scores_of_entities_are_probabilities_although_a_softmax_is_not():
    logits, gold = drawn(calibration.Calibration())
    chosen = decoded(logits)
    entity = chosen != TAGS.index("O")
    assert error(calibration.Calibration(), logits, chosen, gold) < 0.01
    softmax = np.exp(logits - np.logaddexp.reduce(logits, -1, keepdims=True))[np.arange(len(chosen)), chosen]
    assert (chosen == gold)[entity].mean() - softmax[entity].mean() > 0.05


def test_the_number_of_parts_does_not_matter():
    logits, gold = drawn(calibration.Calibration(2.0, 1.0))
    chosen = decoded(logits)
    np.testing.assert_allclose(fitted(logits, chosen, gold, 4), fitted(logits, chosen, gold), rtol=1e-3)


def test_a_tag_that_training_never_saw_counts_as_an_error():
    logits, gold = drawn(calibration.Calibration())
    unseen = np.where(np.arange(len(gold)) % 2, gold, -1)
    assert fitted(logits, decoded(logits), unseen).temperature > 2


def test_flawless_hopeless_and_empty_splits_have_finite_calibrations():
    logits, gold = drawn(calibration.Calibration())
    best = decoded(logits)
    flawless, hopeless = (fitted(logits, best, right) for right in (best, best * 0 - 1))
    assert flawless.temperature < 0.4
    assert hopeless.temperature == pytest.approx(10, rel=1e-3)
    assert np.isfinite([*flawless, *hopeless]).all()
    assert fitted(logits[:0], best[:0], gold[:0]) == (1.0, 0.0)
    assert calibration.fitted_calibration([], TAGS) == (1.0, 0.0)
