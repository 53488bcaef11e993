from __future__ import annotations

import json

import pytest

from components.common.hashing import tree_hash
from components.registry.pusher.push_gate import refusal


def _write(model_dir, content):
    file = model_dir.parent / "validation.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


@pytest.mark.parametrize("with_hash", [True, False])
def test_refusal_of_a_blessed_and_validated_model_is_nothing(model_dir, with_hash):
    report = {"passed": True, "tree_hash": tree_hash(model_dir) if with_hash else "", "checks": []}
    assert refusal(model_dir, _write(model_dir, report), blessed=True) == ""


def test_refusal_names_the_failed_checks(model_dir):
    checks = [
        {"name": "signatures", "passed": True, "detail": "4"},
        {"name": "batch of 0", "passed": False, "detail": "keyed: shape [1], not [0]; pad in the graph"},
        {"name": "ops", "passed": False, "detail": ""},
    ]
    file = _write(model_dir, {"passed": False, "tree_hash": tree_hash(model_dir), "checks": checks})
    assert refusal(model_dir, file, blessed=True) == (
        "the exporter's validation failed (batch of 0: keyed: shape [1], not [0]; pad in the graph, ops: no detail)"
    )


@pytest.mark.parametrize("passed", [False, None, "true", 1])
def test_refusal_wants_exactly_true(model_dir, passed):
    assert "validation failed" in refusal(model_dir, _write(model_dir, {"passed": passed}), blessed=True)


def test_refusal_of_a_model_that_changed_after_validation(model_dir):
    validated = tree_hash(model_dir)
    file = _write(model_dir, {"passed": True, "tree_hash": validated, "checks": []})
    (model_dir / "assets" / "vocabulary.txt").write_text("other")
    assert refusal(model_dir, file, blessed=True) == (
        f"the model is not the validated one (tree hash {tree_hash(model_dir)}, validated was {validated})"
    )


def test_refusal_without_a_validation(model_dir):
    file = model_dir.parent / "validation.json"
    assert refusal(model_dir, file, blessed=True) == f"the exporter's validation is missing ({file} is not there)"


@pytest.mark.parametrize("content", ["{", "", "[true]", '"passed"', b"\xff".decode("latin-1")])
def test_refusal_of_an_unreadable_validation(model_dir, content):
    assert "validation is unreadable" in refusal(model_dir, _write(model_dir, content), blessed=True)


def test_refusal_gives_every_reason(model_dir):
    reason = refusal(model_dir, _write(model_dir, {"passed": False, "tree_hash": "0" * 64}), blessed=False)
    first, second, third = reason.split("; ")
    assert first == "the evaluator did not bless the model"
    assert second == "the exporter's validation failed"
    assert third.startswith("the model is not the validated one")
