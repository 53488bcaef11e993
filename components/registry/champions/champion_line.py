"""The line of champions: what a history adds up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from components.registry.champions.history_entry import CHANGES, LOST, ROLLED_BACK, HistoryEntry


@dataclass(frozen=True)
class ChampionLine:
    """The champion, those to which a rollback can go, and which entries count.

    Of several changes that expected the same champion only the first in the history counts; the others came too late.
    Everybody who reads the same history comes to the same result, so nobody has to hold a lock to decide who won.

    Attributes:
        champion: The version in force; None if there is none.
        earlier: The champions before it, oldest first, without those that were rolled back: the way back.
        ever: Every version that was champion at some time, in that order.
        void: Numbers of the entries that came too late.
        taken_back: Versions that were rolled back and did not come back since.
    """

    champion: int | None = None
    earlier: tuple[int, ...] = ()
    ever: tuple[int, ...] = ()
    void: frozenset[int] = frozenset()
    taken_back: frozenset[int] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[HistoryEntry], before: Sequence[int] = ()) -> Self:
        """Adds up a history.

        Args:
            entries: All entries in the order of their numbers. After a gap (somebody deleted entries) the next change
                is believed.
            before: The champions, oldest first, where the history holds no change: a registry from before there were
                histories.
        """
        line, number = cls(), 0
        started = False
        for entry in entries:
            if entry.action in CHANGES:
                if not started or (entry.number != number + 1 and line.champion != entry.replaced):
                    line, started = line._believing(entry.replaced), True
                line = line._after(entry)
            number = entry.number
        if started or not before:
            return line
        return cls(champion=before[-1], earlier=tuple(before[:-1]), ever=tuple(before))

    def _believing(self, champion: int | None) -> Self:
        ever = self.ever if champion is None or champion in self.ever else (*self.ever, champion)
        return replace(self, champion=champion, ever=ever)

    def _after(self, entry: HistoryEntry) -> Self:
        if entry.replaced != self.champion:
            return replace(self, void=self.void | {entry.number})
        if entry.action == LOST or entry.version is None:
            return replace(self, champion=None)
        earlier, taken_back = self.earlier, self.taken_back
        if entry.action == ROLLED_BACK and self.champion is not None:
            taken_back |= {self.champion}
        if entry.action == ROLLED_BACK and entry.version in earlier:
            earlier = earlier[: len(earlier) - 1 - earlier[::-1].index(entry.version)]
        elif self.champion is not None:
            earlier = (*earlier, self.champion)
        line = self._believing(entry.version)
        return replace(line, earlier=earlier, taken_back=taken_back - {entry.version})
