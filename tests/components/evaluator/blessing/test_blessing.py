"""Decisions whether a model is blessed."""

from __future__ import annotations

import dataclasses

import pytest

from components.evaluator.blessing.blessing import blessing_basis, decide, support_of
from components.evaluator.blessing.rule import BlessingRule
from components.evaluator.results.evaluation import Comparison, Evaluation, Slice
from components.evaluator.results.model_scores import Calibration, EntityScores, Estimate, Scores, TypedScores


def scores_of(f1, support=100, error=None, **per_type):
    """Returns scores whose precision, recall and F1 are `f1`."""

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


BOTH = [BlessingRule(metric="entity_f1", bound=0.5, max_regression=0.02)]


@pytest.mark.parametrize(
    ("ours", "theirs", "blessed", "failed"),
    [
        (0.6, 0.55, True, []),
        (0.6, 0.6, True, []),
        (0.58, 0.6, True, []),  # a loss of exactly the margin
        (0.57, 0.6, False, ["max_regression"]),
        (0.5, 0.5, True, []),
        (0.49, 0.5, False, ["bound"]),
        (0.4, 0.6, False, ["bound", "max_regression"]),
    ],
)
def test_both_bounds_apply_to_all_examples(ours, theirs, blessed, failed):
    decision = decide(compare(scores_of(ours), scores_of(theirs)), (), BOTH)
    assert decision.blessed == blessed
    assert [outcome.rule for outcome in decision.rules if outcome.state == "failed"] == failed
    assert len(decision.failures) == len(failed)


def test_first_model_is_blessed_by_absolute_bounds():
    decision = decide(compare(scores_of(0.6)), (), BOTH)
    assert decision.blessed
    assert states(decision) == [
        ("bound", "all examples", "passed"),
        ("max_regression", "all examples", "no_champion"),
    ]


def test_the_basis_of_a_blessing_names_bounds_and_what_was_compared():
    def basis(overall, rules=BOTH, slices=()):
        return blessing_basis(Evaluation(overall, slices, decide(overall, slices, rules)))

    first = compare(scores_of(0.6, PER=(0.6, 80)))
    assert basis(first) == "no rule was broken (entity F1 0.600 >= 0.5; no champion to compare with)"
    compared = compare(scores_of(0.6), scores_of(0.55))
    assert basis(compared) == "no rule was broken (entity F1 0.600 >= 0.5; 1 comparison with the champion)"
    assert basis(compared, [BlessingRule(metric="entity_f1", bound=0.5)]).endswith(
        "(entity F1 0.600 >= 0.5; no rule compares with the champion)"
    )
    metrics = ("entity_f1", "entity_precision", "entity_recall", "entity_f1/PER")
    many = basis(first, [BlessingRule(metric=name, bound=0.1) for name in metrics])
    assert "entity recall 0.600 >= 0.1; 1 more bound reached; no champion" in many
    on_slice = BlessingRule(metric="entity_f1", slice="source=a", bound=0.25)
    assert "entity F1 on source=a 0.500 >= 0.25" in basis(
        first, [on_slice], [compare(scores_of(0.5), where="source=a")]
    )


def test_comparison_alone_does_not_bless_a_first_model():
    decision = decide(compare(scores_of(0.6)), (), [BlessingRule(metric="entity_f1", max_regression=0.0)])
    assert not decision.blessed
    assert decision.notes == ("no rule applies, and a model is not blessed without a passed rule",)


@pytest.mark.parametrize("rules", [[], BOTH])
def test_empty_evaluation_or_no_rules_bless_nothing(rules):
    assert not decide(None, (), rules).blessed
    assert not decide(compare(scores_of(1.0)), (), []).blessed
    assert decide(None, (), rules).notes == ("no example was evaluated",)


def test_one_slice_can_prevent_a_blessing():
    slices = [
        compare(scores_of(0.9), scores_of(0.5), "source=a"),
        compare(scores_of(0.4), scores_of(0.5), "source=b"),
    ]
    overall = compare(scores_of(0.7), scores_of(0.5))
    assert decide(overall, slices, BOTH).blessed
    decision = decide(overall, slices, [*BOTH, BlessingRule(metric="entity_f1", slice="source", max_regression=0.05)])
    assert not decision.blessed
    (failure,) = decision.failures
    assert failure == ("entity F1 on source=b changed by -0.1000 against the champion; accepted loss: at most 0.0500")


def test_rule_can_name_one_slice():
    slices = [compare(scores_of(0.1), where=f"source={name}") for name in "ab"]
    decision = decide(
        compare(scores_of(0.7)), slices, [*BOTH, BlessingRule(metric="entity_f1", slice="source=b", bound=0.2)]
    )
    assert [outcome.slice for outcome in decision.rules if outcome.state == "failed"] == ["source=b"]


def test_rule_does_not_apply_to_a_slice_with_little_support():
    slices = [compare(scores_of(0.0, support=29), where="source=a"), compare(scores_of(0.5, 30), where="source=b")]
    decision = decide(
        compare(scores_of(0.7)),
        slices,
        [*BOTH, BlessingRule(metric="entity_f1", slice="source", bound=0.3, min_support=30)],
    )
    assert decision.blessed
    (small,) = (outcome for outcome in decision.rules if outcome.state == "too_small")
    assert (small.slice, small.support, small.min_support) == ("source=a", 29, 30)
    assert small.text == "entity F1 on source=a is not judged: 29 gold entities; required: 30"


def test_support_of_a_type_counts_for_its_metrics():
    scores = scores_of(0.7, PER=(0.2, 10), LOC=(0.2, 40))
    assert [support_of(metric, scores) for metric in ("entity_f1", "entity_f1/PER", "strict_f1", "entity_f1/X")] == [
        100, 10, 100, 0,
    ]  # fmt: skip
    rules = [BlessingRule(metric=f"entity_f1/{kind}", bound=0.5, min_support=20) for kind in ("PER", "LOC", "X")]
    decision = decide(compare(scores), (), [*BOTH, *rules])
    states_by_metric = {outcome.metric: outcome.state for outcome in decision.rules if "/" in outcome.metric}
    assert states_by_metric == {"entity_f1/LOC": "failed", "entity_f1/PER": "too_small", "entity_f1/X": "too_small"}


def test_rule_for_an_empty_slice_is_noted():
    decision = decide(
        compare(scores_of(0.7)), (), [*BOTH, BlessingRule(metric="entity_f1", slice="source=c", bound=0.5)]
    )
    assert decision.blessed
    assert decision.notes == ("source=c has no examples, so its rule on entity F1 does not apply",)


def test_bound_of_the_calibration_error_is_a_maximum():
    rules = [BlessingRule(metric="calibration_error", bound=0.1, max_regression=0.02)]
    assert decide(compare(scores_of(0.5, error=0.08), scores_of(0.5, error=0.07)), (), rules).blessed
    decision = decide(compare(scores_of(0.5, error=0.11), scores_of(0.5, error=0.05)), (), rules)
    assert [outcome.state for outcome in decision.rules] == ["failed", "failed"]
    assert "required: at most 0.1000" in decision.failures[0]


def test_missing_metric_fails():
    overall = dataclasses.replace(scores_of(0.9), token_accuracy=None)
    decision = decide(
        compare(overall, scores_of(0.9)), (), [BlessingRule(metric="token_accuracy", bound=0.5, max_regression=0.1)]
    )
    assert decision.failures == (
        "token accuracy on all examples does not exist",
        "token accuracy on all examples does not exist for both models",
    )


def test_obstacle_prevents_a_blessing():
    decision = decide(compare(scores_of(0.9)), (), BOTH, ["the champion cannot be evaluated"])
    assert not decision.blessed
    assert decision.notes == ("the champion cannot be evaluated",)
    assert not decision.failures


def test_forced_blessing_keeps_the_outcomes():
    decision = decide(compare(scores_of(0.1)), (), BOTH, forced="contract changed")
    assert decision.blessed
    assert decision.forced == "contract changed"
    assert decision.failures == (
        "entity F1 on all examples is 0.1000 (95 % interval 0.0000 to 0.2000); required: at least 0.5000",
    )
    assert decide(compare(scores_of(0.9)), (), BOTH, ["obstacle"], "why not").blessed
    assert decide(None, (), BOTH, forced="no test data yet").blessed


def test_earned_blessing_is_not_forced():
    assert decide(compare(scores_of(0.9)), (), BOTH, forced="to be sure").forced == ""


def test_failures_come_first():
    slices = [compare(scores_of(value), where=f"source={value}") for value in (0.9, 0.1)]
    decision = decide(
        compare(scores_of(0.9)), slices, [*BOTH, BlessingRule(metric="entity_f1", slice="source", bound=0.5)]
    )
    assert [outcome.state for outcome in decision.rules] == ["failed", "passed", "passed", "no_champion"]


def changed(value, low, high, metric="entity_f1"):
    """Returns a comparison whose change has an interval."""
    comparison = compare(scores_of(0.6, error=0.2), scores_of(0.6, error=0.2))
    return dataclasses.replace(comparison, changes={metric: Estimate(value, low, high)})


@pytest.mark.parametrize(
    ("gain", "state"),
    [(0.02, "passed"), (0.6 - 0.59, "passed"), (0.009, "failed"), (-0.02, "failed")],
)
def test_a_model_must_gain_as_much_as_the_rule_requires(gain, state):
    decision = decide(changed(gain, -1, 1), (), [BlessingRule(min_gain=0.01)])
    assert states(decision) == [("min_gain", "all examples", state)]
    assert "required gain: at least 0.0100" in decision.rules[0].text


@pytest.mark.parametrize(
    ("change", "metric", "state"),
    [
        ((0.02, 0.001, 0.04), "entity_f1", "passed"),
        ((0.02, 0.0, 0.04), "entity_f1", "failed"),
        ((0.004, -0.006, 0.013), "entity_f1", "failed"),
        ((-0.02, -0.04, -0.001), "entity_f1", "failed"),  # significant, and a loss
        ((0.02, None, None), "entity_f1", "failed"),
        ((-0.02, -0.04, -0.001), "calibration_error", "passed"),  # lower is better
    ],
)
def test_a_significant_gain_has_an_interval_that_excludes_zero(change, metric, state):
    decision = decide(changed(*change, metric=metric), (), [BlessingRule(metric=metric, significant=True)])
    assert states(decision) == [("significant", "all examples", state)]
    assert decision.blessed == (state == "passed")


def test_gains_do_not_apply_without_a_champion():
    rule = BlessingRule(bound=0.5, min_gain=0.01, significant=True)
    decision = decide(compare(scores_of(0.6)), (), [rule])
    assert decision.blessed
    assert [state for _, _, state in states(decision)] == ["passed", "no_champion", "no_champion"]


@pytest.mark.parametrize(
    "rule",
    [
        BlessingRule(metric="entity_f1", slice="topic=news", bound=0.5),
        BlessingRule(metric="entity_f1", slice="topic", max_regression=0.0, min_gain=0.5),
        BlessingRule(metric="entity_f1/PER", slice="topic=news", bound=0.5, significant=True),
    ],
    ids=["bound", "changes", "absent type"],
)
def test_rule_on_an_undefined_value_neither_passes_nor_fails(rule):
    overall = compare(scores_of(0.9, PER=(0.9, 50)), scores_of(0.8, PER=(0.8, 50)))
    nothing = EntityScores(Estimate(None), Estimate(None), Estimate(None), 0, 0)
    typed = TypedScores(nothing, nothing, {})
    empty = Scores(3, 9, typed, typed, nothing, nothing, {}, Estimate(1.0))
    part = Comparison(Slice("topic", "news"), empty, empty)
    decision = decide(overall, [part], [rule])
    assert {outcome.state for outcome in decision.rules} == {"too_small"}
    assert "undefined" in decision.rules[0].text
    assert not decision.blessed  # since no rule passed
    assert decide(overall, [part], [*BOTH, rule]).blessed


def test_rule_on_a_type_that_no_sentence_has_fails():
    decision = decide(compare(scores_of(0.9)), (), [BlessingRule(metric="entity_f1/PRE", bound=0.5)])
    assert decision.failures == ("entity F1 of PRE on all examples does not exist",)
