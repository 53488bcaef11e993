"""The model card as JSON."""

from __future__ import annotations

import dataclasses
import json

import pytest

from components.evaluator.results.evaluation import Blessing, Evaluation
from components.exporter.contract.contract import Contract
from components.reporter.model_card import data_of_card, model_card
from components.reporter.report_error import ReportError


@pytest.fixture(scope="module")
def card(facts):
    return json.loads(json.dumps(model_card(facts)))


def test_use_scores_limits_and_origin_are_told(card):
    assert card["intended_use"] == "Marks persons and places in tweets."
    assert card["languages"] == ["en"]
    assert card["data"]["description"] == "Tweets, CC BY 4.0"
    assert card["evaluation"]["metrics"]["entity_f1"] == pytest.approx({"value": 0.487, "low": 0.457, "high": 0.517})
    assert card["evaluation"]["per_type"]["person"]["support"] == 429
    assert card["evaluation"]["slices"]["entity_seen=unseen"]["f1"]["value"] == pytest.approx(0.39)
    assert len(card["limits"]) > 5
    assert card["lineage"]["run_fingerprint"] == "5f1c9d0e88aa7711"
    assert card["lineage"]["tree_hash"].startswith("7137")


def test_the_contract_can_be_read_back(card, facts):
    assert Contract.from_dict(card["contract"]) == facts.contract


def test_the_data_can_be_read_back(card, facts):
    assert data_of_card(json.dumps(card)) == facts.data


def test_an_evaluation_of_nothing_has_a_card(facts):
    nothing = dataclasses.replace(facts, evaluation=Evaluation(None, (), Blessing(False)))
    assert model_card(nothing)["evaluation"]["sentences"] == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "data": {"splits": [{}]}}'])
def test_other_texts_are_no_card(text):
    with pytest.raises(ReportError, match="no model card"):
        data_of_card(text)


def test_a_card_of_another_format_is_refused(card):
    with pytest.raises(ReportError, match="has format 99"):
        data_of_card(json.dumps({**card, "format": 99}))
