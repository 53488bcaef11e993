"""Result of an evaluation: the document `scores.json`.

Report, model card, registry and command line read it with `components.evaluator.results.scores_file.read_evaluation`,
which needs neither TensorFlow nor TFX.

Conventions: every share is 0 to 1; an interval is the 95 % percentile interval of a Poisson bootstrap over sentences;
token positions count the corpus's (gold) tokens; a name in `changes` and `RuleOutcome.metric` is one of
`Scores.metrics()`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

from components.common.errors import counted
from components.evaluator.results.insights import Insights
from components.evaluator.results.model_scores import Estimate, Scores, TypedScores

FORMAT_VERSION = 1

RuleKind = Literal["bound", "max_regression", "min_gain", "significant"]
RuleState = Literal["passed", "failed", "too_small", "no_champion"]
Level = Literal["sentence", "entity"]

ALL = "all examples"
"""Name of the slice of all examples."""


@dataclasses.dataclass(frozen=True)
class Slice:
    """Part of the evaluated data.

    Attributes:
        column: slicing column: a feature, or `sentence_length`, `case`, `entity_seen`, `entity_length`; empty for all
            examples.
        value: value of the column, such as `a.conll`, `6-10`, `upper`, `unseen`; empty for all examples.
        level: "sentence": contains whole sentences; "entity": contains single entities.

    Example:
        >>> Slice("source", "a.conll").name
        'source=a.conll'
    """

    column: str = ""
    value: str = ""
    level: Level = "sentence"

    @property
    def name(self) -> str:
        """Returns `column=value`, or `ALL`."""
        return f"{self.column}={self.value}" if self.column else ALL


LARGE_GAP = 0.01
"""Entity F1 that raw text may cost before the run warns."""


FEW = 30
"""Gold entities below which a score is unreliable: with 30, the interval of a share of one half is about ±0.18."""


@dataclasses.dataclass(frozen=True)
class EndToEnd:
    """Scores as a caller gets them: raw text in, and entities that are correct to the character.

    Attributes:
        entities: the scores.
        sentences: sentences that the model cuts into other tokens than the corpus; the others score as on its tokens.
        lost: gold entities with an edge inside a token of the model, which therefore count as missed.
    """

    entities: TypedScores
    sentences: int
    lost: int


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Both models on one slice.

    Attributes:
        slice: the slice.
        candidate: scores of the new model.
        champion: scores of the champion on the same sentences; None if there is no champion.
        changes: candidate minus champion, for each metric that is defined for both; intervals are those of the paired
            difference (the same resampled sentences for both). Empty without a champion.
        end_to_end: scores of the new model on raw text; only for all examples, and None if it cuts all of them as the
            corpus is cut, because the scores are the same.
    """

    slice: Slice
    candidate: Scores
    champion: Scores | None = None
    changes: Mapping[str, Estimate] = dataclasses.field(default_factory=dict)
    end_to_end: EndToEnd | None = None

    @property
    def small_text(self) -> str:
        """Advice about scores on few entities; empty if there are at least `FEW`."""
        support = self.candidate.entities.micro.support
        if support >= FEW:
            return ""
        entities = counted(support, "labelled entity", "labelled entities")
        return (
            f"only {entities} in the evaluated sentences: the scores and their intervals say little, even without an "
            f"error. Label more of them: at least {FEW}, better hundreds"
        )

    @property
    def end_to_end_gap(self) -> float:
        """Entity F1 on the corpus's tokens minus that on raw text; 0 if they are the same."""
        if self.end_to_end is None:
            return 0.0
        return self.candidate.entities.micro.f1.or_zero() - self.end_to_end.entities.micro.f1.or_zero()

    @property
    def loses_on_raw_text(self) -> bool:
        """True if callers get an F1 that is more than `LARGE_GAP` below the one on the corpus's tokens."""
        return self.end_to_end_gap > LARGE_GAP

    @property
    def end_to_end_text(self) -> str:
        """The entity F1 on raw text in words; empty if it is that on the corpus's tokens."""
        if self.end_to_end is None or not self.end_to_end_gap:
            return ""
        served, gap = self.end_to_end, self.end_to_end_gap
        side = "below" if gap > 0 else "above"
        cut = counted(served.sentences, "sentence")
        text = (
            f"entity F1 on raw text, as served: {served.entities.micro.f1}, {abs(gap):.3f} {side} that on the corpus's "
            f"tokens: the model cuts {cut} into other tokens"
        )
        if not served.lost:
            return text
        entities = counted(served.lost, "labelled entity", "labelled entities")
        return f"{text}, in which {entities} {'begins or ends' if served.lost == 1 else 'begin or end'} inside a token"

    @property
    def f1_change(self) -> str:
        """The change of entity F1 against the champion in words, and whether it is noise; empty without a champion.

        Example:
            >>> change = Estimate(0.004, -0.006, 0.013)
            >>> Comparison(Slice(), candidate=None, changes={"entity_f1": change}).f1_change
            'F1 +0.004, within noise (95 % interval -0.006 to +0.013)'
        """
        change = self.changes.get("entity_f1")
        if change is None:
            return ""
        if change.low is None or change.high is None:
            return f"F1 {change.value:+.3f}"
        noise = "" if change.excludes_zero else ", within noise"
        return f"F1 {change.value:+.3f}{noise} (95 % interval {change.low:+.3f} to {change.high:+.3f})"


@dataclasses.dataclass(frozen=True)
class RuleOutcome:
    """Outcome of a blessing rule on one slice.

    Attributes:
        rule: `bound` (the metric must reach `bound`), or one against the champion: `max_regression` (the loss must not
            exceed `bound`), `min_gain` (the gain must reach `bound`), or `significant` (the paired interval of the gain
            must lie above `bound`, which is 0).
        metric: a name of `Scores.metrics()`.
        slice: name of the slice.
        state: "passed"; "failed" (the model is not blessed); "too_small" (fewer gold entities than `min_support`, or an
            undefined metric) and "no_champion" (nothing to compare with): the rule does not apply.
        bound: the required bound.
        support: gold entities behind the metric.
        min_support: gold entities below which the rule does not apply.
        value: the candidate's metric for `bound`, candidate minus champion for the others; None if absent.
        champion: the champion's metric; None for `bound` or without a champion.
        text: the outcome as a sentence fragment.
    """

    rule: RuleKind
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
        """Returns False only for a rule that prevents a blessing."""
        return self.state != "failed"

    @property
    def state_in_words(self) -> str:
        """The state for people: `too_small` also stands for an undefined metric."""
        return {"too_small": "does not apply", "no_champion": "no champion"}.get(self.state, self.state)


@dataclasses.dataclass(frozen=True)
class Blessing:
    """Decision whether the model may be pushed, with its reasons.

    Attributes:
        blessed: True if the model may be pushed, by the rules or by force.
        rules: all outcomes, failed ones first.
        notes: other obstacles and remarks, such as a champion that cannot be evaluated.
        forced: the reason for blessing a model against the rules; empty otherwise.
    """

    blessed: bool
    rules: tuple[RuleOutcome, ...] = ()
    notes: tuple[str, ...] = ()
    forced: str = ""

    @property
    def failures(self) -> tuple[str, ...]:
        """The texts of the failed rules. A model that is not blessed has some here or in `notes`."""
        return tuple(rule.text for rule in self.rules if not rule.passed)

    @property
    def count(self) -> str:
        """The rules in numbers: `3 of 4 rules passed, 2 do not apply`."""
        passed, failed = (sum(rule.state == state for rule in self.rules) for state in ("passed", "failed"))
        rest = len(self.rules) - passed - failed
        applied = f"{passed} of {passed + failed} rules passed" if passed + failed else "No rule applied"
        return f"{applied}, {rest} {'does' if rest == 1 else 'do'} not apply" if rest and passed + failed else applied


@dataclasses.dataclass(frozen=True)
class MarkedSpan:
    """Entity in a displayed sentence.

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
    """Confident error of the candidate, with its sentence.

    Attributes:
        kind: one of `ERROR_KINDS`.
        confidence: mean probability of the predicted tags on the tokens from `start` to `end`.
        key: key of the sentence.
        tokens: its gold tokens.
        gold: its gold entities.
        predicted: its predicted entities.
        start: first token of the wrong entity (the predicted one, or the gold one if missed).
        end: index after its last token.
        place: `file:line` of the sentence; empty if unknown.
    """

    kind: str
    confidence: float
    key: str
    tokens: tuple[str, ...]
    gold: tuple[MarkedSpan, ...]
    predicted: tuple[MarkedSpan, ...]
    start: int
    end: int
    place: str = ""


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Evaluation of a model and its champion.

    tests/components/evaluator/results/test_scores_file.py builds one with every field.

    Attributes:
        overall: both models on all examples; None if there were no examples.
        slices: both models on each slice, sorted by column and value (ranges by their lower end).
        blessing: the decision.
        errors: the candidate's most confident errors, at most twenty, of every kind, the most confident first.
        splits: names of the evaluated splits.
        champion_version: registered version of the champion as text; empty if there is none or it is not registered.
        bootstrap: number of bootstrap replicates behind the intervals; 0 without intervals.
        insights: what the errors teach; None in files of older versions.
        format: version of this format.
    """

    overall: Comparison | None
    slices: tuple[Comparison, ...]
    blessing: Blessing
    errors: tuple[ErrorInContext, ...] = ()
    splits: tuple[str, ...] = ()
    champion_version: str = ""
    bootstrap: int = 0
    insights: Insights | None = None
    format: int = FORMAT_VERSION
