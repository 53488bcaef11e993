"""Rules of the blessing as text."""

from __future__ import annotations

import pytest

from components.evaluator.blessing.rule import Rule, rules_from_json, rules_to_json


def test_text_and_back():
    rules = [
        Rule("entity_f1", min=0.5, max_regression=0.01),
        Rule("entity_recall/é", "source=a=b", None, 0.1, min_support=30),
    ]
    assert rules_from_json(rules_to_json(rules)) == rules
    assert rules_from_json(rules_to_json([])) == []


@pytest.mark.parametrize(("where", "column"), [("", ""), ("source", "source"), ("source=a=b", "source")])
def test_the_column_is_what_stands_before_the_first_equals_sign(where, column):
    assert Rule("entity_f1", where).column == column
