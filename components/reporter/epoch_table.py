"""What a training logged after each epoch, as a table."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Self

_UNKNOWN = "\N{EN DASH}"


def _share(value: float) -> str:
    return f"{value:.1%}"


# Name in the Trainer's history -> heading and how a number is written, in the order of the table.
_COLUMNS: dict[str, tuple[str, Callable[[float], str]]] = {
    "loss": ("Loss", "{:.4f}".format),
    "val_loss": ("Loss, eval split", "{:.4f}".format),
    "val_entity_precision": ("Precision", "{:.3f}".format),
    "val_entity_recall": ("Recall", "{:.3f}".format),
    "val_entity_f1": ("F1", "{:.3f}".format),
    "outside_bias": ("Outside bias", "{:g}".format),
    "tokens_per_second": ("Tokens a second", "{:,.0f}".format),
    "data_wait": ("Waited for data", _share),
    "mfu": ("Model FLOPs utilization", _share),
}


@dataclasses.dataclass(frozen=True)
class EpochTable:
    """A history for the eye.

    Attributes:
        headings: one a column.
        rows: text of each cell, epoch by epoch.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, history: Sequence[Mapping[str, float | None]]) -> Self:
        """Arranges a history.

        Args:
            history: one mapping of numbers an epoch. A number that is known of no epoch has no column; names that are
                not known here come last, as they are.
        """
        logged = {name for row in history for name, value in row.items() if value is not None}
        names = [name for name in _COLUMNS if name in logged] + sorted(logged - _COLUMNS.keys())
        columns = [_COLUMNS.get(name, (name, "{:.4g}".format)) for name in names]
        return cls(
            tuple(heading for heading, _ in columns),
            tuple(
                tuple(_cell(row.get(name), write) for name, (_, write) in zip(names, columns, strict=True))
                for row in history
            ),
        )


def _cell(value: float | None, write: Callable[[float], str]) -> str:
    return _UNKNOWN if value is None else write(value)
