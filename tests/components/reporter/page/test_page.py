"""Text of the page; test_page_in_chromium.py tests its layout."""

from __future__ import annotations

import dataclasses
import re

import pytest
from support.lazy import LazyModule

from components.drift_validator.drift_report import DriftReport
from components.evaluator.results.evaluation import Blessing, Evaluation
from components.evaluator.results.model_scores import Estimate

module = LazyModule("components.reporter.page.page")


@pytest.fixture(scope="module")
def page(facts):
    return module.render_page(facts)


def test_text_of_the_data_is_escaped(page):
    assert page.count("<script") == 1  # the filter
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page


def test_page_is_small_and_self_contained(page):
    assert len(page.encode()) < 1_000_000
    links = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert all(link.startswith(("#", "data:")) for link in links)
    assert "@import" not in page
    assert "url(" not in page.replace("url(#", "")


def test_page_states_the_facts(page):
    texts = ["Not blessed", "0.487", "0.457–0.517", "version 3", "entity F1 of person on all examples",
     "unseen", "Missed",
     "Expected calibration error 0.061", "weights of epoch 9 were kept", "Tokens per second", "9,876", "3,394",
     "feature_forward", "71372d8478114f1f", "5f1c9d0e88aa7711", "3 &times; empty token", "a.conll:3: x",
     "64,630 lines: 61,234 token, 3,394 boundary, 2 comment",
     "a.conll: read tags such as &#39;B_&lt;PER&gt;&#39; as B-PER",
     "belong to no split: <code>train-own.jsonl</code>, <code>dev-copy",
     "prefers entities in close cases", "bias of -1.5 on the logits of O", "train: 1 file",
     "Floor: 0.375", "Trials of the search (2)", "0.523", "test.conll:12", "train.conll:512", "41 texts",
     "The 4 most frequent of 640 different mistakes", "e.score &gt;= ",
     "Blessing rules: 1 of 3 rules passed, 2 do not apply",
    ]  # fmt: skip
    assert [text for text in texts if text not in page] == []


def test_gold_and_predicted_entities_are_marked_in_the_sentence(page):
    rows = re.findall(r'<span class="who">(\w+)</span> <span class="text" dir="auto">(.*?)</span></p>', page, re.DOTALL)
    words = [(who, " ".join(re.sub(r"<[^>]*>|&nbsp;", " ", text).split())) for who, text in rows[:2]]
    assert words == [
        ("gold", "RT @fan : Come to Empire State Building location with Sam Jones person tonight !"),
        ("predicted", "RT @fan : Come to Empire State location Building with Sam Jones person tonight !"),
    ]
    assert rows[0][1].count("entity focus") == 1


def test_first_model_without_slices_scores_or_champion_has_a_page(facts):
    overall = facts.overall
    bare = dataclasses.replace(overall.candidate, calibration=None, confusion=None, token_accuracy=None, errors={})
    evaluation = Evaluation(
        dataclasses.replace(overall, candidate=bare, champion=None, changes={}), (), Blessing(True), splits=("test",)
    )
    page = module.render_page(dataclasses.replace(facts, evaluation=evaluation, history=(), drift=DriftReport()))
    for text in (
        "Blessed",
        "no rule was broken (no champion to compare with).",
        "no champion to compare",
        "returns no scores",
        "No slices",
        "No errors",
        "No training history",
        "not measured",
    ):
        assert text in page


@pytest.mark.parametrize(
    ("floor", "f1", "text"),
    [
        (0.5, 0.75, "the model is 0.250 above it."),
        (0.5, 0.5, "the model is not above it, so it has learned no more than a list of words."),
        (1.0, 1.0, "so the corpus does not show whether the model has learned more than a list of words."),
        (1.0, 0.9, "the model is below it, so it makes errors that a list of words does not make."),
    ],
)
def test_the_floor_is_compared_with_the_model(facts, floor, f1, text):
    overall = facts.overall
    micro = dataclasses.replace(overall.candidate.entities.micro, f1=Estimate(f1))
    entities = dataclasses.replace(overall.candidate.entities, micro=micro)
    overall = dataclasses.replace(overall, candidate=dataclasses.replace(overall.candidate, entities=entities))
    shares = dataclasses.replace(facts.evaluation.insights.floor, f1=floor)
    insights = dataclasses.replace(facts.evaluation.insights, floor=shares)
    evaluation = dataclasses.replace(facts.evaluation, overall=overall, insights=insights)
    page = " ".join(module.render_page(dataclasses.replace(facts, evaluation=evaluation)).split())
    assert text in page
    assert page.count("list of words") == (f1 <= floor)


def test_training_texts_that_were_not_compared_are_counted(facts):
    insights = dataclasses.replace(facts.evaluation.insights, not_compared=1234)
    page = module.render_page(
        dataclasses.replace(facts, evaluation=dataclasses.replace(facts.evaluation, insights=insights))
    )
    assert "1,234 that come later were not compared" in page


def test_empty_evaluation_has_a_page(facts):
    nothing = dataclasses.replace(facts, evaluation=Evaluation(None, (), Blessing(False)))
    assert "No sentence was evaluated" in module.render_page(nothing)


def test_forced_blessing_shows_its_reason_and_the_failed_rules(facts):
    blessing = dataclasses.replace(facts.evaluation.blessing, blessed=True, forced="demo on <Monday>")
    page = module.render_page(
        dataclasses.replace(facts, evaluation=dataclasses.replace(facts.evaluation, blessing=blessing))
    )
    verdict = page[page.index('<div class="verdict') : page.index('<ul class="tiles')]
    assert "Blessed by force" in verdict
    assert "demo on &lt;Monday&gt;" in verdict
    assert blessing.failures[0] in verdict


def test_drift_is_shown_as_the_validator_judged_it(facts, page):
    """0.15 is above the 0.1 that the report once called notable, and below the validator's limit of 0.25."""
    assert page.count("above limit") == 1  # entity types, not genre
    assert "1 of 2 distances exceed their limit" in page
    few = dataclasses.replace(facts.drift, enough=False, sentences=(5000, 12))
    small = module.render_page(dataclasses.replace(facts, drift=few))
    assert "Limits do not apply: 12 sentences" in small
    within = dataclasses.replace(facts.drift, drifts=facts.drift.drifts[1:])
    calm = module.render_page(dataclasses.replace(facts, drift=within))
    assert "No distance exceeds its limit." in calm
    assert "above limit" not in calm


@pytest.fixture(scope="module")
def evaluation_page(evaluation, facts):
    from components.evaluator.delayed_labels.join_account import KeyCount
    from components.evaluator.labelled_corpus.changed_sentences import ChangedSentence, ChangedSentences
    from components.evaluator.labelled_corpus.result import CorpusEvaluation, DataIdentity, ModelAccount, RawTextScores

    error = evaluation.errors[0]
    changed = ChangedSentence("broken", error.key, error.tokens, error.gold, error.gold, error.predicted, 5, 7)
    model, other = (
        ModelAccount(
            name, {"tree hash": "71372d8478"}, {"TITLE": 7}, True, {}, KeyCount(3, ["k"]), KeyCount(), KeyCount()
        )
        for name in ("models:/ner/4", "http://localhost/v1/models/ner")
    )
    result = CorpusEvaluation(
        evaluation,
        DataIdentity("<b>new</b>.conll", "all", {"new.conll": "abcdef"}, 1287, 23394, {"person": 429}),
        model,
        other,
        RawTextScores(12, 56, 34, evaluation.overall),
        ChangedSentences(0, 1, 0, [changed]),
    )
    return module.render_evaluation(result, facts.created)


def test_page_of_an_evaluation_names_data_models_and_changed_sentences(evaluation_page):
    assert "<b>new</b>" not in evaluation_page
    texts = ["models:/ner/4", "http://localhost/v1/models/ner", "abcdef", "71372d8478", "Rules not met", "TITLE (7)",
     "Against the other model", "End to end, on raw text", "56 sentences", "34 that",
     "Broken: only the other model is right", "Most confident errors", "Calibration"]  # fmt: skip
    assert [text for text in texts if text not in evaluation_page] == []


def test_page_of_an_evaluation_is_self_contained_with_valid_links(evaluation_page):
    links = re.findall(r'(?:href|src)="([^"]*)"', evaluation_page)
    assert all(link.startswith(("#", "data:")) for link in links)
    ids = re.findall(r' id="([^"]*)"', evaluation_page)
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
