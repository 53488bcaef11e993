"""History of a model: its entries, and the line of champions that they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from typing_extensions import Self

from components.registry.names import NO_VERSION, parse_version
from components.registry.store.version import RegisteredVersion

PROMOTED = "promoted"
ROLLED_BACK = "rolled back"
LOST = "lost"
"""The champion was deleted in MLflow's own web interface."""
REFUSED = "refused"
STOPPED = "stopped"

CHANGES = (PROMOTED, ROLLED_BACK, LOST)
"""Actions that change the champion; all others are notes."""


@dataclass(frozen=True)
class HistoryEntry:
    """One action, or attempted action, on a model.

    Attributes:
        number: position in the history, assigned by the registry: a total order among all writers.
        action: one of `CHANGES`, or a note such as `refused`.
        version: champion after the action; None if there is none, or for a note without a version.
        replaced: champion that the action expects to replace; None if there was none.
        who: a user with their machine, or a pipeline run.
        why: the reason.
        forced: whether a user overrode a missing blessing.
        when: time at which the registry received the entry, UTC.
    """

    number: int
    action: str
    version: int | None
    replaced: int | None
    who: str
    why: str
    forced: bool
    when: datetime

    @classmethod
    def new(
        cls, action: str, version: int | None, replaced: int | None, *, who: str, why: str, forced: bool = False
    ) -> Self:
        """Returns an entry that is not written yet: without a number, and with the time of this machine."""
        return cls(
            number=0,
            action=action,
            version=version,
            replaced=replaced,
            who=who,
            why=why,
            forced=forced,
            when=datetime.now(timezone.utc),
        )

    def to_tags(self) -> dict[str, str]:
        """Returns the tags that store the entry; number and time are the registry's own."""
        return {
            "action": self.action,
            "version": str(self.version or NO_VERSION),
            "replaced": str(self.replaced or NO_VERSION),
            "who": self.who,
            "why": self.why,
            "forced": str(self.forced).lower(),
        }

    @classmethod
    def from_version(cls, stored: RegisteredVersion) -> Self:
        """Reads the tags that `to_tags` wrote.

        Raises:
            RegistryError: a version in it is not a number.
        """
        tags = stored.tags
        return cls(
            number=stored.version,
            action=tags.get("action", ""),
            version=parse_version(tags.get("version", "")),
            replaced=parse_version(tags.get("replaced", "")),
            who=tags.get("who", ""),
            why=tags.get("why", ""),
            forced=tags.get("forced") == "true",
            when=stored.created,
        )


@dataclass(frozen=True)
class ChampionLine:
    """The champion, the champions before it, and the entries that do not count.

    Of several changes that expect the same champion only the first in the history counts. All readers of one history
    get the same result, so no lock is needed to decide who won.

    Attributes:
        champion: the current champion; None if there is none.
        earlier: champions to which a rollback goes, oldest first, without those that were rolled back.
        ever: every version that was champion at some time, in that order.
        void: numbers of the entries that lost against an earlier one.
        taken_back: versions that were rolled back and not restored since.
        last: the last change that counts.

    Example:
        >>> first = HistoryEntry.new(PROMOTED, 1, None, who="ada", why="")
        >>> second = HistoryEntry.new(PROMOTED, 2, 1, who="ada", why="")
        >>> ChampionLine.of([replace(first, number=1), replace(second, number=2)]).champion
        2
    """

    champion: int | None = None
    earlier: tuple[int, ...] = ()
    ever: tuple[int, ...] = ()
    void: frozenset[int] = frozenset()
    taken_back: frozenset[int] = frozenset()
    last: HistoryEntry | None = field(default=None, compare=False)

    @property
    def rollback(self) -> HistoryEntry | None:
        """The rollback that made the champion; None if another action did."""
        return self.last if self.last is not None and self.last.action == ROLLED_BACK else None

    @classmethod
    def of(cls, entries: Iterable[HistoryEntry], before: Sequence[int] = ()) -> Self:
        """Adds up a history.

        Args:
            entries: all entries in the order of their numbers. After a missing number (somebody deleted entries) the
                next change counts.
            before: champions of a registry without any change in its history, oldest first.
        """
        line, number = cls(), 0
        started = False
        for entry in entries:
            if entry.action in CHANGES:
                if not started or (entry.number != number + 1 and line.champion != entry.replaced):
                    line, started = line._with_champion(entry.replaced), True
                line = line._after(entry)
            number = entry.number
        if started or not before:
            return line
        return cls(champion=before[-1], earlier=tuple(before[:-1]), ever=tuple(before))

    def _with_champion(self, champion: int | None) -> Self:
        ever = self.ever if champion is None or champion in self.ever else (*self.ever, champion)
        return replace(self, champion=champion, ever=ever)

    def _after(self, entry: HistoryEntry) -> Self:
        if entry.replaced != self.champion:
            return replace(self, void=self.void | {entry.number})
        if entry.action == LOST or entry.version is None:
            return replace(self, champion=None, last=entry)
        earlier, taken_back = self.earlier, self.taken_back
        if entry.action == ROLLED_BACK and self.champion is not None:
            taken_back |= {self.champion}
        if entry.action == ROLLED_BACK and entry.version in earlier:
            earlier = earlier[: len(earlier) - 1 - earlier[::-1].index(entry.version)]
        elif self.champion is not None:
            earlier = (*earlier, self.champion)
        line = self._with_champion(entry.version)
        return replace(line, earlier=earlier, taken_back=taken_back - {entry.version}, last=entry)
