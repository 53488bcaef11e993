"""The page as text; test_page_in_chromium.py looks at it."""

from __future__ import annotations

import dataclasses
import re

import pytest

from components.evaluator.results.evaluation import Blessing, Evaluation
from components.reporter.page import render_page


@pytest.fixture(scope="module")
def page(facts):
    return render_page(facts)


def test_what_the_data_says_is_never_markup(page):
    assert "<script" not in page
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page


def test_the_page_is_small_and_points_nowhere(page):
    assert len(page.encode()) < 1_000_000
    links = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert all(link.startswith(("#", "data:")) for link in links)
    assert "@import" not in page
    assert "url(" not in page.replace("url(#", "")


@pytest.mark.parametrize(
    "text",
    ["Not blessed", "0.487", "0.457–0.517", "version 3", "entity_f1/person of all examples", "unseen", "Missed",
     "Expected calibration error 0.061", "weights of epoch 9 were kept", "Tokens a second", "9,876",
     "champion&#39;s train", "3,394",
     "feature_forward", "71372d8478114f1f", "5f1c9d0e88aa7711", "3 &times; empty token", "a.conll:3: x",
     "outside tags get a bias of -1.5"],
)  # fmt: skip
def test_the_page_tells(page, text):
    assert text in page


def test_gold_and_predicted_entities_are_marked_in_the_sentence(page):
    rows = re.findall(r'<span class="who">(\w+)</span> <span class="text" dir="auto">(.*?)</span></p>', page, re.DOTALL)
    words = [(who, " ".join(re.sub(r"<[^>]*>|&nbsp;", " ", text).split())) for who, text in rows[:2]]
    assert words == [
        ("gold", "RT @fan : Come to Empire State Building location with Sam Jones person tonight !"),
        ("predicted", "RT @fan : Come to Empire State location Building with Sam Jones person tonight !"),
    ]
    assert rows[0][1].count("entity focus") == 1


def test_a_first_model_without_slices_scores_or_champion_has_a_page(facts):
    overall = facts.overall
    bare = dataclasses.replace(overall.candidate, calibration=None, confusion=None, token_accuracy=None, errors={})
    evaluation = Evaluation(
        dataclasses.replace(overall, candidate=bare, champion=None, changes={}), (), Blessing(True), splits=("test",)
    )
    page = render_page(dataclasses.replace(facts, evaluation=evaluation, history=(), champion_data=None))
    for text in ("Blessed", "no champion yet", "gives no scores", "No slices", "No errors", "left no history"):
        assert text in page


def test_an_evaluation_of_nothing_has_a_page(facts):
    nothing = dataclasses.replace(facts, evaluation=Evaluation(None, (), Blessing(False)))
    assert "No sentence was evaluated" in render_page(nothing)


def test_a_forced_blessing_is_told_with_its_reason_and_what_it_overrides(facts):
    blessing = dataclasses.replace(facts.evaluation.blessing, blessed=True, forced="demo on <Monday>")
    page = render_page(dataclasses.replace(facts, evaluation=dataclasses.replace(facts.evaluation, blessing=blessing)))
    verdict = page[page.index('<div class="verdict') : page.index('<ul class="tiles')]
    assert "Blessed by force" in verdict
    assert "demo on &lt;Monday&gt;" in verdict
    assert blessing.failures[0] in verdict
