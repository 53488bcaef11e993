"""The section of a report about the size of the training data, filled in after `ner learning-curve`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from components.reporter.page.environment import environment
from components.reporter.page.run_section import insert_section


@dataclasses.dataclass(frozen=True)
class CurvePoint:
    """Score of a training on a part of the data.

    Attributes:
        share: share of the training data.
        sentences: number of its sentences.
        f1: entity F1 on the eval split.
    """

    share: float
    sentences: int
    f1: float


def insert_learning_curve(page: str, points: Sequence[CurvePoint]) -> str:
    """Returns a report whose section about the size of the data shows the points, at least two.

    Raises:
        ReportError: the page has no such section.
    """
    from components.reporter.page.figures import size_curve  # matplotlib takes a second to import

    figure = size_curve([(point.sentences, point.f1) for point in points])
    gain = points[-1].f1 - points[-2].f1
    section = environment().get_template("size.html.j2").render(points=points, gain=gain, figure=figure)
    return insert_section(page, "size", section)
