"""Scores of one model: a part of `scores.json` (`components.evaluator.results.evaluation`)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

ERROR_KINDS = ("boundary", "type", "boundary_and_type", "spurious", "missed")
"""Kinds of errors, defined in `Scores.errors`."""

SCHEMES = ("strict", "exact", "partial", "type")
"""Schemes of nervaluate (SemEval-2013 task 9.1), defined in `Scores.nervaluate`."""


UNDEFINED = "-"
"""Text for a value without anything to count."""


@dataclasses.dataclass(frozen=True)
class Estimate:
    """Value with its 95 % interval.

    Attributes:
        value: value on the evaluated sentences; None if it is undefined, because they have nothing to count.
        low: lower end of the interval; None without an interval (no bootstrap, nothing to score).
        high: upper end of the interval.

    Example:
        >>> str(Estimate(0.345, 0.312, 0.371)), str(Estimate(None))
        ('0.345 (0.312 to 0.371)', '-')
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """Formats `0.345 (0.312 to 0.371)`, `0.345` without an interval, or `-` if undefined."""
        if self.low is None or self.high is None:
            return self.number()
        return f"{self.number()} ({self.low:.3f} to {self.high:.3f})"

    def number(self, form: str = ".3f") -> str:
        """Formats the value without its interval; `-` if it is undefined.

        Example:
            >>> Estimate(0.345, 0.312, 0.371).number(), Estimate(-0.01).number("+.3f"), Estimate(None).number()
            ('0.345', '-0.010', '-')
        """
        return UNDEFINED if self.value is None else f"{self.value:{form}}"

    def interval(self) -> str:
        """Formats the interval; "" without one.

        Example:
            >>> Estimate(0.345, 0.312, 0.371).interval()
            '0.312–0.371'
        """
        return "" if self.low is None or self.high is None else f"{self.low:.3f}\N{EN DASH}{self.high:.3f}"

    @property
    def excludes_zero(self) -> bool:
        """True if the interval, of a change, lies on one side of zero; False without an interval."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    def or_zero(self) -> float:
        """Returns the value, or 0.0 if it is undefined."""
        return 0.0 if self.value is None else self.value


@dataclasses.dataclass(frozen=True)
class EntityScores:
    """Precision, recall and F1 of entities.

    Without a gold and a predicted entity they are undefined. Precision without a predicted, or recall without a gold
    entity is 0.0 if there are others, as in seqeval.

    Attributes:
        precision: share of the predicted entities that are correct.
        recall: share of the gold entities that were predicted.
        f1: harmonic mean of precision and recall.
        support: number of gold entities.
        predicted: number of predicted entities.
    """

    precision: Estimate
    recall: Estimate
    f1: Estimate
    support: int
    predicted: int

    def shares(self) -> dict[str, Estimate]:
        """Returns `precision`, `recall` and `f1` by name."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1}


@dataclasses.dataclass(frozen=True)
class TypedScores:
    """Entity scores under one interpretation of the tags.

    Attributes:
        micro: over all entities of all types.
        macro: unweighted mean over the types that occur in gold or prediction; counts are sums.
        per_type: entity type -> scores, sorted by type.
    """

    micro: EntityScores
    macro: EntityScores
    per_type: Mapping[str, EntityScores]


@dataclasses.dataclass(frozen=True)
class CalibrationBin:
    """Tokens whose predicted tag has a probability between `lower` and `upper`.

    Attributes:
        lower: lower edge, exclusive (inclusive for 0).
        upper: upper edge, inclusive.
        count: tokens in the bin; 0 makes the two means 0.0.
        mean_score: mean probability of the predicted tags.
        accuracy: share of these tags that are correct.
    """

    lower: float
    upper: float
    count: int
    mean_score: float
    accuracy: float


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Calibration of `scores` (Guo et al. 2017, "On Calibration of Modern Neural Networks").

    Attributes:
        error: expected calibration error: mean over tokens of |accuracy - mean score| of the token's bin.
        bins: bins of equal width, from 0 to 1; the points of the reliability diagram.
    """

    error: Estimate
    bins: tuple[CalibrationBin, ...]


@dataclasses.dataclass(frozen=True)
class Confusion:
    """Confusion matrix of tokens by gold and predicted type, without prefixes.

    Attributes:
        labels: "O" for tokens outside every entity, then the types, sorted.
        counts: `counts[gold][predicted]`, numbers of tokens in the order of `labels`.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclasses.dataclass(frozen=True)
class Scores:
    """Scores of one model on one slice.

    In a slice of entities (`Slice.level` "entity") only the gold and predicted entities of the slice count, and metrics
    of tokens and sentences (`token_accuracy`, `calibration`, `confusion`, `custom`) are absent.

    Attributes:
        sentences: sentences in the slice; in a slice of entities, sentences with such an entity in gold or prediction.
        tokens: gold tokens of these sentences.
        entities: exact boundaries and type, as in conlleval and seqeval's default mode.
        strict: the same with seqeval's `mode="strict", scheme=IOB2`: only `B-` begins an entity.
        boundary: boundaries only: an entity is correct if a gold entity of any type has the same boundaries.
        type_only: type only: a predicted entity is correct if it overlaps a gold entity of its type; a gold entity is
            found if a predicted entity of its type overlaps it.
        errors: number of errors of each of `ERROR_KINDS`. A wrong predicted entity counts once: `type` (correct
            boundaries, wrong type), `boundary` (overlaps a gold entity of its type), `boundary_and_type` (overlaps only
            gold entities of other types), `spurious` (overlaps none). `missed`: gold entities that no predicted entity
            overlaps.
        token_accuracy: share of the tokens with the correct tag.
        calibration: calibration of the scores of tags; None if the model returns no scores.
        confusion: only for all examples.
        custom: metrics of `evaluator.metrics` by name; undefined if the denominators add up to zero.
        nervaluate: scores by the names of nervaluate, `SCHEMES`. `strict` is `entities.micro`, `exact` is `boundary`.
            In `partial` and `type` each entity has at most one partner on the other side, which it overlaps: `partial`
            gives 1 for equal boundaries and 0.5 for others, and `type` (`ent_type` in the library) 1 for equal types.
            Empty in files of older versions.
    """

    sentences: int
    tokens: int
    entities: TypedScores
    strict: TypedScores
    boundary: EntityScores
    type_only: EntityScores
    errors: Mapping[str, int]
    token_accuracy: Estimate | None = None
    calibration: Calibration | None = None
    confusion: Confusion | None = None
    custom: Mapping[str, Estimate] = dataclasses.field(default_factory=dict)
    nervaluate: Mapping[str, EntityScores] = dataclasses.field(default_factory=dict)

    def metrics(self) -> dict[str, Estimate]:
        """Returns the metrics by the flat names that TFMA's files, blessing rules and the registry use.

        Returns:
            `entity_precision`, `entity_recall`, `entity_f1` (micro), `entity_macro_f1`, `strict_f1`, `boundary_f1`,
            `type_f1`, `entity_f1/TYPE` and so on for each type, and if present `partial_f1` and `ent_type_f1` (the
            schemes `partial` and `type` of nervaluate), `token_accuracy`, `calibration_error` and the custom metrics.
        """
        named = {f"entity_{name}": value for name, value in self.entities.micro.shares().items()}
        named["entity_macro_f1"] = self.entities.macro.f1
        named["strict_f1"] = self.strict.micro.f1
        named["boundary_f1"] = self.boundary.f1
        named["type_f1"] = self.type_only.f1
        for name, scheme in (("partial_f1", "partial"), ("ent_type_f1", "type")):
            if scheme in self.nervaluate:
                named[name] = self.nervaluate[scheme].f1
        for entity_type, scores in self.entities.per_type.items():
            named |= {f"entity_{name}/{entity_type}": value for name, value in scores.shares().items()}
        if self.token_accuracy is not None:
            named["token_accuracy"] = self.token_accuracy
        if self.calibration is not None:
            named["calibration_error"] = self.calibration.error
        return named | dict(self.custom)
