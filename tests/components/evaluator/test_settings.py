"""Settings of the Evaluator."""

from __future__ import annotations

import re

import pytest
from support.evaluation import evaluator_settings
from support.repository import ROOT

from components.evaluator.blessing.rule import BlessingRule
from configs.layers import ConfigError
from configs.loading import load_config


def test_defaults_bound_entity_f1_on_all_examples():
    settings = load_config(None).evaluator
    assert settings.blessing_rules == (BlessingRule(bound=0.1, max_regression=0.0, min_support=1),)
    assert settings.columns == ("source", "sentence_length", "case", "entity_seen", "entity_length")


def test_rules_add_their_columns_and_get_the_common_support():
    rules = [
        {"slice": "topic", "max_regression": 0.05},
        {"slice": "entity_seen=unseen", "metric": "entity_recall", "bound": 0.3, "min_support": 20},
    ]
    settings = evaluator_settings(slices=["source"], rules=rules, min_support=70)
    assert [rule.min_support for rule in settings.blessing_rules] == [1, 70, 20]
    assert settings.columns == ("source", "topic", "entity_seen")


def test_types_that_rules_name_must_be_in_the_training_data():
    rules = [{"metric": f"entity_{name}", "bound": 0.5} for name in ("f1/PER", "recall/LOC", "recall/PER", "f1")]
    assert evaluator_settings(rules=rules).named_types == {"evaluator.rules": ["LOC", "PER"]}
    assert evaluator_settings(rules=rules[3:]).named_types == {}


def test_settings_travel_as_json():
    settings = evaluator_settings(rules=[{"bound": 0.3}], metrics={"mine": "my_package.my_module:mine"})
    assert type(settings).model_validate_json(settings.model_dump_json()) == settings


def test_rules_can_name_custom_metrics():
    rules = [{"metric": "mine", "bound": 0.5}]
    assert evaluator_settings(metrics={"mine": "a.b:c"}, rules=rules).blessing_rules[1].metric == "mine"


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("sentence_length=[5, 5]", r"evaluator\.sentence_length: must rise"),
        ("entity_length=[0]", r"evaluator\.entity_length\.0: must be > 0"),
        ("bootstrap=-1", r"evaluator\.bootstrap: must be >= 0"),
        (
            "rules=[{metric: f1, bound: 0.5}]",
            r"evaluator\.rules: 'f1' is not a metric\. Use one of docs/evaluation\.md",
        ),
        (
            "rules=[{slice: source}]",
            r"evaluator\.rules\.0: a rule needs bound, max_regression, min_gain or",
        ),
        ("rules=[{min: 0.5}]", r"evaluator\.rules\.0\.min: is not a setting"),
        ('metrics={entity_f1: "a:b"}', r"evaluator\.metrics: the name 'entity_f1' is taken"),
        ('metrics={blessed: "a:b"}', r"evaluator\.metrics: the name 'blessed' is taken"),
        ('metrics={My-Metric: "a:b"}', r"evaluator\.metrics: the name 'My-Metric' must consist of lower-case letters"),
        ("metrics={mine: no_function}", r"evaluator\.metrics\.mine: "),
    ],
)
def test_invalid_settings_are_named(setting, problem):
    with pytest.raises(ConfigError, match=problem):
        load_config(None, [f"evaluator.{setting}"])


@pytest.mark.parametrize("rule", ["significant=true", "rules=[{significant: true}]"])
def test_significance_needs_intervals(rule):
    assert load_config(None, [f"evaluator.{rule}"]).evaluator.blessing_rules[-1].significant
    with pytest.raises(ConfigError, match=r"evaluator: significant: true needs intervals\. Set evaluator\.bootstrap"):
        load_config(None, [f"evaluator.{rule}", "evaluator.bootstrap=0"])


def test_rules_in_the_documentation_are_valid(tmp_path):
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    (block, *_) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    profile = tmp_path / "profile.yaml"
    profile.write_text(block, encoding="utf-8")
    rules = load_config(profile).evaluator.blessing_rules
    assert [rule.slice for rule in rules] == ["", "source", "entity_seen=unseen", "", "topic=news", ""]
