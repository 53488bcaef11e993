"""What an evaluation found, as one document: `scores.json`.

The classes stand in one file because they are one document; the report, the model card, the registry and the command
line read it through `components.evaluator.results.scores.read_evaluation` and need neither TensorFlow nor TFX.

Conventions: every share is 0 to 1; an interval is the 95 % percentile interval of a Poisson bootstrap over sentences;
token positions count the corpus's (gold) tokens; a name in `changes` and `RuleOutcome.metric` is one of
`Scores.metrics()`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

from components.evaluator.results.model_scores import (
    ERROR_KINDS,
    Calibration,
    CalibrationBin,
    Confusion,
    EntityScores,
    Estimate,
    Scores,
    TypedScores,
)

__all__ = [
    "ALL",
    "ERROR_KINDS",
    "FORMAT_VERSION",
    "Blessing",
    "Calibration",
    "CalibrationBin",
    "Comparison",
    "Confusion",
    "EntityScores",
    "ErrorInContext",
    "Estimate",
    "Evaluation",
    "Level",
    "MarkedSpan",
    "RuleOutcome",
    "RuleState",
    "Scores",
    "Slice",
    "TypedScores",
]

FORMAT_VERSION = 1

RuleState = Literal["passed", "failed", "too_small", "no_champion"]
Level = Literal["sentence", "entity"]

ALL = "all examples"
"""Name of the slice that everything is in."""


@dataclasses.dataclass(frozen=True)
class Slice:
    """A part of the evaluated data.

    Attributes:
        column: what it is cut by: a feature's name, or `sentence_length`, `case`, `entity_seen`, `entity_length`;
            empty for all examples.
        value: value of the column, such as `a.conll`, `6-10`, `upper`, `unseen`; empty for all examples.
        level: "sentence": whole sentences are in or out; "entity": single entities are.
    """

    column: str = ""
    value: str = ""
    level: Level = "sentence"

    @property
    def name(self) -> str:
        """`column=value`, or `ALL`."""
        return f"{self.column}={self.value}" if self.column else ALL


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Both models on one slice.

    Attributes:
        slice: the slice.
        candidate: scores of the new model.
        champion: scores of the champion on the same sentences; None when there is no champion.
        changes: candidate minus champion, for each name that both have in `Scores.metrics()`; intervals are of the
            paired difference (the same resampled sentences for both). Empty without a champion.
    """

    slice: Slice
    candidate: Scores
    champion: Scores | None = None
    changes: Mapping[str, Estimate] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class RuleOutcome:
    """One rule of the blessing on one slice.

    Attributes:
        rule: `min` (the metric must be at least `bound`) or `max_regression` (it may be lower than the champion's by at
            most `bound`).
        metric: a name of `Scores.metrics()`.
        slice: name of the slice.
        state: "passed"; "failed" (the model is not blessed); "too_small" (fewer gold entities than `min_support`: told
            and not counted); "no_champion" (nothing to compare with: not counted).
        bound: what is demanded.
        support: gold entities that the metric is computed from.
        min_support: gold entities below which the rule does not decide.
        value: the candidate's metric for `min`, candidate minus champion for `max_regression`; None when absent.
        champion: the champion's metric; None for `min` or without a champion.
        text: the outcome in words.
    """

    rule: Literal["min", "max_regression"]
    metric: str
    slice: str
    state: RuleState
    bound: float
    support: int
    min_support: int
    value: float | None
    champion: float | None
    text: str

    @property
    def passed(self) -> bool:
        """False only for a rule that stands in the way of a blessing."""
        return self.state != "failed"


@dataclasses.dataclass(frozen=True)
class Blessing:
    """Whether the model may be pushed, and why.

    Attributes:
        blessed: the model may be pushed: it earned it, or somebody forced it.
        rules: all rules with their outcomes, failed ones first.
        notes: what else stands in the way or has to be told, such as a champion that cannot be compared with.
        forced: the reason that was given for blessing a model that did not earn it; empty otherwise.
    """

    blessed: bool
    rules: tuple[RuleOutcome, ...] = ()
    notes: tuple[str, ...] = ()
    forced: str = ""

    @property
    def failures(self) -> tuple[str, ...]:
        """The texts of the failed rules. A model that earned no blessing has some here or in `notes`."""
        return tuple(rule.text for rule in self.rules if not rule.passed)


@dataclasses.dataclass(frozen=True)
class MarkedSpan:
    """An entity in a shown sentence.

    Attributes:
        type: entity type.
        start: index of its first token.
        end: index after its last token.
        score: mean probability of its tokens' tags; None for gold.
    """

    type: str
    start: int
    end: int
    score: float | None = None


@dataclasses.dataclass(frozen=True)
class ErrorInContext:
    """A confident error of the candidate.

    Attributes:
        kind: one of `ERROR_KINDS`.
        confidence: mean probability of the predicted tags on the tokens from `start` to `end`.
        key: key of the sentence.
        tokens: its gold tokens.
        gold: its gold entities.
        predicted: its predicted entities.
        start: first token of the entity that is wrong (predicted, or gold when missed).
        end: index after its last token.
    """

    kind: str
    confidence: float
    key: str
    tokens: tuple[str, ...]
    gold: tuple[MarkedSpan, ...]
    predicted: tuple[MarkedSpan, ...]
    start: int
    end: int


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """An evaluation.

    Attributes:
        overall: both models on all examples; None when no example was evaluated.
        slices: both models on each slice, sorted by column and value (ranges by their lower end).
        blessing: the decision.
        errors: of the candidate, the most confident first, at most twenty, each kind among them.
        splits: names of the evaluated splits.
        champion_version: registered version of the champion as text; empty when there is none or it is not registered.
        bootstrap: number of bootstrap replicates behind the intervals; 0 when there are none.
        format: version of this format.
    """

    overall: Comparison | None
    slices: tuple[Comparison, ...]
    blessing: Blessing
    errors: tuple[ErrorInContext, ...] = ()
    splits: tuple[str, ...] = ()
    champion_version: str = ""
    bootstrap: int = 0
    format: int = FORMAT_VERSION
