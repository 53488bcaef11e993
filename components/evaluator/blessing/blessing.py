"""Decision whether a model is blessed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from components.common.errors import counted
from components.evaluator.blessing.rule import LOWER_IS_BETTER, BlessingRule, metric_in_words
from components.evaluator.results.evaluation import (
    ALL,
    Blessing,
    Comparison,
    Evaluation,
    RuleKind,
    RuleOutcome,
    RuleState,
)
from components.evaluator.results.model_scores import Estimate, Scores

# 0.90 - 0.91 is -0.010000000000000009: without a tolerance, a loss of exactly the margin would fail.
_TOLERANCE = 1e-9
_MOST_BOUNDS = 3  # in a line about a blessing
_ORDER = ("failed", "passed", "too_small", "no_champion")


def decide(
    overall: Comparison | None,
    slices: Sequence[Comparison],
    rules: Sequence[BlessingRule],
    obstacles: Sequence[str] = (),
    forced: str = "",
    baseline: str = "the champion",
) -> Blessing:
    """Applies the rules.

    A model is blessed if no rule failed, at least one passed, and there is no obstacle. A rule does not apply to a
    slice with too few gold entities, or on which its metric is undefined; a comparison does not apply without a
    champion.

    Args:
        overall: both models on all examples; None if there were no examples.
        slices: both models on each slice.
        rules: the rules.
        obstacles: reasons, as sentence fragments, that prevent a blessing regardless of the scores.
        forced: reason for blessing the model anyway; empty: not forced.
        baseline: the model that it is compared with, in the texts.

    Returns:
        The decision with every outcome, failures first.
    """
    if overall is None:
        return Blessing(blessed=bool(forced), notes=(*obstacles, "no example was evaluated"), forced=forced)
    outcomes: list[RuleOutcome] = []
    known = {*overall.candidate.metrics(), *(overall.champion.metrics() if overall.champion else ())}
    notes = list(obstacles)
    for rule in rules:
        matching = [comparison for comparison in (overall, *slices) if _applies_to(rule, comparison)]
        if not matching:
            notes.append(f"{rule.slice} has no examples, so its rule on {metric_in_words(rule.metric)} does not apply")
        outcomes += [outcome for comparison in matching for outcome in _outcomes(rule, comparison, baseline, known)]
    decisive = {outcome.state for outcome in outcomes} & {"passed", "failed"}
    if not decisive:
        notes.append("no rule applies, and a model is not blessed without a passed rule")
    earned = not obstacles and decisive == {"passed"}
    return Blessing(
        blessed=earned or bool(forced),
        rules=tuple(sorted(outcomes, key=lambda outcome: _ORDER.index(outcome.state))),
        notes=tuple(notes),
        forced="" if earned else forced,
    )


def blessing_basis(evaluation: Evaluation) -> str:
    """Describes what the blessing of a model rests on: the bounds that it reached, and the comparison with a champion.

    Example: `no rule was broken (entity F1 0.310 >= 0.1; no champion to compare with)`.
    """
    passed = [rule for rule in evaluation.blessing.rules if rule.state == "passed"]
    bounds = [rule for rule in passed if rule.rule == "bound" and rule.value is not None]
    parts = [
        f"{metric_in_words(rule.metric)}{'' if rule.slice == ALL else f' on {rule.slice}'} {rule.value:.3f} "
        f"{'<=' if rule.metric in LOWER_IS_BETTER else '>='} {rule.bound:g}"
        for rule in bounds[:_MOST_BOUNDS]
    ]
    if more := len(bounds) - _MOST_BOUNDS:
        parts += [f"{counted(more, 'more bound')} reached"] if more > 0 else []
    if evaluation.overall is None or evaluation.overall.champion is None:
        parts.append("no champion to compare with")
    elif compared := len(passed) - len(bounds):
        parts.append(f"{counted(compared, 'comparison')} with the champion")
    else:
        parts.append("no rule compares with the champion")
    return f"no rule was broken ({'; '.join(parts)})"


def support_of(metric: str, scores: Scores) -> int:
    """Returns the number of gold entities behind a metric."""
    entity_type = metric.partition("/")[2]
    if not entity_type:
        return scores.entities.micro.support
    return scores.entities.per_type[entity_type].support if entity_type in scores.entities.per_type else 0


def _applies_to(rule: BlessingRule, comparison: Comparison) -> bool:
    if not rule.slice:
        return comparison.slice.name == ALL
    return rule.slice in (comparison.slice.column, comparison.slice.name)


def _outcomes(
    rule: BlessingRule, comparison: Comparison, baseline: str, known: Collection[str]
) -> Iterator[RuleOutcome]:
    subject = f"{metric_in_words(rule.metric)} on {comparison.slice.name}"
    support, min_support = support_of(rule.metric, comparison.candidate), rule.min_support or 0
    too_small = "" if support >= min_support else f"is not judged: {support} gold entities; required: {min_support}"
    value = _metric(rule.metric, comparison.candidate, known)
    champion = None if comparison.champion is None else _metric(rule.metric, comparison.champion, known)
    change = comparison.changes.get(rule.metric)
    bounds: list[tuple[RuleKind, float | None]] = [
        ("bound", rule.bound),
        ("max_regression", rule.max_regression),
        ("min_gain", rule.min_gain),
        ("significant", 0.0 if rule.significant else None),
    ]
    for kind, bound in bounds:
        if bound is None:
            continue
        compares = kind != "bound"
        state: RuleState
        if too_small:
            state, text = "too_small", too_small
        elif compares and comparison.champion is None:
            state, text = "no_champion", f"has no {baseline.removeprefix('the ')} to compare with"
        elif undefined := _undefined(value, champion if compares else None):
            state, text = "too_small", undefined
        elif compares:
            state, text = _judge_change(kind, rule.metric, bound, change, baseline)
        else:
            state, text = _judge_bound(rule.metric, bound, value)
        measured = change if compares else None if too_small else value
        yield RuleOutcome(
            rule=kind,
            metric=rule.metric,
            slice=comparison.slice.name,
            state=state,
            bound=bound,
            support=support,
            min_support=min_support,
            value=None if measured is None else measured.value,
            champion=champion.value if champion is not None and compares else None,
            text=f"{subject} {text}",
        )


def _metric(name: str, scores: Scores, known: Collection[str]) -> Estimate | None:
    """Returns a metric; None if it does not exist. That of a type which only other sentences have is undefined."""
    absent_type = Estimate(None) if "/" in name and name in known else None
    return scores.metrics().get(name, absent_type)


def _undefined(*values: Estimate | None) -> str:
    """Returns why a rule does not apply to values one of which is undefined; "" if it does."""
    if any(value is not None and value.value is None for value in values):
        return "is not judged: it is undefined, since there is nothing to count"
    return ""


def _judge_bound(metric: str, bound: float, value: Estimate | None) -> tuple[RuleState, str]:
    if value is None or value.value is None:
        return "failed", "does not exist"
    lower = metric in LOWER_IS_BETTER
    passed = value.value <= bound + _TOLERANCE if lower else value.value >= bound - _TOLERANCE
    text = f"is {_format(value)}; required: at {'most' if lower else 'least'} {bound:.4f}"
    return "passed" if passed else "failed", text


def _judge_change(
    kind: RuleKind, metric: str, bound: float, change: Estimate | None, baseline: str
) -> tuple[RuleState, str]:
    if change is None or change.value is None:
        return "failed", "does not exist for both models"
    gain = -change.value if metric in LOWER_IS_BETTER else change.value
    if kind == "max_regression":
        passed, required = gain >= -bound - _TOLERANCE, f"accepted loss: at most {bound:.4f}"
    elif kind == "min_gain":
        passed, required = gain >= bound - _TOLERANCE, f"required gain: at least {bound:.4f}"
    else:
        passed, required = gain > 0 and change.excludes_zero, "required: a gain whose interval excludes 0"
    text = f"changed by {_format(change, '+')} against {baseline}; {required}"
    return "passed" if passed else "failed", text


def _format(estimate: Estimate, sign: str = "") -> str:
    text = estimate.number(f"{sign}.4f")
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text} (95 % interval {estimate.low:{sign}.4f} to {estimate.high:{sign}.4f})"
