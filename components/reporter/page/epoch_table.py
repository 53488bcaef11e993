"""Training history as a table."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from typing_extensions import Self

from components.common.errors import percent

_UNKNOWN = "\N{EN DASH}"


# Name in the Trainer's history -> heading and format, in the order of the table.
_COLUMNS: dict[str, tuple[str, Callable[[float], str]]] = {
    "loss": ("Loss", "{:.4f}".format),
    "val_loss": ("Loss, eval split", "{:.4f}".format),
    "val_entity_precision": ("Precision", "{:.3f}".format),
    "val_entity_recall": ("Recall", "{:.3f}".format),
    "val_entity_f1": ("F1", "{:.3f}".format),
    "val_entities": ("Labelled entities, eval split", "{:,.0f}".format),
    "outside_bias": ("Outside bias, added to the score of no entity", "{:+g}".format),
    "learning_rate": ("Learning rate", "{:.4g}".format),
    "tokens_per_second": ("Tokens per second", "{:,.0f}".format),
    "data_wait": ("Waiting for data", partial(percent, digits=1)),
    "mfu": ("Use of the accelerator", partial(percent, digits=1)),
}


@dataclasses.dataclass(frozen=True)
class EpochTable:
    """Formatted history.

    Attributes:
        headings: one per column.
        rows: text of each cell, one row per epoch.

    Example:
        >>> EpochTable.of([{"loss": 0.5, "mfu": None}, {"loss": 0.25}])
        EpochTable(headings=('Loss',), rows=(('0.5000',), ('0.2500',)))
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, history: Sequence[Mapping[str, float | None]]) -> Self:
        """Formats a history.

        Args:
            history: one mapping of numbers per epoch. A number that no epoch has gets no column; unknown names come
                last, unchanged.
        """
        logged = {name for row in history for name, value in row.items() if value is not None}
        names = [name for name in _COLUMNS if name in logged] + sorted(logged - _COLUMNS.keys())
        columns = [_COLUMNS.get(name, (name, "{:.4g}".format)) for name in names]
        return cls(
            tuple(heading for heading, _ in columns),
            tuple(
                tuple(_cell(row.get(name), formatted) for name, (_, formatted) in zip(names, columns, strict=True))
                for row in history
            ),
        )


def _cell(value: float | None, formatted: Callable[[float], str]) -> str:
    return _UNKNOWN if value is None else formatted(value)
