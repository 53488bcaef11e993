"""One entry of a model's history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from components.registry.names import NO_VERSION, parse_version
from components.registry.store.registered_version import RegisteredVersion

PROMOTED = "promoted"
ROLLED_BACK = "rolled back"
LOST = "lost"
"""The champion was deleted in MLflow's own UI, which asks nobody."""
REFUSED = "refused"
STOPPED = "stopped"

CHANGES = (PROMOTED, ROLLED_BACK, LOST)
"""The actions that change the champion; all others are notes."""


@dataclass(frozen=True)
class HistoryEntry:
    """What somebody did, or tried, at one place of a history.

    Attributes:
        number: Its place, given by the registry: a total order among all writers.
        action: One of `CHANGES`, or what a note says, such as `refused`.
        version: The champion after it; None if there is none, or for a note without a version.
        replaced: The champion that it is to replace; None if there was none.
        who: A person with their machine, or a pipeline run.
        why: The reason, in words.
        forced: Whether somebody overrode the missing blessing.
        when: When the registry received it, UTC.
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
        cls, action: str, version: int | None, replaced: int | None, who: str, why: str, forced: bool = False
    ) -> Self:
        """An entry that is not written yet: without a number, and with the time of this machine."""
        return cls(0, action, version, replaced, who, why, forced, datetime.now(UTC))

    def to_tags(self) -> dict[str, str]:
        """The tags by which the entry is stored; its number and time are the registry's own."""
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
        """Reads what was stored by `to_tags`.

        Raises:
            RegistryError: If a number in it is none.
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
