"""Known limits of a model, derived from its evaluation."""

from __future__ import annotations

from collections.abc import Iterator

from components.common.errors import counted, percent
from components.evaluator.counts.slicing import ENTITY_SEEN, SEEN, UNSEEN
from components.evaluator.results.evaluation import FEW, Comparison, Evaluation
from components.evaluator.results.model_scores import EntityScores, Scores
from components.keys import EVAL_SPLIT, TRAIN_SPLIT
from components.reporter.model_facts import ModelFacts

_HALF = 0.5
_POOR_CALIBRATION = 0.05  # expected calibration error that is visible in a reliability diagram
_WORST_SLICES = 5


def limits(facts: ModelFacts) -> list[str]:
    """Returns one sentence per limit, each derived from a number in the facts.

    Limits are: few entities, a loss on raw text, rare types, types with low precision or recall, unseen entities,
    slices significantly worse than the whole, poor calibration, scores of the eval split, types without training data,
    drift, and skipped sentences.
    """
    return [*evaluation_limits(facts.evaluation), *(_data(facts) if facts.overall else ())]


def evaluation_limits(evaluation: Evaluation) -> list[str]:
    """Returns the limits that follow from an evaluation alone."""
    overall = evaluation.overall
    if overall is None:
        return ["No sentence was evaluated, so the quality of this model is unknown."]
    return [
        *_whole(overall),
        *_types(overall.candidate),
        *_unseen(evaluation),
        *_slices(evaluation),
        *_calibration(overall.candidate),
    ]


def _whole(overall: Comparison) -> Iterator[str]:
    for text in (overall.small_text, overall.end_to_end_text if overall.loses_on_raw_text else ""):
        if text:
            yield f"{text[:1].upper()}{text[1:]}."


def _types(scores: Scores) -> Iterator[str]:
    for name, of_type in sorted(scores.entities.per_type.items(), key=lambda item: item[1].f1.or_zero()):
        if of_type.support == 0:
            yield f"{name}: predicted {counted(of_type.predicted, 'time')}, but absent from the evaluated sentences."
        elif of_type.support < FEW:
            yield (
                f"{name}: only {of_type.support} in the evaluated sentences, so its F1 of {of_type.f1} is unreliable."
            )
        elif of_type.predicted == 0:
            yield f"{name}: never predicted, although the evaluated sentences contain {of_type.support:,}."
        elif of_type.f1.or_zero() < _HALF:
            yield f"{name}: {_weakness(of_type)} (F1 {of_type.f1}, {counted(of_type.support, 'entity', 'entities')})."


def _weakness(scores: EntityScores) -> str:
    parts = []
    recall, precision = scores.recall.or_zero(), scores.precision.or_zero()
    if recall < _HALF:
        parts.append(f"{percent(1 - recall, 0)} are missed")
    if precision < _HALF:
        parts.append(f"{percent(1 - precision, 0)} of the predicted ones are wrong")
    return " and ".join(parts)


def _unseen(evaluation: Evaluation) -> Iterator[str]:
    parts = [part for part in evaluation.slices if part.slice.column == ENTITY_SEEN]
    by_value = {part.slice.value: part.candidate.entities.micro for part in parts}
    seen, unseen = by_value.get(SEEN), by_value.get(UNSEEN)
    if unseen is None or not unseen.support:
        return
    if seen is None or not seen.support:
        yield "No evaluated entity occurs in the training data: all scores are for unseen entities."
    else:
        yield (
            f"Entities that are not in the training data ({unseen.support:,}): recall {unseen.recall}, against "
            f"{seen.recall} for the others."
        )


def _slices(evaluation: Evaluation) -> Iterator[str]:
    """Yields slices whose whole interval is below that of all examples, the worst first."""
    if evaluation.overall is None or evaluation.overall.candidate.entities.micro.f1.low is None:
        return
    low = evaluation.overall.candidate.entities.micro.f1.low
    worse = [part for part in evaluation.slices if _is_significantly_below(part, low)]
    for part in sorted(worse, key=lambda part: part.candidate.entities.micro.f1.or_zero())[:_WORST_SLICES]:
        micro = part.candidate.entities.micro
        entities = counted(micro.support, "entity", "entities")
        yield f"{part.slice.name}: F1 {micro.f1} on {entities}, lower than on all examples."


def _is_significantly_below(part: Comparison, low: float) -> bool:
    micro = part.candidate.entities.micro
    below = micro.f1.high is not None and micro.f1.high < low
    return part.slice.column != ENTITY_SEEN and micro.support >= FEW and below


def _calibration(scores: Scores) -> Iterator[str]:
    if scores.calibration is None or scores.calibration.error.or_zero() <= _POOR_CALIBRATION:
        return
    tokens = sum(part.count for part in scores.calibration.bins)
    surplus = sum(part.count * (part.mean_score - part.accuracy) for part in scores.calibration.bins) / tokens
    direction = "high" if surplus > 0 else "low"
    yield (
        f"Scores are too {direction} to be used as probabilities: the expected calibration error is "
        f"{scores.calibration.error.number()}."
    )


def _data(facts: ModelFacts) -> Iterator[str]:
    if EVAL_SPLIT in facts.evaluation.splits:
        yield (
            "No test split: the model is scored on the eval split, which also chose its epoch and outside bias, so its "
            "scores are too high."
        )
    if train := facts.data.split(TRAIN_SPLIT):
        for name in facts.data.types:
            if not train.entities.get(name):
                yield f"{name}: absent from the training data, so it is never predicted."
    for drift in facts.drift.exceeded if facts.drift.drifted else ():
        yield f"{drift.other} differs from {drift.reference}: {drift}."
    if facts.data.left_out:
        yield f"{facts.data.left_out:,} sentences or files of the corpus could not be read and are in no score."
