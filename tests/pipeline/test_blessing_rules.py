"""From the configuration to the Evaluator's rules and settings."""

from __future__ import annotations

import re

from support.repository import ROOT

from components.evaluator.blessing.rule import Rule
from configs.loading import load_config
from pipeline.blessing_rules import blessing_rules, evaluation_settings


def test_defaults_decide_on_all_examples_and_slice_by_everything_that_is_always_there():
    config = load_config(None)
    assert blessing_rules(config) == [Rule("entity_f1", min=0.1, max_regression=0.0)]
    settings = evaluation_settings(config)
    assert settings.slices == ("source", "sentence_length", "case", "entity_seen", "entity_length")
    assert settings.bootstrap == 200


def test_rules_bring_their_slices_and_their_own_support():
    rules = (
        "[{slice: topic, max_regression: 0.05}, "
        "{slice: entity_seen=unseen, metric: entity_recall, min: 0.3, min_support: 20}]"
    )
    settings = ["evaluator.slices=[source]", f"evaluator.rules={rules}", "evaluator.min_support=70"]
    config = load_config(None, settings)
    assert blessing_rules(config)[1:] == [
        Rule("entity_f1", "topic", None, 0.05, 70),
        Rule("entity_recall", "entity_seen=unseen", 0.3, None, 20),
    ]
    assert evaluation_settings(config).slices == ("source", "topic", "entity_seen")


def test_the_rules_in_the_documentation_are_legal(tmp_path):
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    profile = tmp_path / "profile.yaml"
    profile.write_text(block, encoding="utf-8")
    rules = blessing_rules(load_config(profile))
    assert [rule.slice for rule in rules] == ["", "source", "entity_seen=unseen", "", ""]
