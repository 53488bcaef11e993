"""Which models are blessed."""

from __future__ import annotations

import dataclasses

import pytest

from components.evaluator.blessing.blessing import decide, support_of
from components.evaluator.blessing.rule import Rule
from components.evaluator.results.evaluation import (
    Calibration,
    Comparison,
    EntityScores,
    Estimate,
    Scores,
    Slice,
    TypedScores,
)


def scores_of(f1, support=100, error=None, **per_type):
    """Scores whose precision, recall and F1 are `f1`."""

    def entities(value, gold):
        return EntityScores(Estimate(value), Estimate(value), Estimate(value, value - 0.1, value + 0.1), gold, gold)

    typed = TypedScores(
        entities(f1, support), entities(f1, support), {kind: entities(*each) for kind, each in per_type.items()}
    )
    calibration = None if error is None else Calibration(Estimate(error), ())
    whole = entities(f1, support)
    return Scores(10, 100, typed, typed, whole, whole, {}, Estimate(0.9), calibration)


def compare(candidate, champion=None, where=""):
    column, _, value = where.partition("=")
    if champion is None:
        return Comparison(Slice(column, value), candidate)
    theirs = champion.metrics()
    changes = {
        name: Estimate(ours.value - theirs[name].value) for name, ours in candidate.metrics().items() if name in theirs
    }
    return Comparison(Slice(column, value), candidate, champion, changes)


def states(blessing):
    return [(outcome.rule, outcome.slice, outcome.state) for outcome in blessing.rules]


BOTH = [Rule("entity_f1", min=0.5, max_regression=0.02)]


@pytest.mark.parametrize(
    ("ours", "theirs", "blessed", "failed"),
    [
        (0.6, 0.55, True, []),
        (0.6, 0.6, True, []),
        (0.58, 0.6, True, []),  # a loss of exactly the margin
        (0.57, 0.6, False, ["max_regression"]),
        (0.5, 0.5, True, []),
        (0.49, 0.5, False, ["min"]),
        (0.4, 0.6, False, ["min", "max_regression"]),
    ],
)
def test_both_rules_decide_on_all_examples(ours, theirs, blessed, failed):
    decision = decide(compare(scores_of(ours), scores_of(theirs)), (), BOTH)
    assert decision.blessed == blessed
    assert [outcome.rule for outcome in decision.rules if outcome.state == "failed"] == failed
    assert len(decision.failures) == len(failed)


def test_a_first_model_is_blessed_for_what_it_reaches_alone():
    decision = decide(compare(scores_of(0.6)), (), BOTH)
    assert decision.blessed
    assert states(decision) == [
        ("min", "all examples", "passed"),
        ("max_regression", "all examples", "no_champion"),
    ]


def test_what_only_compares_blesses_no_first_model():
    decision = decide(compare(scores_of(0.6)), (), [Rule("entity_f1", max_regression=0.0)])
    assert not decision.blessed
    assert decision.notes == ("no rule decided anything, and a model is not blessed for nothing",)


@pytest.mark.parametrize("rules", [[], BOTH])
def test_nothing_evaluated_or_demanded_blesses_nothing(rules):
    assert not decide(None, (), rules).blessed
    assert not decide(compare(scores_of(1.0)), (), []).blessed
    assert decide(None, (), rules).notes == ("no example was evaluated",)


def test_one_slice_can_lose_it():
    slices = [
        compare(scores_of(0.9), scores_of(0.5), "source=a"),
        compare(scores_of(0.4), scores_of(0.5), "source=b"),
    ]
    overall = compare(scores_of(0.7), scores_of(0.5))
    assert decide(overall, slices, BOTH).blessed
    decision = decide(overall, slices, [*BOTH, Rule("entity_f1", "source", max_regression=0.05)])
    assert not decision.blessed
    (failure,) = decision.failures
    assert failure == (
        "entity_f1 of source=b changed by -0.1000 against the champion; a loss of at most 0.0500 is allowed"
    )


def test_a_rule_can_be_about_one_slice():
    slices = [compare(scores_of(0.1), where=f"source={name}") for name in "ab"]
    decision = decide(compare(scores_of(0.7)), slices, [*BOTH, Rule("entity_f1", "source=b", min=0.2)])
    assert [outcome.slice for outcome in decision.rules if outcome.state == "failed"] == ["source=b"]


def test_a_slice_with_too_little_support_does_not_decide():
    slices = [compare(scores_of(0.0, support=29), where="source=a"), compare(scores_of(0.5, 30), where="source=b")]
    decision = decide(compare(scores_of(0.7)), slices, [*BOTH, Rule("entity_f1", "source", min=0.3, min_support=30)])
    assert decision.blessed
    (small,) = (outcome for outcome in decision.rules if outcome.state == "too_small")
    assert (small.slice, small.support, small.min_support) == ("source=a", 29, 30)
    assert small.text == "entity_f1 of source=a decides nothing: 29 gold entities there, and 30 are needed"


def test_the_support_of_a_type_counts_for_its_metrics():
    scores = scores_of(0.7, PER=(0.2, 10), LOC=(0.2, 40))
    assert [support_of(metric, scores) for metric in ("entity_f1", "entity_f1/PER", "strict_f1", "entity_f1/X")] == [
        100, 10, 100, 0,
    ]  # fmt: skip
    rules = [Rule(f"entity_f1/{kind}", min=0.5, min_support=20) for kind in ("PER", "LOC", "X")]
    decision = decide(compare(scores), (), [*BOTH, *rules])
    found = {outcome.metric: outcome.state for outcome in decision.rules if "/" in outcome.metric}
    assert found == {"entity_f1/LOC": "failed", "entity_f1/PER": "too_small", "entity_f1/X": "too_small"}


def test_a_rule_about_a_slice_that_nothing_is_in_is_told():
    decision = decide(compare(scores_of(0.7)), (), [*BOTH, Rule("entity_f1", "source=c", min=0.5)])
    assert decision.blessed
    assert decision.notes == ("no example is in source=c, so its rule on entity_f1 decided nothing",)


def test_of_the_calibration_error_less_is_better():
    rules = [Rule("calibration_error", min=0.1, max_regression=0.02)]
    assert decide(compare(scores_of(0.5, error=0.08), scores_of(0.5, error=0.07)), (), rules).blessed
    decision = decide(compare(scores_of(0.5, error=0.11), scores_of(0.5, error=0.05)), (), rules)
    assert [outcome.state for outcome in decision.rules] == ["failed", "failed"]
    assert "at most 0.1000 is needed" in decision.failures[0]


def test_a_metric_that_is_not_there_fails():
    overall = dataclasses.replace(scores_of(0.9), token_accuracy=None)
    decision = decide(compare(overall, scores_of(0.9)), (), [Rule("token_accuracy", min=0.5, max_regression=0.1)])
    assert decision.failures == (
        "token_accuracy of all examples is not there to be checked",
        "token_accuracy of all examples cannot be compared: one of the models has no such metric",
    )


def test_an_obstacle_keeps_from_a_blessing_whatever_the_scores():
    decision = decide(compare(scores_of(0.9)), (), BOTH, ["the champion cannot be compared with"])
    assert not decision.blessed
    assert decision.notes == ("the champion cannot be compared with",)
    assert not decision.failures


def test_force_blesses_what_was_not_earned_and_keeps_the_outcomes():
    decision = decide(compare(scores_of(0.1)), (), BOTH, forced="contract changed")
    assert decision.blessed
    assert decision.forced == "contract changed"
    assert decision.failures == (
        "entity_f1 of all examples is 0.1000 (95 % interval 0.0000 to 0.2000); at least 0.5000 is needed",
    )
    assert decide(compare(scores_of(0.9)), (), BOTH, ["obstacle"], "why not").blessed
    assert decide(None, (), BOTH, forced="no test data yet").blessed


def test_an_earned_blessing_is_not_called_forced():
    assert decide(compare(scores_of(0.9)), (), BOTH, forced="to be sure").forced == ""


def test_failures_come_first():
    slices = [compare(scores_of(value), where=f"source={value}") for value in (0.9, 0.1)]
    decision = decide(compare(scores_of(0.9)), slices, [*BOTH, Rule("entity_f1", "source", min=0.5)])
    assert [outcome.state for outcome in decision.rules] == ["failed", "passed", "passed", "no_champion"]
