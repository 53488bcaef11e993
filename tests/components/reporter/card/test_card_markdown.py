"""Model card as Markdown."""

from __future__ import annotations

import dataclasses

import pytest
import yaml

from components.evaluator.results.evaluation import Blessing, Evaluation
from components.reporter.card.card_markdown import card_markdown


@pytest.fixture(scope="module")
def card(facts):
    return card_markdown(facts)


def test_front_matter_has_the_fields_of_model_hubs(card):
    values = yaml.safe_load(card.split("---\n")[1])
    assert values["language"] == ["en"]
    assert values["pipeline_tag"] == "token-classification"
    [result] = values["model-index"][0]["results"]
    assert {metric["type"]: metric["value"] for metric in result["metrics"]} == {
        "precision": 0.537,
        "recall": 0.447,
        "f1": 0.487,
    }
    assert result["dataset"]["split"] == "test"


def test_card_has_all_sections(card):
    titles = [line[3:] for line in card.splitlines() if line.startswith("## ")]
    assert titles == ["Intended use", "Data", "Scores", "Limits", "Contract", "Serving", "Lineage"]


def test_tables_have_rows_of_equal_width(card):
    tables = [block.splitlines() for block in card.split("\n\n") if block.startswith("| ")]
    assert len(tables) >= 9
    for table in tables:
        widths = {row.replace("\\|", "").count("|") for row in table}
        assert len(widths) == 1, table
        assert set(table[1]) <= set("|-:"), table


def test_names_from_the_data_are_escaped(card):
    assert "\\<script\\>" in card
    assert "| <script" not in card


def test_scores_have_intervals_and_the_champion(card):
    assert "| Entity F1 | 0.487 (0.457 to 0.517) | 0.456 (0.426 to 0.486) | 0.031 (0.012 to 0.050) |" in card
    assert "champion 3" in card


def test_contract_section_describes_decoding(facts, card):
    section = card.split("## Contract\n\n")[1]
    assert section.startswith("Version 2.\nIt prefers entities in close cases (a bias of -1.5 ")
    assert "`scores` are calibrated on the eval split" in section
    assert "Entities with a score below 0.6 (PER) are returned as outside." in section
    changes = {"outside_bias": 0.0, "valid_iob2": True, "calibration": {}, "min_score": {}}
    plain = dataclasses.replace(facts, contract=dataclasses.replace(facts.contract, **changes))
    assert "## Contract\n\nVersion 2; tags are always valid IOB2.\n\n| signature |" in card_markdown(plain)


def test_missing_texts_are_marked_as_not_stated(facts):
    bare = dataclasses.replace(facts, card=facts.card.model_copy(update={"languages": (), "license": ""}))
    card = card_markdown(bare)
    assert "| languages | not stated |" in card
    assert "language" not in yaml.safe_load(card.split("---\n")[1])


def test_empty_evaluation_has_a_card(facts):
    nothing = dataclasses.replace(facts, evaluation=Evaluation(None, (), Blessing(False)))
    assert "No sentence was evaluated." in card_markdown(nothing)


@pytest.mark.parametrize(
    ("blessed", "forced", "text"),
    [
        (True, "", "It is blessed"),
        (False, "", "It is not blessed: 1 of 3 rules passed, 2 do not apply."),
        (True, "a demo", "blessed by force: a demo"),
    ],
)
def test_card_states_the_verdict(facts, blessed, forced, text):
    blessing = dataclasses.replace(facts.evaluation.blessing, blessed=blessed, forced=forced)
    card = card_markdown(
        dataclasses.replace(facts, evaluation=dataclasses.replace(facts.evaluation, blessing=blessing))
    )
    assert text in card
    assert ("- entity F1 on all examples" in card) == bool(blessing.failures)
