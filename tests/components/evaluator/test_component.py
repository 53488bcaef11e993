"""The Evaluator's contract."""

from __future__ import annotations

import pytest
from tfx.types import channel_utils, standard_artifacts

from components.evaluator.blessing.rule import Rule, rules_from_json
from components.evaluator.component import Evaluator
from components.evaluator.eval_config import eval_config
from components.evaluator.executor import Executor
from components.evaluator.settings import EvaluationSettings


def channel(artifact_type):
    return channel_utils.as_channel([artifact_type()])


@pytest.mark.parametrize("champion", [None, channel(standard_artifacts.Model)])
def test_outputs_and_parameters(champion):
    rules = [Rule("entity_f1", min=0.5)]
    node = Evaluator(
        examples=channel(standard_artifacts.Examples),
        model=channel(standard_artifacts.Model),
        eval_config=eval_config(EvaluationSettings()),
        rules=rules,
        baseline_model=champion,
        schema=channel(standard_artifacts.Schema),
        example_splits=["test"],
        force_bless="why",
        code_version="abc",
    )
    assert node.id == "Evaluator"
    assert node.outputs["evaluation"].type_name == "ModelEvaluation"
    assert node.outputs["blessing"].type_name == "ModelBlessing"
    assert node.exec_properties["code_version"] == "abc"
    assert node.exec_properties["force_bless"] == "why"
    assert node.exec_properties["example_splits"] == '["test"]'
    assert rules_from_json(node.exec_properties["rules"]) == rules
    assert node.executor_spec.executor_class is Executor
    assert ("baseline_model" in node.inputs) == (champion is not None)
