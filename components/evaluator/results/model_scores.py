"""The scores of one model, as they stand in `scores.json` (see `components.evaluator.results.evaluation`).

The classes stand in one file because they are one part of one document.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

ERROR_KINDS = ("boundary", "type", "boundary_and_type", "spurious", "missed")
"""See `Scores.errors`."""


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A number and how far it can be trusted.

    Attributes:
        value: the number on the evaluated sentences.
        low: lower end of its 95 % interval; None where there is none (bootstrap switched off, nothing to score).
        high: upper end.
    """

    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """Formats `0.345 (0.312 to 0.371)`, or `0.345` without an interval."""
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclasses.dataclass(frozen=True)
class EntityScores:
    """Precision, recall and F1 of entities. A share whose denominator is zero is 0.0, as in seqeval.

    Attributes:
        precision: share of the predicted entities that are right.
        recall: share of the gold entities that were found.
        f1: harmonic mean of the two.
        support: number of gold entities.
        predicted: number of predicted entities.
    """

    precision: Estimate
    recall: Estimate
    f1: Estimate
    support: int
    predicted: int


@dataclasses.dataclass(frozen=True)
class TypedScores:
    """Entity scores of one reading of the tags.

    Attributes:
        micro: over all entities, whatever their type.
        macro: unweighted mean over the types that occur in gold or prediction; counts are sums.
        per_type: entity type -> scores, sorted by type.
    """

    micro: EntityScores
    macro: EntityScores
    per_type: Mapping[str, EntityScores]


@dataclasses.dataclass(frozen=True)
class CalibrationBin:
    """Tokens whose predicted tag got a probability between `lower` and `upper`.

    Attributes:
        lower: lower edge, exclusive (inclusive for 0).
        upper: upper edge, inclusive.
        count: tokens in the bin; 0 makes the two means 0.0.
        mean_score: mean probability of the predicted tags.
        accuracy: share of these tags that are right.
    """

    lower: float
    upper: float
    count: int
    mean_score: float
    accuracy: float


@dataclasses.dataclass(frozen=True)
class Calibration:
    """How well `scores` are probabilities (Guo et al. 2017, "On Calibration of Modern Neural Networks").

    Attributes:
        error: expected calibration error: mean over tokens of |accuracy - mean score| of the token's bin.
        bins: of equal width, from 0 to 1; the points of the reliability diagram.
    """

    error: Estimate
    bins: tuple[CalibrationBin, ...]


@dataclasses.dataclass(frozen=True)
class Confusion:
    """Tokens by gold and predicted type, prefixes left aside.

    Attributes:
        labels: "O" for tokens outside every entity, then the types, sorted.
        counts: `counts[gold][predicted]`, numbers of tokens, in the order of `labels`.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclasses.dataclass(frozen=True)
class Scores:
    """The scores of one model on one slice.

    In a slice of entities (`Slice.level` "entity") only the entities of the slice count, gold and predicted; what is
    counted on tokens (`token_accuracy`, `calibration`, `confusion`) is None there.

    Attributes:
        sentences: sentences in the slice; in a slice of entities, sentences with such an entity in gold or prediction.
        tokens: gold tokens of these sentences.
        entities: entities as conlleval and seqeval's default mode read them: exact ends and type.
        strict: the same as seqeval's `mode="strict", scheme=IOB2` reads them: only `B-` begins an entity.
        boundary: ends only: an entity is right when a gold entity has the same two ends, whatever the types.
        type_only: type only: a predicted entity is right when it shares a token with a gold entity of its type, and a
            gold entity is found when a predicted one of its type does so.
        errors: number of errors of each of `ERROR_KINDS`. A wrong predicted entity counts once: `type` (right ends,
            wrong type), `boundary` (shares a token with a gold entity of its type), `boundary_and_type` (shares tokens
            only with gold entities of other types), `spurious` (shares none). `missed` are the gold entities that share
            no token with any predicted one.
        token_accuracy: share of the tokens whose whole tag is right.
        calibration: of the scores of tags; None also when the model gives no scores.
        confusion: only for all examples.
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

    def metrics(self) -> dict[str, Estimate]:
        """The numbers by flat name, the names that TFMA's files, blessing rules and the registry use.

        Returns:
            `entity_precision`, `entity_recall`, `entity_f1` (micro), `entity_macro_f1`, `strict_f1`, `boundary_f1`,
            `type_f1`, `entity_f1/TYPE` and so on for each type, and where there are any `token_accuracy` and
            `calibration_error`.
        """
        named = {f"entity_{name}": value for name, value in _shares(self.entities.micro).items()}
        named["entity_macro_f1"] = self.entities.macro.f1
        named["strict_f1"] = self.strict.micro.f1
        named["boundary_f1"] = self.boundary.f1
        named["type_f1"] = self.type_only.f1
        for entity_type, scores in self.entities.per_type.items():
            named |= {f"entity_{name}/{entity_type}": value for name, value in _shares(scores).items()}
        if self.token_accuracy is not None:
            named["token_accuracy"] = self.token_accuracy
        if self.calibration is not None:
            named["calibration_error"] = self.calibration.error
        return named


def _shares(scores: EntityScores) -> dict[str, Estimate]:
    return {"precision": scores.precision, "recall": scores.recall, "f1": scores.f1}
