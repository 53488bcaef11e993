"""Known limits, derived from the evaluation."""

from __future__ import annotations

import dataclasses

import pytest

from components.drift_validator.drift_report import DriftReport
from components.evaluator.results.evaluation import Evaluation
from components.evaluator.results.model_scores import Calibration, CalibrationBin, EntityScores, Estimate
from components.reporter.limits import limits


def changed(facts, **scores):
    """The facts with other scores of the candidate."""
    overall = facts.overall
    overall = dataclasses.replace(overall, candidate=dataclasses.replace(overall.candidate, **scores))
    return dataclasses.replace(facts, evaluation=dataclasses.replace(facts.evaluation, overall=overall))


def of_one_type(facts, precision, recall, f1, support, predicted):
    scores = EntityScores(Estimate(precision), Estimate(recall), Estimate(f1), support, predicted)
    entities = dataclasses.replace(facts.overall.candidate.entities, per_type={"PER": scores})
    return [text for text in limits(changed(facts, entities=entities)) if text.startswith("PER: ")]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ((0.9, 0.9, 0.9, 200, 200), []),
        ((0.9, 0.2, 0.33, 200, 40), ["PER: 80 % are missed (F1 0.330, 200 entities)."]),
        ((0.3, 0.9, 0.45, 200, 600), ["PER: 70 % of the predicted ones are wrong (F1 0.450, 200 entities)."]),
        ((0.1, 0.1, 0.1, 200, 200), ["PER: 90 % are missed and 90 % of the predicted ones are wrong (F1 0.100, 200"]),
        ((0.0, 0.0, 0.0, 200, 0), ["PER: never predicted, although the evaluated sentences contain 200."]),
        ((0.0, 0.0, 0.0, 0, 7), ["PER: predicted 7 times, but absent from the evaluated sentences."]),
        ((1.0, 1.0, 1.0, 29, 29), ["PER: only 29 in the evaluated sentences, so its F1 of 1.000 is unreliable."]),
    ],
)
def test_weak_rare_and_absent_types_are_limits(facts, scores, expected):
    texts = of_one_type(facts, *scores)
    assert len(texts) == len(expected)
    assert all(text.startswith(start) for text, start in zip(texts, expected, strict=True))


def test_unseen_entities_are_a_limit_with_their_recall(facts):
    assert (
        "Entities that are not in the training data (613): recall 0.350 (0.320 to 0.380), against 0.670 (0.640 to "
        "0.700) for the others." in limits(facts)
    )


def test_only_unseen_entities_are_a_limit(facts):
    slices = tuple(part for part in facts.evaluation.slices if part.slice.value != "seen")
    only = dataclasses.replace(facts, evaluation=dataclasses.replace(facts.evaluation, slices=slices))
    assert any(text.startswith("No evaluated entity occurs in the training data") for text in limits(only))
    assert not any(text.startswith("No evaluated") for text in limits(facts))


def test_significantly_worse_slices_are_limits(facts):
    texts = [text for text in limits(facts) if "lower than on all examples" in text]
    # case=mixed is better; the hostile source is worse, and has three entities
    assert texts == ["case=lower: F1 0.210 (0.180 to 0.240) on 180 entities, lower than on all examples."]


@pytest.mark.parametrize(
    ("error", "score", "word"), [(0.2, 0.9, "too high"), (0.2, 0.5, "too low"), (0.05, 0.75, None)]
)
def test_poor_calibration_is_a_limit(facts, error, score, word):
    bins = (CalibrationBin(0.0, 1.0, 10, score, 0.7), CalibrationBin(0.0, 1.0, 0, 0.0, 0.0))
    texts = limits(changed(facts, calibration=Calibration(Estimate(error), bins)))
    texts = [text for text in texts if text.startswith("Scores")]
    assert len(texts) == (word is not None)
    assert all(word in text for text in texts)


def test_scores_of_the_split_that_chose_the_epoch_are_a_limit(facts):
    on_eval = dataclasses.replace(facts, evaluation=dataclasses.replace(facts.evaluation, splits=("eval",)))
    expected = "No test split: the model is scored on the eval split, which also chose its epoch and outside bias, so"
    assert [text.startswith(expected) for text in limits(on_eval)].count(True) == 1
    assert not any(text.startswith("No test split") for text in limits(facts))


def test_types_without_training_data_are_limits(facts):
    train, *others = facts.data.splits
    train = dataclasses.replace(train, entities={"person": 3})
    data = dataclasses.replace(facts.data, splits=(train, *others))
    assert "location: absent from the training data, so it is never predicted." in limits(
        dataclasses.replace(facts, data=data)
    )


def test_drift_is_a_limit_exactly_if_the_validator_says_so(facts):
    texts = [text for text in limits(facts) if "differs from" in text]
    assert texts == [
        "span-7 differs from the champion's data: entity types: largest change of a share 0.3, limit 0.25 "
        "(PER: 60% to 30%)."
    ]
    few = dataclasses.replace(facts, drift=dataclasses.replace(facts.drift, enough=False))
    assert not any("differs from" in text for text in limits(few))


def test_good_model_has_no_limits(facts):
    scores = EntityScores(Estimate(0.9, 0.8, 1.0), Estimate(0.9), Estimate(0.9, 0.85, 0.95), 500, 500)
    entities = dataclasses.replace(facts.overall.candidate.entities, micro=scores, per_type={"person": scores})
    good = changed(facts, entities=entities, calibration=None)
    good = dataclasses.replace(
        good,
        evaluation=dataclasses.replace(good.evaluation, slices=()),
        data=dataclasses.replace(good.data, left_out=0),
        drift=DriftReport(),
    )
    assert limits(good) == []


def test_empty_evaluation_says_so(facts):
    nothing = dataclasses.replace(facts, evaluation=Evaluation(None, (), facts.evaluation.blessing))
    assert limits(nothing) == ["No sentence was evaluated, so the quality of this model is unknown."]
