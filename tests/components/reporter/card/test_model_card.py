"""Model card as JSON."""

from __future__ import annotations

import dataclasses
import json

import pytest

from components.evaluator.results.evaluation import Blessing, Evaluation
from components.exporter.contract.contract import Contract
from components.reporter.card.model_card import model_card


@pytest.fixture(scope="module")
def card(facts):
    return json.loads(json.dumps(model_card(facts)))


def test_card_holds_use_data_drift_scores_limits_and_lineage(card):
    assert card["intended_use"] == "Marks persons and places in tweets."
    assert card["languages"] == ["en"]
    assert card["data"]["description"] == "Tweets, CC BY 4.0"
    assert card["evaluation"]["metrics"]["entity_f1"] == pytest.approx({"value": 0.487, "low": 0.457, "high": 0.517})
    assert card["evaluation"]["per_type"]["person"]["support"] == 429
    assert card["evaluation"]["slices"]["entity_seen=unseen"]["f1"]["value"] == pytest.approx(0.39)
    assert card["data"]["splits"][0]["sentences"] == 3394
    assert card["drift"]["drifted"] is True
    assert len(card["limits"]) > 5
    assert card["lineage"]["run_fingerprint"] == "5f1c9d0e88aa7711"
    assert card["lineage"]["tree_hash"].startswith("7137")


def test_contract_can_be_read_back(card, facts):
    assert Contract.from_dict(card["contract"]) == facts.contract


def test_empty_evaluation_has_a_card(facts):
    nothing = dataclasses.replace(facts, evaluation=Evaluation(None, (), Blessing(False)))
    assert model_card(nothing)["evaluation"]["sentences"] == 0
