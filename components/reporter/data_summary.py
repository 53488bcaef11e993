"""The data of a run: its splits, where it came from, and what reading it mended or left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from components.reporter.split_summary import SplitSummary, split_from_dict


@dataclasses.dataclass(frozen=True)
class DataSummary:
    """The data that a model was trained and evaluated on.

    Attributes:
        splits: in the order of the examples artifact: train, eval, test.
        fingerprint: of the corpus files, one line a split; empty when unknown.
        repairs: kind of repair -> how many the reader made.
        left_out: sentences and files that were skipped because of errors.
        skipped: the first of what was skipped, `file:line: what`.
    """

    splits: tuple[SplitSummary, ...]
    fingerprint: str = ""
    repairs: Mapping[str, int] = dataclasses.field(default_factory=dict)
    left_out: int = 0
    skipped: tuple[str, ...] = ()

    @property
    def types(self) -> tuple[str, ...]:
        """All entity types, the most frequent in all splits together first."""
        totals: dict[str, int] = {}
        for split in self.splits:
            for name, count in split.entities.items():
                totals[name] = totals.get(name, 0) + count
        return tuple(sorted(totals, key=lambda name: (-totals[name], name)))

    def split(self, name: str) -> SplitSummary | None:
        """The split of that name, if there is one."""
        return next((split for split in self.splits if split.name == name), None)

    def to_dict(self) -> dict[str, Any]:
        """Returns what can be written as JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DataSummary:
        """Takes what `to_dict` gave."""
        splits = tuple(split_from_dict(split) for split in values["splits"])
        return cls(**{**values, "splits": splits, "skipped": tuple(values["skipped"])})
