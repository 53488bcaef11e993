"""Slices of a batch: of sentences and of single entities."""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from components.evaluator.counts.entities import Entities
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.counts.text_hashes import TextHashes
from components.evaluator.errors import EvaluationError
from components.evaluator.results.evaluation import Slice

SENTENCE_LENGTH, CASE = "sentence_length", "case"
ENTITY_SEEN, ENTITY_LENGTH = "entity_seen", "entity_length"
DERIVED = (SENTENCE_LENGTH, CASE, ENTITY_SEEN, ENTITY_LENGTH)
"""Columns that are derived here; they take precedence over features of the same name."""

SEEN, UNSEEN = "seen", "unseen"

MOST_VALUES = 1000
"""Largest number of values of a column. A column with more is a key, and each slice has its own counts."""


def require_columns(columns: Sequence[str], features: Sequence[str]) -> None:
    """Checks that every slicing column exists.

    Args:
        columns: slicing columns.
        features: features of the schema.

    Raises:
        EvaluationError: a column is neither a feature nor derived.

    Example:
        >>> require_columns(["source", "case"], ["key", "source"])
    """
    for column in columns:
        if column not in features and column not in DERIVED:
            raise EvaluationError(
                f"evaluator.slices: cannot slice by {column!r}. The schema has the features "
                f"{', '.join(sorted(features))}, and derived columns are {', '.join(DERIVED)}. Correct the name in "
                "slices or rules, or add it to corpus.metadata."
            )


@dataclasses.dataclass(frozen=True)
class Slicer:
    """Slicing columns with their ranges.

    Attributes:
        columns: features, and any of `DERIVED`.
        sentence_length: rising upper ends of the ranges of `sentence_length`, in tokens; one more range is open.
        entity_length: the same for `entity_length`.
        training_entities: required for `entity_seen`.

    Example:
        >>> Slicer(("source", "case"), sentence_length=(5, 10), entity_length=(1, 2)).features
        ('source',)
    """

    columns: tuple[str, ...]
    sentence_length: tuple[int, ...]
    entity_length: tuple[int, ...]
    training_entities: TextHashes | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that are features of the examples."""
        return tuple(column for column in self.columns if column not in DERIVED)

    def sentences(
        self, batch: TaggedBatch, features: Mapping[str, Sequence[Sequence[str]]]
    ) -> Iterator[tuple[Slice, np.ndarray]]:
        """Yields slices of sentences.

        Args:
            batch: the sentences.
            features: for each feature column, the values of each sentence; a sentence with several values is in several
                slices, one without a value in the slice of the empty text.

        Yields:
            A slice, and its sentences: int64.

        Raises:
            EvaluationError: a feature has too many values.
        """
        for column in self.columns:
            if column == SENTENCE_LENGTH:
                names = [range_name(length, self.sentence_length) for length in batch.lengths.tolist()]
                values: Sequence[Sequence[str]] = [[name] for name in names]
            elif column == CASE:
                values = [[letter_case(text)] for text in batch.texts]
            elif column in DERIVED:
                continue
            else:
                values = features[column]
            for value, members in _grouped(column, values).items():
                yield Slice(column, value, "sentence"), np.array(members)

    def entities(self, batch: TaggedBatch) -> Iterator[tuple[Slice, np.ndarray, np.ndarray]]:
        """Yields slices of entities.

        Yields:
            A slice, its gold entities and its predicted entities: bool [entities] each.

        Raises:
            ValueError: `entity_seen` is a column and `training_entities` is missing.
        """
        for column in self.columns:
            if column not in (ENTITY_SEEN, ENTITY_LENGTH):
                continue
            values_of = self._seen if column == ENTITY_SEEN else self._length
            gold, predicted = values_of(batch, batch.gold_entities), values_of(batch, batch.predicted_entities)
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
    """Returns the tokens of each entity, joined by a space."""
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
    """Returns the name of the range of a number.

    Example:
        >>> [range_name(number, (1, 5, 10)) for number in (1, 3, 10, 11)]
        ['1', '2-5', '6-10', '11+']
    """
    index = bisect.bisect_left(uppers, number)
    lower = uppers[index - 1] + 1 if index else 1
    if index == len(uppers):
        return f"{lower}+"
    return str(lower) if lower == uppers[index] else f"{lower}-{uppers[index]}"


def letter_case(text: str) -> str:
    """Returns `upper`, `lower` or `mixed` by the letters of a text, or `uncased` if no letter has case."""
    if text.isupper():
        return "upper"
    if text.islower():
        return "lower"
    return "mixed" if text.upper() != text.lower() else "uncased"


def slice_order(columns: Sequence[str]) -> Callable[[Slice], tuple[int, int, str]]:
    """Returns a sort key: columns as configured, ranges by their lower ends, other values by their text."""

    def key(cut: Slice) -> tuple[int, int, str]:
        column = columns.index(cut.column) if cut.column in columns else len(columns)
        lower = cut.value.rstrip("+").partition("-")[0]
        is_range = cut.column in (SENTENCE_LENGTH, ENTITY_LENGTH) and lower.isdigit()
        return column, int(lower) if is_range else 0, cut.value

    return key


def _grouped(column: str, values: Sequence[Sequence[str]]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for row, of_row in enumerate(values):
        for value in dict.fromkeys(of_row) or ("",):
            groups.setdefault(value, []).append(row)
    if len(groups) > MOST_VALUES:
        raise EvaluationError(
            f"evaluator.slices: cannot slice by {column!r}, which has more than {MOST_VALUES} values, such as "
            f"{', '.join(list(groups)[:3])}. Slice by a feature with few values."
        )
    return groups
