"""Tables of the page as CSV and JSON."""

from __future__ import annotations

import csv
import dataclasses
import io
import json

from components.keys import MISTAKES_FILE, REPORT_JSON_FILE, SCORES_CSV_FILE
from components.reporter.page.tables import page_tables


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_files_hold_what_the_page_shows(evaluation):
    files = page_tables(evaluation, limits=["few"])
    mistakes = rows(files[MISTAKES_FILE])
    assert mistakes[0] == {
        "kind": "missed", "gold_text": "Empire State", "gold_type": "location", "predicted_text": "",
        "predicted_type": "", "count": "7", "places": "test.conll:12 test.conll:90 b/ü.conll:4",
    }  # fmt: skip
    scores = rows(files[SCORES_CSV_FILE])
    assert [row["f1"] for row in scores if row["group"] in ("all", "floor")] == ["0.487000", "0.375094"]
    assert {row["group"] for row in scores} == {
        "all", "type", "case", "entity_seen", "source", "floor", "threshold"
    }  # fmt: skip
    report = json.loads(files[REPORT_JSON_FILE])
    assert report["limits"] == ["few"]
    assert report["evaluation"]["overall"]["candidate"]["entities"]["micro"]["f1"]["value"] == 0.487
    assert report["evaluation"]["insights"]["inconsistent"][0]["labels"][1]["places"] == ["train.conll:512"]


def test_spreadsheet_does_not_compute_a_text_of_the_data(evaluation):
    mistake = dataclasses.replace(evaluation.insights.mistakes[0], gold_text='=HYPERLINK("http://x")')
    insights = dataclasses.replace(evaluation.insights, mistakes=(mistake,))
    files = page_tables(dataclasses.replace(evaluation, insights=insights))
    assert rows(files[MISTAKES_FILE])[0]["gold_text"] == '\'=HYPERLINK("http://x")'
    assert any(row["f1_change"].startswith("-") or row["f1_change"] for row in rows(files[SCORES_CSV_FILE]))
