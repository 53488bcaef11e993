"""The page of `ner data check`: the findings, with the sentences that they are about."""

from __future__ import annotations

import dataclasses
import datetime

from components.common.errors import shortened
from components.corpus_tools.check import CorpusCheck, Finding, Severity
from components.corpus_tools.check.counts import type_rows
from components.corpus_tools.check.finding import Item, Place
from components.corpus_tools.check.store import OUTSIDE
from components.evaluator.results.evaluation import MarkedSpan
from components.reporter.page.environment import environment
from components.reporter.page.highlighting import Piece, pieces
from components.reporter.page.page import frame, hues

MOST_BYTES = 2_000_000
"""Size of the page; findings show fewer cases to keep it."""

_CASES, _NOTE_CASES, _PLACES = 50, 10, 3
_LONGEST_TOKEN, _LONGEST_PIECE = 100, 400  # characters


def render_check(check: CorpusCheck, created: datetime.datetime, most_bytes: int = MOST_BYTES) -> str:
    """Renders the page of a check.

    Args:
        check: the result.
        created: its time, UTC.
        most_bytes: size of the page.
    """
    cases = _CASES
    while True:
        page = _render(check, created, cases)
        if len(page.encode()) <= most_bytes or cases == 0:
            return page
        cases //= 2


def _render(check: CorpusCheck, created: datetime.datetime, cases: int) -> str:
    types = type_rows(check.splits)
    return environment().get_template("corpus_check.html.j2").render(
        **frame(),
        check=check,
        created=created,
        types=types,
        hues=hues([name for name, _ in types]),
        findings=[_Shown.of(finding, cases) for finding in check.findings],
        sums={name: split.entities.total() for name, split in check.splits.items()},
    )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class _Shown:
    """A finding as the page shows it: with its first cases.

    Attributes:
        finding: the finding.
        cases: its first cases.
        left_out: number of the others.
    """

    finding: Finding
    cases: tuple[_Case, ...]
    left_out: int

    @classmethod
    def of(cls, finding: Finding, most: int) -> _Shown:
        if finding.severity is Severity.NOTE:
            most = min(most, _NOTE_CASES)
        shown = tuple(_Case.of(item) for item in finding.items[:most])
        return cls(finding, shown, max(finding.total, len(finding.items)) - len(shown))


@dataclasses.dataclass(frozen=True)
class _Case:
    """A case: subject, observation, and its first places with their sentences cut into pieces."""

    subject: str
    detail: str
    samples: tuple[tuple[Place, tuple[Piece, ...]], ...]
    left_out: int

    @classmethod
    def of(cls, item: Item) -> _Case:
        samples = tuple((place, _pieces(place)) for place in item.places[:_PLACES])
        subject, detail = shortened(item.subject, _LONGEST_PIECE), shortened(item.detail, _LONGEST_PIECE)
        return cls(subject, detail, samples, max(item.count - len(samples), 0))


def _pieces(place: Place) -> tuple[Piece, ...]:
    """Cuts the sentence of a place; words without a label that the finding concerns are marked as outside."""
    if not place.tokens:
        return ()
    spans = [MarkedSpan(span.type, span.start, span.end) for span in place.entities]
    if place.end > place.start and not any(span.start < place.end and span.end > place.start for span in spans):
        spans.append(MarkedSpan(OUTSIDE, place.start, place.end))
    tokens = tuple(shortened(token, _LONGEST_TOKEN) for token in place.tokens)
    cut = pieces(dataclasses.replace(place, tokens=tokens), spans)
    return tuple(dataclasses.replace(piece, text=shortened(piece.text, _LONGEST_PIECE)) for piece in cut)
