"""The section on the run, filled in afterwards."""

from __future__ import annotations

import dataclasses
import datetime

import pytest

from components.reporter.page import render_page
from components.reporter.report_error import ReportError
from components.reporter.run_details import NodeDetails, RunDetails
from components.reporter.run_section import insert_run

RUN = RunDetails(
    run_id="2026-11-22T02:30:00.1",
    began=datetime.datetime(2026, 11, 22, 2, 30, tzinfo=datetime.UTC),
    nodes=(
        NodeDetails("CorpusExampleGen", "cached", 0.0, 0.1, (), ("examples #2",)),
        NodeDetails("Trainer", "run", 0.5, 160.0, ("examples #2",), ("model #9", "model_run #10")),
        NodeDetails("<b>", "failed", 161.0, 1.0),
    ),
    outcome="Version 4 in the registry, the champion.",
    pushed=True,
)


def test_nodes_times_and_outcome_are_filled_in(facts):
    page = insert_run(render_page(facts), RUN)
    for text in (
        "2 of 3 nodes",
        "2 min 42 s",
        "2 min 40 s",
        "model #9, model_run #10",
        "Version 4 in",
        "2026-11-22T02:30",
    ):
        assert text in page
    assert "was still going on" not in page
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_filling_in_again_replaces(facts):
    page = render_page(facts)
    other = dataclasses.replace(RUN, run_id="other", nodes=(), outcome="", pushed=None)
    assert insert_run(insert_run(page, other), RUN) == insert_run(page, RUN)


@pytest.mark.parametrize("page", ["", "<html>", "<!-- run: begin -->", "<!-- run: end --><!-- run: begin -->"])
def test_a_page_without_the_place_is_refused(page):
    with pytest.raises(ReportError, match="no place for the run"):
        insert_run(page, RUN)
