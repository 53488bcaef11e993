"""Findings of a check: severity, places, and the remedy."""

from __future__ import annotations

import dataclasses
import enum
import math
from typing import Any

from components.text.spans import Span

_MOST_PLACES = 5


class Severity(str, enum.Enum):
    """Severity of a finding: a training stops at an error, and a warning is likely to cost quality."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    def __str__(self) -> str:
        """Returns the value (`enum.StrEnum` needs Python 3.11)."""
        return self.value


@dataclasses.dataclass(frozen=True)
class Place:
    """A place in a corpus: `str(place)` is `file:line`.

    Attributes:
        file: the file, relative to the corpus.
        line: 1-based line; None for the whole file.
        label: label of this place; empty if it has none.
        tokens: tokens of the sentence; empty for a place without one.
        entities: entities of the sentence.
        start: index of the first token that the finding concerns.
        end: index after the last one.
    """

    file: str
    line: int | None
    label: str = ""
    tokens: tuple[str, ...] = ()
    entities: tuple[Span, ...] = ()
    start: int = 0
    end: int = 0

    def __str__(self) -> str:
        """Returns `file:line`."""
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclasses.dataclass(frozen=True)
class Item:
    """One case of a finding.

    Attributes:
        subject: text, word, type or file that the case is about.
        detail: the observation.
        places: the first places of it.
        count: number of its places.
    """

    subject: str
    detail: str = ""
    places: tuple[Place, ...] = ()
    count: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Returns the values for JSON."""
        places = []
        for place in self.places:
            value: dict[str, Any] = {"file": place.file, "line": place.line}
            if place.label:
                value["label"] = place.label
            if place.tokens:
                value |= {"tokens": place.tokens, "entities": [span._asdict() for span in place.entities]}
                value |= {"start": place.start, "end": place.end}
            places.append(value)
        return {"subject": self.subject, "detail": self.detail, "count": self.count, "places": places}


@dataclasses.dataclass(frozen=True)
class Finding:
    """The cases of one kind, the most certain ones first.

    Attributes:
        kind: name of the kind, for programs.
        severity: its severity.
        title: the observation.
        fix: the remedy.
        items: the cases.
        total: number of cases, also of those that are not in `items`.
    """

    kind: str
    severity: Severity
    title: str
    fix: str
    items: tuple[Item, ...] = ()
    total: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Returns the values for JSON."""
        values = {"kind": self.kind, "severity": self.severity.value, "title": self.title, "fix": self.fix}
        return {**values, "total": self.total, "items": [item.to_dict() for item in self.items]}


def certainty(count: int, total: int) -> float:
    """Returns a lower bound of a share (Wilson, one standard error): it ranks 30 of 31 above 3 of 3 and 9 of 12.

    Example:
        >>> [round(certainty(*pair), 2) for pair in ((30, 31), (3, 3), (9, 12), (1, 2))]
        [0.92, 0.75, 0.61, 0.21]
    """
    share = count / total
    return (share + 0.5 / total - math.sqrt(share * (1 - share) / total + 0.25 / total**2)) / (1 + 1 / total)
