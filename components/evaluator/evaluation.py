"""What an evaluation found, as one document: `scores.json`.

The classes stand in one file because they are one document; the report, the model card, the registry and the command
line read it through `components.evaluator.scores.read_evaluation` and need neither TensorFlow nor TFX.

Conventions: every share is 0 to 1; an interval is the 95 % percentile interval of a Poisson bootstrap over sentences;
token positions count the corpus's (gold) tokens; a name in `changes` and `RuleOutcome.metric` is one of
`Scores.metrics()`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

FORMAT_VERSION = 1

ALL = "all examples"
"""Name of the slice that everything is in."""

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
    level: Literal["sentence", "entity"] = "sentence"

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
    state: Literal["passed", "failed", "too_small", "no_champion"]
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
        blessed: every rule that counts passed, and at least one counted.
        rules: all rules with their outcomes, failed ones first.
        notes: what else has to be told, such as slices that a rule names and no example is in.
    """

    blessed: bool
    rules: tuple[RuleOutcome, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[str, ...]:
        """The texts of the failed rules; with none of these and no blessing, `notes` says why."""
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
class Mistake:
    """A confident mistake of the candidate: at most one a sentence, and a sentence's text only once.

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
        mistakes: of the candidate, the most confident first, at most twenty.
        splits: names of the evaluated splits.
        champion_version: registered version of the champion as text; empty when there is none or it is not registered.
        bootstrap: number of bootstrap replicates behind the intervals; 0 when there are none.
        format: version of this format.
    """

    overall: Comparison | None
    slices: tuple[Comparison, ...]
    blessing: Blessing
    mistakes: tuple[Mistake, ...] = ()
    splits: tuple[str, ...] = ()
    champion_version: str = ""
    bootstrap: int = 0
    format: int = FORMAT_VERSION


def _shares(scores: EntityScores) -> dict[str, Estimate]:
    return {"precision": scores.precision, "recall": scores.recall, "f1": scores.f1}
