"""Pages about a served model, with history."""

from __future__ import annotations

import datetime
import json
import re

import pytest

from components.drift_validator.drift_report import DriftReport
from components.evaluator.delayed_labels.evaluation import DelayedLabelEvaluation
from components.evaluator.delayed_labels.join_account import JoinAccount, KeyCount
from components.reporter.errors import ReportError
from components.reporter.page import history as history_module
from components.reporter.page.history import with_history

CREATED = datetime.datetime(2026, 11, 22, 2, 30, tzinfo=datetime.UTC)


def drift_page(facts, entries=1):
    from components.reporter.page.monitoring import drift_entry, render_drift

    history = [drift_entry(facts.drift, "ner version 3", CREATED)] * entries
    return render_drift(facts.drift, model="ner <b>", requests="log.jsonl", created=CREATED, history=history)


def labels_page(facts, entries=1):
    from components.reporter.page.monitoring import delayed_labels_entry, render_delayed_labels

    result = DelayedLabelEvaluation(facts.evaluation, JoinAccount(9, 8, 7, KeyCount(2, ["k<1>"])))
    history = [delayed_labels_entry(result, CREATED)] * entries
    return render_delayed_labels(result, requests="log.jsonl", labels="l.jsonl", created=CREATED, history=history)


@pytest.mark.parametrize("render", [drift_page, labels_page])
def test_page_is_self_contained_with_valid_links(facts, render):
    page = render(facts, 3)
    links = re.findall(r'(?:href|src)="([^"]*)"', page)
    ids = re.findall(r' id="([^"]*)"', page)
    assert all(link.startswith(("#", "data:")) for link in links)
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert len(ids) == len(set(ids))
    assert page.count('role="img"') >= 1  # the history
    assert "<b>" not in page


def test_drift_page_shows_distances_verdict_and_history(facts):
    page = drift_page(facts)
    texts = ["3,394 requests of log.jsonl", "1 of 2 distances exceed their limit", "largest change of a share",
             'title="L-infinity distance"', "2026-11-22 02:30", "ner version 3", "PER: 60% to 30%"]  # fmt: skip
    assert [text for text in texts if text not in page] == []
    assert 'role="img"' not in page  # one comparison makes no history


def test_delayed_labels_page_shows_scores_mistakes_and_the_join(facts):
    page = labels_page(facts)
    texts = ["7 of 9 answers scored", "Below a threshold", "2 (k&lt;1&gt;, …)", "Mistakes by text", "Thresholds",
             "0.457–0.517"]  # fmt: skip
    assert [text for text in texts if text not in page] == []


def test_first_comparison_without_distances_has_a_page(facts):
    from components.reporter.page.monitoring import render_drift

    assert "not measured" in render_drift(DriftReport(), model="m", requests="r", created=CREATED)


def test_history_grows_next_to_the_page_and_drops_the_oldest(tmp_path, monkeypatch):
    monkeypatch.setattr(history_module, "MOST", 3)
    page = tmp_path / "drift.html"
    for number in range(5):
        entries = with_history(page, {"time": str(number)})
    assert [entry["time"] for entry in entries] == ["2", "3", "4"]
    lines = (tmp_path / "drift.history.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == entries


def test_damaged_history_is_named_and_kept(tmp_path):
    path = tmp_path / "drift.history.jsonl"
    path.write_text("{")
    with pytest.raises(ReportError, match=r"drift\.history\.jsonl:1"):
        with_history(tmp_path / "drift.html", {"time": "now"})
    assert path.read_text() == "{"
