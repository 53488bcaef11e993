"""Entity-level precision, recall and F1 from counts that can be added up.

An entity is correct if its type and both its ends are (the measure of the CoNLL-2003 shared task). Counts can be merged
across sentences, shards and slices; scores cannot. No library was suitable: seqeval keeps every tag of the corpus in
memory and merges nothing, scikit-learn scores tokens. The tests compare with seqeval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from components.text.spans import spans


class Scores(NamedTuple):
    """Scores of one entity type, or of all.

    Attributes:
        precision: share of the predicted entities that are correct, 0 to 1.
        recall: share of the gold entities that are predicted, 0 to 1.
        f1: harmonic mean of the two.
        support: number of gold entities.

    A score whose denominator is zero is 0.0, as in seqeval's default.

    Example:
        >>> Scores.of(correct=2, predicted=4, gold=2).precision
        0.5
    """

    precision: float
    recall: float
    f1: float
    support: int

    @classmethod
    def of(cls, correct: int, predicted: int, gold: int) -> Scores:
        """Returns the scores of these numbers of correct, predicted and gold entities."""
        return cls(
            precision=correct / predicted if predicted else 0.0,
            recall=correct / gold if gold else 0.0,
            f1=2 * correct / (predicted + gold) if predicted + gold else 0.0,
            support=gold,
        )


class EntityCounts:
    """True positives, false positives and false negatives per entity type.

    Example:
        >>> counts = EntityCounts()
        >>> counts.add(["B-PER", "I-PER", "O"], ["B-PER", "O", "O"])
        >>> counts.micro()
        Scores(precision=0.0, recall=0.0, f1=0.0, support=1)
    """

    def __init__(self) -> None:
        """Starts with zero counts."""
        # type -> [true positives, false positives, false negatives]
        self._counts: dict[str, list[int]] = {}

    def add(self, gold_tags: Sequence[str], predicted_tags: Sequence[str]) -> None:
        """Counts one sentence.

        Args:
            gold_tags: one IOB2 tag a token.
            predicted_tags: one tag for each of the same tokens.

        Raises:
            ValueError: the two differ in length; the counts do not change.
        """
        if len(gold_tags) != len(predicted_tags):
            raise ValueError(f"{len(gold_tags)} gold tags and {len(predicted_tags)} predicted tags: lengths must agree")
        gold, predicted = set(spans(gold_tags)), set(spans(predicted_tags))
        for column, group in enumerate((gold & predicted, predicted - gold, gold - predicted)):
            for span in group:
                self._of(span.type)[column] += 1

    def merge(self, other: EntityCounts) -> None:
        """Adds the counts of `other` to these."""
        for entity_type, counts in other._counts.items():
            own = self._of(entity_type)
            for column, count in enumerate(counts):
                own[column] += count

    def micro(self) -> Scores:
        """Returns the scores over all entities of all types."""
        return _of_errors(*(sum(counts[column] for counts in self._counts.values()) for column in range(3)))

    def macro(self) -> Scores:
        """Returns the unweighted mean over all types in gold or prediction, and the sum of their support.

        Without any type the scores are 0.0, where seqeval returns nan.
        """
        types = list(self.per_type().values())
        if not types:
            return Scores(0.0, 0.0, 0.0, 0)
        precision, recall, f1 = (sum(values) / len(types) for values in list(zip(*types, strict=True))[:3])
        return Scores(precision, recall, f1, sum(scores.support for scores in types))

    def per_type(self) -> dict[str, Scores]:
        """Returns the scores of each type in gold or prediction, sorted by type."""
        return {entity_type: _of_errors(*self._counts[entity_type]) for entity_type in sorted(self._counts)}

    def to_dict(self) -> dict[str, dict[str, int]]:
        """Returns the counts as JSON values: `{"PER": {"tp": 1, "fp": 0, "fn": 2}}`."""
        return {
            entity_type: dict(zip(("tp", "fp", "fn"), self._counts[entity_type], strict=True))
            for entity_type in sorted(self._counts)
        }

    @classmethod
    def from_dict(cls, counts: Mapping[str, Mapping[str, int]]) -> EntityCounts:
        """Builds counts from the result of `to_dict`.

        Raises:
            KeyError: a type lacks one of `tp`, `fp` and `fn`.
        """
        built = cls()
        for entity_type, of_type in counts.items():
            built._counts[entity_type] = [int(of_type["tp"]), int(of_type["fp"]), int(of_type["fn"])]
        return built

    def __eq__(self, other: object) -> bool:
        """Compares the counts of all types."""
        return isinstance(other, EntityCounts) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        """Returns the counts as text."""
        return f"EntityCounts({self.to_dict()})"

    def _of(self, entity_type: str) -> list[int]:
        return self._counts.setdefault(entity_type, [0, 0, 0])


def _of_errors(true_positives: int, false_positives: int, false_negatives: int) -> Scores:
    return Scores.of(true_positives, true_positives + false_positives, true_positives + false_negatives)
