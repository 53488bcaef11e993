"""Entity-level precision, recall and F1 from counts that can be added up.

An entity is found when its type and both its ends are right (the CoNLL-2003 shared task's measure). Counts, not scores,
are what sentences, shards and slices are merged by. No library served: seqeval keeps every tag of the corpus in memory
and has nothing to merge; scikit-learn scores tokens. The tests compare with seqeval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from components.text.spans import spans


class Scores(NamedTuple):
    """Scores of one type, or of all.

    Attributes:
        precision: share of the predicted entities that are right, 0 to 1.
        recall: share of the gold entities that were found, 0 to 1.
        f1: harmonic mean of the two.
        support: number of gold entities.

    A score whose denominator is zero is 0.0, as in seqeval's default.
    """

    precision: float
    recall: float
    f1: float
    support: int


class EntityCounts:
    """Found, spurious and missed entities per type; `+`-able through `merge`.

    Example:
        >>> counts = EntityCounts()
        >>> counts.add(["B-PER", "I-PER", "O"], ["B-PER", "O", "O"])
        >>> counts.micro()
        Scores(precision=0.0, recall=0.0, f1=0.0, support=1)
    """

    def __init__(self) -> None:
        """Starts with nothing counted."""
        # type -> [true positives, false positives, false negatives]
        self._counts: dict[str, list[int]] = {}

    def add(self, gold_tags: Sequence[str], predicted_tags: Sequence[str]) -> None:
        """Counts one sentence.

        Args:
            gold_tags: one IOB2 tag a token.
            predicted_tags: one tag for each of the same tokens.

        Raises:
            ValueError: the two differ in length; nothing is counted then.
        """
        if len(gold_tags) != len(predicted_tags):
            raise ValueError(f"{len(gold_tags)} gold tags and {len(predicted_tags)} predicted tags: a token needs both")
        gold, predicted = set(spans(gold_tags)), set(spans(predicted_tags))
        for place, found in enumerate((gold & predicted, predicted - gold, gold - predicted)):
            for span in found:
                self._of(span.type)[place] += 1

    def merge(self, other: EntityCounts) -> None:
        """Adds the counts of `other` to these."""
        for entity_type, counts in other._counts.items():
            own = self._of(entity_type)
            for place, count in enumerate(counts):
                own[place] += count

    def micro(self) -> Scores:
        """The scores over all entities, whatever their type."""
        return _scores(*(sum(counts[place] for counts in self._counts.values()) for place in range(3)))

    def macro(self) -> Scores:
        """The unweighted mean over all types that occur in gold or prediction; support is their sum.

        0.0 where there is no type at all (seqeval gives nan there).
        """
        each = list(self.per_type().values())
        if not each:
            return Scores(0.0, 0.0, 0.0, 0)
        precision, recall, f1 = (sum(values) / len(each) for values in list(zip(*each, strict=True))[:3])
        return Scores(precision, recall, f1, sum(scores.support for scores in each))

    def per_type(self) -> dict[str, Scores]:
        """The scores of each type that occurs in gold or prediction, sorted by type."""
        return {entity_type: _scores(*self._counts[entity_type]) for entity_type in sorted(self._counts)}

    def to_dict(self) -> dict[str, dict[str, int]]:
        """The counts as a plain dict, `{"PER": {"tp": 1, "fp": 0, "fn": 2}}`; JSON keeps it."""
        return {
            entity_type: dict(zip(("tp", "fp", "fn"), self._counts[entity_type], strict=True))
            for entity_type in sorted(self._counts)
        }

    @classmethod
    def from_dict(cls, counts: Mapping[str, Mapping[str, int]]) -> EntityCounts:
        """Builds counts from what `to_dict` returned.

        Raises:
            KeyError: a type lacks one of `tp`, `fp` and `fn`.
        """
        built = cls()
        for entity_type, of_type in counts.items():
            built._counts[entity_type] = [int(of_type["tp"]), int(of_type["fp"]), int(of_type["fn"])]
        return built

    def __eq__(self, other: object) -> bool:
        """Equal counts for equal types."""
        return isinstance(other, EntityCounts) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        """The counts, readable."""
        return f"EntityCounts({self.to_dict()})"

    def _of(self, entity_type: str) -> list[int]:
        return self._counts.setdefault(entity_type, [0, 0, 0])


def _scores(true_positives: int, false_positives: int, false_negatives: int) -> Scores:
    predicted, gold = true_positives + false_positives, true_positives + false_negatives
    return Scores(
        precision=true_positives / predicted if predicted else 0.0,
        recall=true_positives / gold if gold else 0.0,
        f1=2 * true_positives / (predicted + gold) if predicted + gold else 0.0,
        support=gold,
    )
