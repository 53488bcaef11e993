"""Decides whether a model is blessed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.evaluator.blessing.rule import LOWER_IS_BETTER, Rule
from components.evaluator.results.evaluation import (
    ALL,
    Blessing,
    Comparison,
    Estimate,
    RuleOutcome,
    RuleState,
    Scores,
)

# 0.90 - 0.91 is -0.010000000000000009: without this, a loss of exactly the margin would count as more.
_ROUNDING = 1e-9
_ORDER = ("failed", "passed", "too_small", "no_champion")


def decide(
    overall: Comparison | None,
    slices: Sequence[Comparison],
    rules: Sequence[Rule],
    obstacles: Sequence[str] = (),
    forced: str = "",
) -> Blessing:
    """Applies the rules.

    A model earns its blessing when no rule failed, at least one was met, and nothing else is in the way. A rule does
    not decide in a slice with too few gold entities, and what compares does not decide without a champion.

    Args:
        overall: both models on all examples; None when there was none.
        slices: both models on each slice.
        rules: the rules.
        obstacles: reasons, in words, for which the model is not blessed whatever its scores are.
        forced: the reason for blessing it all the same; empty for not doing so.

    Returns:
        The decision with every outcome, failures first.
    """
    if overall is None:
        return Blessing(bool(forced), (), (*obstacles, "no example was evaluated"), forced)
    comparisons = [overall, *slices]
    outcomes: list[RuleOutcome] = []
    notes = list(obstacles)
    for rule in rules:
        places = [comparison for comparison in comparisons if _is_about(rule, comparison)]
        if not places:
            notes.append(f"no example is in {rule.slice}, so its rule on {rule.metric} decided nothing")
        outcomes += [outcome for place in places for outcome in _outcomes(rule, place)]
    if not any(outcome.state in ("passed", "failed") for outcome in outcomes):
        notes.append("no rule decided anything, and a model is not blessed for nothing")
    earned = not obstacles and {"passed"} == {o.state for o in outcomes} & {"passed", "failed"}
    ordered = sorted(outcomes, key=lambda outcome: _ORDER.index(outcome.state))
    return Blessing(earned or bool(forced), tuple(ordered), tuple(notes), "" if earned else forced)


def support_of(metric: str, scores: Scores) -> int:
    """Number of gold entities that a metric is computed from."""
    entity_type = metric.partition("/")[2]
    if not entity_type:
        return scores.entities.micro.support
    return scores.entities.per_type[entity_type].support if entity_type in scores.entities.per_type else 0


def _is_about(rule: Rule, comparison: Comparison) -> bool:
    if not rule.slice:
        return comparison.slice.name == ALL
    return rule.slice in (comparison.slice.column, comparison.slice.name)


def _outcomes(rule: Rule, place: Comparison) -> Iterator[RuleOutcome]:
    if rule.min is not None:
        yield _minimum(rule, rule.min, place)
    if rule.max_regression is not None:
        yield _regression(rule, rule.max_regression, place)


def _minimum(rule: Rule, bound: float, place: Comparison) -> RuleOutcome:
    support = support_of(rule.metric, place.candidate)
    found = place.candidate.metrics().get(rule.metric)
    what, name = f"{rule.metric} of {place.slice.name}", place.slice.name
    small = _too_small(rule, support)
    if small or found is None:
        text = f"{what} {small or 'is not there to be checked'}"
        state: RuleState = "too_small" if small else "failed"
        return RuleOutcome("min", rule.metric, name, state, bound, support, rule.min_support, None, None, text)
    lower = rule.metric in LOWER_IS_BETTER
    passed = found.value <= bound + _ROUNDING if lower else found.value >= bound - _ROUNDING
    text = f"{what} is {_spoken(found)}; at {'most' if lower else 'least'} {bound:.4f} is needed"
    state = "passed" if passed else "failed"
    return RuleOutcome("min", rule.metric, name, state, bound, support, rule.min_support, found.value, None, text)


def _regression(rule: Rule, bound: float, place: Comparison) -> RuleOutcome:
    support = support_of(rule.metric, place.candidate)
    what, name = f"{rule.metric} of {place.slice.name}", place.slice.name
    champion = None if place.champion is None else place.champion.metrics().get(rule.metric)
    change = place.changes.get(rule.metric)
    value, theirs = (None if one is None else one.value for one in (change, champion))
    state: RuleState
    if small := _too_small(rule, support):
        state, text = "too_small", f"{what} {small}"
    elif place.champion is None:
        state, text = "no_champion", f"{what} has no champion to be compared with"
    elif change is None:
        state, text = "failed", f"{what} cannot be compared: one of the models has no such metric"
    else:
        worse = change.value if rule.metric in LOWER_IS_BETTER else -change.value
        state = "passed" if worse <= bound + _ROUNDING else "failed"
        text = (
            f"{what} changed by {_spoken(change, '+')} against the champion; a loss of at most {bound:.4f} is allowed"
        )
    return RuleOutcome(
        "max_regression", rule.metric, name, state, bound, support, rule.min_support, value, theirs, text
    )


def _too_small(rule: Rule, support: int) -> str:
    if support >= rule.min_support:
        return ""
    return f"decides nothing: {support} gold entities there, and {rule.min_support} are needed"


def _spoken(estimate: Estimate, sign: str = "") -> str:
    text = f"{estimate.value:{sign}.4f}"
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text} (95 % interval {estimate.low:{sign}.4f} to {estimate.high:{sign}.4f})"
