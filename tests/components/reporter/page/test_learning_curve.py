"""The section about the size of the training data."""

from __future__ import annotations

import pytest

from components.reporter.errors import ReportError
from components.reporter.page.learning_curve import CurvePoint, insert_learning_curve


def points(last: float) -> list[CurvePoint]:
    return [CurvePoint(0.5, 1700, 0.45), CurvePoint(1.0, 3400, last)]


@pytest.mark.parametrize(("last", "words"), [(0.5, "would still help"), (0.455, "help little"), (0.44, "hardly help")])
def test_last_doubling_is_explained(last, words):
    page = insert_learning_curve("a<!-- size: begin -->x<!-- size: end -->b", points(last))
    assert words in page
    assert "3,400 sentences: 0." in page
    assert page.startswith("a<!-- size: begin -->\n<section")
    assert insert_learning_curve(page, points(last)) == page


def test_report_says_how_to_ask_for_it(facts):
    from components.reporter.page.page import render_page

    page = render_page(facts)
    assert "<code>ner learning-curve</code>" in page
    assert "ner learning-curve" not in insert_learning_curve(page, points(0.5))


def test_other_page_is_refused():
    with pytest.raises(ReportError, match="no section size"):
        insert_learning_curve("<html></html>", points(0.5))
