"""Cutting a batch into slices: of sentences, and of single entities."""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from components.evaluator.counts.entities import Entities
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.counts.training_entities import TrainingEntities
from components.evaluator.errors import EvaluationError
from components.evaluator.results.evaluation import Slice

SENTENCE_LENGTH, CASE = "sentence_length", "case"
ENTITY_SEEN, ENTITY_LENGTH = "entity_seen", "entity_length"
DERIVED = (SENTENCE_LENGTH, CASE, ENTITY_SEEN, ENTITY_LENGTH)
"""Columns that no example has and that are worked out here; a feature of such a name is not sliced by."""

SEEN, UNSEEN = "seen", "unseen"

MOST_VALUES = 1000
"""More values in one column are refused: it is a key rather than a kind, and each slice has its own counts."""


@dataclasses.dataclass(frozen=True)
class Slicer:
    """What is sliced by.

    Attributes:
        columns: features, and any of `DERIVED`.
        sentence_length: upper ends of the ranges of `sentence_length`, in tokens, rising; longer ones are a range more.
        entity_length: the same for `entity_length`.
        training_entities: for `entity_seen`.
    """

    columns: tuple[str, ...] = ()
    sentence_length: tuple[int, ...] = (5, 10, 20, 40)
    entity_length: tuple[int, ...] = (1, 2, 3)
    training_entities: TrainingEntities | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that examples must have."""
        return tuple(column for column in self.columns if column not in DERIVED)

    def sentences(
        self, batch: TaggedBatch, features: Mapping[str, Sequence[Sequence[str]]]
    ) -> Iterator[tuple[Slice, np.ndarray]]:
        """Slices of sentences.

        Args:
            batch: the sentences.
            features: for each feature that is sliced by, the values of each sentence; a sentence with several values is
                in several slices, one without any in that of the empty text.

        Yields:
            A slice, and the sentences in it: int64.

        Raises:
            EvaluationError: a feature has too many values.
        """
        for column in self.columns:
            if column == SENTENCE_LENGTH:
                names = [range_name(length, self.sentence_length) for length in batch.lengths.tolist()]
                values: Sequence[Sequence[str]] = [[name] for name in names]
            elif column == CASE:
                values = [[case_of(text)] for text in batch.texts]
            elif column in DERIVED:
                continue
            else:
                values = features[column]
            for value, members in _grouped(column, values).items():
                yield Slice(column, value, "sentence"), np.array(members)

    def entities(self, batch: TaggedBatch) -> Iterator[tuple[Slice, np.ndarray, np.ndarray]]:
        """Slices of entities.

        Yields:
            A slice, the gold entities in it and the predicted ones: bool [entities].

        Raises:
            ValueError: `entity_seen` is asked for and `training_entities` are not given.
        """
        for column in self.columns:
            if column not in (ENTITY_SEEN, ENTITY_LENGTH):
                continue
            name = self._seen if column == ENTITY_SEEN else self._length
            gold, predicted = name(batch, batch.gold_entities), name(batch, batch.predicted_entities)
            for value in sorted({*gold, *predicted}):
                yield Slice(column, str(value), "entity"), gold == value, predicted == value

    def _length(self, batch: TaggedBatch, entities: Entities) -> np.ndarray:
        names = [range_name(length, self.entity_length) for length in (entities.ends - entities.starts).tolist()]
        return np.array(names, np.str_)

    def _seen(self, batch: TaggedBatch, entities: Entities) -> np.ndarray:
        if self.training_entities is None:
            raise ValueError(f"slicing by {ENTITY_SEEN} needs training_entities")
        return np.where(self.training_entities.contain(entity_texts(batch, entities)), SEEN, UNSEEN)


def entity_texts(batch: TaggedBatch, entities: Entities) -> list[str]:
    """The tokens of each entity, joined by one space."""
    texts = []
    row_before, tokens = -1, [""]
    rows = batch.rows[entities.starts]
    starts, ends = entities.starts - batch.offsets[rows], entities.ends - batch.offsets[rows]
    for row, start, end in zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True):
        if row != row_before:
            row_before, tokens = row, batch.texts[row].split(" ")
        texts.append(" ".join(tokens[start:end]))
    return texts


def range_name(number: int, uppers: Sequence[int]) -> str:
    """The range that a number is in: `1-5`, `6-10`, …, `41+`; `3` where a range holds one number."""
    place = bisect.bisect_left(uppers, number)
    lower = uppers[place - 1] + 1 if place else 1
    if place == len(uppers):
        return f"{lower}+"
    return str(lower) if lower == uppers[place] else f"{lower}-{uppers[place]}"


def case_of(text: str) -> str:
    """`upper`, `lower` or `mixed` by the letters of a text; `uncased` where it has none that have case."""
    if text.isupper():
        return "upper"
    if text.islower():
        return "lower"
    return "mixed" if text.upper() != text.lower() else "uncased"


def slice_order(columns: Sequence[str]) -> Callable[[Slice], tuple[int, int, str]]:
    """A sorting key: columns as configured, ranges by their lower ends, everything else by its text."""

    def key(one: Slice) -> tuple[int, int, str]:
        column = columns.index(one.column) if one.column in columns else len(columns)
        lower = one.value.rstrip("+").partition("-")[0]
        ranges = one.column in (SENTENCE_LENGTH, ENTITY_LENGTH) and lower.isdigit()
        return column, int(lower) if ranges else 0, one.value

    return key


def _grouped(column: str, values: Sequence[Sequence[str]]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for row, of_row in enumerate(values):
        for value in dict.fromkeys(of_row) or ("",):
            groups.setdefault(value, []).append(row)
    if len(groups) > MOST_VALUES:
        raise EvaluationError(
            f"cannot slice by {column!r}: it has more than {MOST_VALUES} values, such as "
            f"{', '.join(list(groups)[:3])}. Slice by a feature that stands for kinds of sentences."
        )
    return groups
