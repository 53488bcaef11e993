"""The serving contract: effect of settings, JSON, changes that break callers."""

from __future__ import annotations

import dataclasses
import re

import pytest
from support.settings import exporter_settings

from components.exporter.contract.contract import Contract, build_contract
from components.exporter.contract.contract_changes import breaking_changes, require_compatible
from components.exporter.errors import BreakingChangeError, ContractError

PLAIN = build_contract(exporter_settings())
ANSWER = {"tokens", "tags", "scores", "starts", "ends"}


def changed(signature, side, name, **values):
    """Returns PLAIN with one tensor changed or added."""
    tensors = dict(getattr(PLAIN.signatures[signature], side))
    tensors[name] = dataclasses.replace(tensors.get(name) or next(iter(tensors.values())), **values)
    new = dataclasses.replace(PLAIN.signatures[signature], **{side: tensors})
    return dataclasses.replace(PLAIN, signatures={**PLAIN.signatures, signature: new})


def test_the_plain_signature_is_the_default_and_the_keyed_one_stays_beside_it():
    assert set(PLAIN.signatures) == {"serving_default", "keyed", "serving_examples"}
    assert set(PLAIN.signatures["serving_default"].inputs) == {"sentence"}
    assert set(PLAIN.signatures["serving_default"].outputs) == ANSWER
    assert set(PLAIN.signatures["keyed"].outputs) == ANSWER | {"key"}
    assert PLAIN.signatures["serving_examples"].outputs["key"].shape == (None, 1)
    assert PLAIN.signatures["serving_examples"].outputs["key"].forwards == "examples:key"


def test_the_keyed_signature_as_default_keeps_the_plain_one():
    keyed = build_contract(exporter_settings(default="keyed"))
    assert set(keyed.signatures) == {"serving_default", "keyed", "unkeyed_signature", "serving_examples"}
    assert set(keyed.signatures["serving_default"].inputs) == {"key", "sentence"}
    assert keyed.signatures["unkeyed_signature"] == PLAIN.signatures["serving_default"]


def test_forwarded_features_have_their_dtype():
    contract = build_contract(exporter_settings(forward={"source": "string", "tax": "float32"}))
    forward = contract.signatures["feature_forward"]
    assert {name: tensor.dtype for name, tensor in forward.inputs.items()} == {
        "sentence": "string",
        "source": "string",
        "tax": "float32",
    }
    assert {name: tensor.forwards for name, tensor in forward.outputs.items() if tensor.forwards} == {
        "source": "source",
        "tax": "tax",
    }


def test_settings_that_contradict_the_contract_are_refused():
    cases = [
        ({"default": "both"}, "'plain' or 'keyed'"),
        ({"outputs": ("logits",)}, "'tokens', 'scores', 'offsets' or 'entities'"),
        ({"forward": {"tags": "string"}}, "`tags` is already an input or output"),
        ({"signatures": {"keyed": "package.module:function"}}, "`keyed` is already a signature"),
        ({"signatures": {"mine": "no path"}}, "signatures.mine"),
    ]
    for changes, message in cases:
        with pytest.raises(ValueError, match=message):
            exporter_settings(**changes)


@pytest.mark.parametrize("forward", [{}, {"source": "string"}])
def test_json_round_trip(forward):
    contract = build_contract(exporter_settings(default="keyed", forward=forward))
    assert Contract.from_json(contract.to_json()) == contract


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1, "signatures": {"a": {}}}', '{"version": 1}'])
def test_other_json_is_refused(text):
    with pytest.raises(ContractError, match="not a serving contract"):
        Contract.from_json(text)


def test_the_same_contract_and_an_additional_output_break_nobody():
    assert breaking_changes(PLAIN, PLAIN) == []
    assert breaking_changes(PLAIN, changed("keyed", "outputs", "entities", shape=(None, None))) == []
    assert breaking_changes(PLAIN, build_contract(exporter_settings(forward={"source": "string"}))) == []


@pytest.mark.parametrize(
    ("new", "change"),
    [
        (changed("keyed", "inputs", "language", dtype="string"), "signature keyed: new input language"),
        (changed("keyed", "inputs", "key", dtype="int64"), "input key has dtype int64 instead of string"),
        (changed("keyed", "inputs", "key", shape=(8,)), r"input key takes shape \[8\]"),
        (changed("keyed", "outputs", "tags", dtype="int64"), "output tags has dtype int64"),
        (changed("keyed", "outputs", "tags", shape=(None,)), r"output tags has shape \[any\] instead of \[any, any\]"),
        (changed("keyed", "outputs", "key", forwards=""), "no longer the key that was sent"),
        (dataclasses.replace(PLAIN, pad=""), "padded with '' instead of"),
        (dataclasses.replace(PLAIN, signatures={}), "signatures .*keyed.* are gone"),
    ],
)
def test_changes_that_break_callers_are_named(new, change):
    assert any(re.search(change, message) for message in breaking_changes(PLAIN, new))


def test_a_fixed_output_may_replace_an_open_one_and_not_the_other_way():
    fixed = changed("keyed", "outputs", "tags", shape=(None, 16))
    assert breaking_changes(PLAIN, fixed) == []
    assert breaking_changes(fixed, PLAIN) == ["signature keyed: output tags has shape [any, any] instead of [any, 16]"]


def test_a_second_output_changes_the_rest_answer_of_a_signature_with_one():
    one = dataclasses.replace(PLAIN.signatures["keyed"], outputs={"tags": PLAIN.signatures["keyed"].outputs["tags"]})
    old = dataclasses.replace(PLAIN, signatures={"keyed": one})
    [change] = breaking_changes(old, PLAIN)
    assert "REST answer" in change


def test_outputs_are_the_configured_groups_and_complete_for_evaluation():
    contract = build_contract(exporter_settings(outputs=("entities",)))
    assert len(contract.signatures["serving_default"].outputs) == 6
    assert set(contract.signatures["serving_default"].outputs) >= {"tags", "entity_texts", "entity_scores"}
    assert set(contract.signatures["serving_examples"].outputs) >= ANSWER


def test_a_fixed_length_is_in_the_shapes():
    settings = exporter_settings(outputs=("tokens", "entities"), pad="", token_length=16, decoding="constrained")
    contract = build_contract(settings)
    outputs = contract.signatures["serving_default"].outputs
    assert outputs["tags"].shape == outputs["tokens"].shape == (None, 16)
    assert outputs["entity_texts"].shape == (None, None)
    assert outputs["truncated"].dtype == "bool"
    assert contract.signatures["serving_examples"].outputs["tags"].shape == (None, None)
    assert (contract.pad, contract.valid_iob2) == ("", True)
    assert breaking_changes(contract, dataclasses.replace(contract, valid_iob2=False)) == [
        "tags are no longer always valid IOB2"
    ]


def test_changes_of_many_signatures_are_grouped_and_reported_once():
    old = build_contract(exporter_settings(forward={"source": "string"}))
    new = build_contract(exporter_settings(outputs=(), forward={}, pad="", token_length=8))
    assert breaking_changes(old, new) == [
        "rows are padded with '' instead of '[PAD]'",
        "signature feature_forward is gone",
        "signatures keyed, serving_default: outputs ends, scores, starts, tokens are gone",
    ]
    with pytest.raises(BreakingChangeError) as refused:
        require_compatible(old, new, allowed=False, champion="the champion, version 3")
    lines = str(refused.value).splitlines()
    assert lines[0] == "exporter: the new model would break callers of the champion, version 3:"
    assert lines[-1].endswith("allow it with --set exporter.allow_breaking_changes=true")
    assert len(lines) == 5
    require_compatible(old, old, allowed=False)


def test_allowed_changes_are_logged_once(caplog):
    with caplog.at_level("WARNING", logger="absl"):
        require_compatible(PLAIN, dataclasses.replace(PLAIN, pad=""), allowed=True)
    [record] = caplog.records
    assert "breaks callers of the champion: rows are padded with" in record.getMessage()
