"""Least scores of entities, by type."""

from __future__ import annotations

import dataclasses

import pytest
from support.settings import exporter_settings

from components.common.errors import NerError
from components.exporter import ExportError
from components.exporter.contract.contract import Contract, build_contract
from components.exporter.contract.contract_changes import breaking_changes

TAGS = ("[PAD]", "O", "B-PER", "I-PER", "B-creative-work")


def test_least_scores_belong_to_the_types_of_the_tagger():
    assert exporter_settings().min_scores(TAGS) == {}
    assert exporter_settings(min_score=0.5).min_scores(TAGS) == {"PER": 0.5, "creative-work": 0.5}
    assert exporter_settings(min_score={"PER": 0.6, "creative-work": 0}).min_scores(TAGS) == {"PER": 0.6}


def test_an_unknown_type_is_refused_with_the_known_ones():
    with pytest.raises(NerError) as caught:
        exporter_settings(min_score={"PERS": 0.6}).min_scores(TAGS)
    assert str(caught.value) == (
        "exporter.min_score: `PERS` is not a type of the training data. Use `PER`, `creative-work`, or remove it."
    )


def test_training_data_without_outside_tokens_has_no_tag_for_a_dropped_entity():
    with pytest.raises(ExportError, match="no token outside entities"):
        exporter_settings(min_score=0.5).min_scores(("[PAD]", "B-PER", "I-PER"))


def test_the_contract_keeps_calibration_and_least_scores_and_old_contracts_have_none():
    plain = build_contract(exporter_settings())
    contract = dataclasses.replace(
        plain, calibration={"temperature": 0.8, "outside_bias": -1.2}, min_score={"PER": 0.6}
    )
    assert Contract.from_json(contract.to_json()) == contract
    assert breaking_changes(plain, contract) == []
    values = {name: value for name, value in plain.to_dict().items() if name not in ("calibration", "min_score")}
    assert Contract.from_dict(values) == plain
