"""What a user of the model should not expect of it, read off its figures."""

from __future__ import annotations

from collections.abc import Iterator

from components.evaluator.results.evaluation import Comparison, EntityScores, Estimate, Scores
from components.reporter.model_facts import ModelFacts

FEW = 30
"""Gold entities below which a score is mostly chance: with 30, a share of one half is known to about 0.18."""

_HALF = 0.5
_UNTRUE_SCORES = 0.05  # expected calibration error; 5 points is what one sees on a reliability diagram
_WORST_SLICES = 5


def limits(facts: ModelFacts) -> list[str]:
    """Says in sentences what the evaluation warns of; each is derived from a number in it.

    Returns:
        One sentence a limit: types with few entities in the evaluation, types that are mostly missed or mostly wrong,
        unseen entities, slices that are surely worse than the whole, scores that are no probabilities, types without
        training data, drifted data, sentences left out.
    """
    overall = facts.overall
    if overall is None:
        return ["No sentence was evaluated: nothing is known of this model."]
    found = [*_types(overall.candidate), *_unseen(facts), *_slices(facts), *_calibration(overall.candidate)]
    return [*found, *_data(facts)]


def _types(scores: Scores) -> Iterator[str]:
    for name, of_type in sorted(scores.entities.per_type.items(), key=lambda item: item[1].f1.value):
        if of_type.support == 0:
            yield f"{name}: predicted {of_type.predicted} times, although the evaluated sentences hold none."
        elif of_type.support < FEW:
            yield (
                f"{name}: only {of_type.support} in the evaluated sentences, so its F1 of {_told(of_type.f1)} says "
                "little."
            )
        elif of_type.predicted == 0:
            yield f"{name}: never predicted, although the evaluated sentences hold {of_type.support:,}."
        elif of_type.f1.value < _HALF:
            yield f"{name}: {_weak(of_type)} (F1 {_told(of_type.f1)}, {of_type.support:,} entities)."


def _weak(scores: EntityScores) -> str:
    missed, wrong = scores.recall.value < _HALF, scores.precision.value < _HALF
    words = [f"{1 - scores.recall.value:.0%} are missed"] if missed else []
    words += [f"{1 - scores.precision.value:.0%} of the predicted ones are wrong"] if wrong else []
    return " and ".join(words)


def _unseen(facts: ModelFacts) -> Iterator[str]:
    of = {part.slice.value: part.candidate for part in facts.evaluation.slices if part.slice.column == "entity_seen"}
    seen, unseen = of.get("seen"), of.get("unseen")
    if unseen and unseen.entities.micro.support and not (seen and seen.entities.micro.support):
        yield "None of the evaluated entities is in the training data: all scores are those of unseen entities."
    elif seen and unseen and unseen.entities.micro.support:
        yield (
            f"Entities that training never saw ({unseen.entities.micro.support:,}): recall "
            f"{_told(unseen.entities.micro.recall)}, against {_told(seen.entities.micro.recall)} for those it saw."
        )


def _slices(facts: ModelFacts) -> Iterator[str]:
    """Slices whose whole interval lies below that of all examples, the worst first."""
    if facts.overall is None or facts.overall.candidate.entities.micro.f1.low is None:
        return
    least = facts.overall.candidate.entities.micro.f1.low
    worse = [part for part in facts.evaluation.slices if _is_surely_below(part, least)]
    for part in sorted(worse, key=lambda part: part.candidate.entities.micro.f1.value)[:_WORST_SLICES]:
        micro = part.candidate.entities.micro
        yield f"{part.slice.name}: F1 {_told(micro.f1)} on {micro.support:,} entities, lower than on all examples."


def _is_surely_below(part: Comparison, least: float) -> bool:
    micro = part.candidate.entities.micro
    below = micro.f1.high is not None and micro.f1.high < least
    return part.slice.column != "entity_seen" and micro.support >= FEW and below


def _calibration(scores: Scores) -> Iterator[str]:
    if scores.calibration is None or scores.calibration.error.value <= _UNTRUE_SCORES:
        return
    tokens = sum(part.count for part in scores.calibration.bins)
    surplus = sum(part.count * (part.mean_score - part.accuracy) for part in scores.calibration.bins) / tokens
    word = "high" if surplus > 0 else "low"
    yield (
        f"Scores are too {word} to be read as probabilities: they are off by {scores.calibration.error.value:.3f} "
        "on average (expected calibration error)."
    )


def _data(facts: ModelFacts) -> Iterator[str]:
    train = facts.data.split("train")
    for name in facts.data.types if train else ():
        if train and not train.entities.get(name):
            yield f"{name}: not in the training data, so it is never predicted."
    for drift in facts.drifts():
        if drift.notable:
            yield (
                f"{drift.other} differs from {drift.reference} in {drift.what} ({drift.measure} distance "
                f"{drift.distance:.2f}; {drift.detail})."
            )
    if facts.data.left_out:
        yield f"{facts.data.left_out:,} sentences or files of the corpus could not be read and are in no figure."


def _told(estimate: Estimate) -> str:
    """`0.345 (0.312 to 0.371)`."""
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
