"""The run section, filled in after the run."""

from __future__ import annotations

import dataclasses
import datetime

import pytest
from support.lazy import LazyModule

from components.reporter.errors import ReportError
from components.reporter.page.run_section import NodeDetails, RunDetails, insert_run

module = LazyModule("components.reporter.page.page")

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
    page = insert_run(module.render_page(facts), RUN)
    for text in (
        "2 of 3 nodes",
        "2 min 42 s",
        "2 min 40 s",
        "model #9, model_run #10",
        "Version 4 in",
        "2026-11-22T02:30",
    ):
        assert text in page
    assert "before its run ended" not in page
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_filling_in_again_replaces_the_section(facts):
    page = module.render_page(facts)
    other = dataclasses.replace(RUN, run_id="other", nodes=(), outcome="", pushed=None)
    assert insert_run(insert_run(page, other), RUN) == insert_run(page, RUN)


def test_page_without_run_section_is_refused():
    for page in ("", "<html>", "<!-- run: begin -->", "<!-- run: end --><!-- run: begin -->"):
        with pytest.raises(ReportError, match="no section run"):
            insert_run(page, RUN)
