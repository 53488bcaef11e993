"""Typed parameters from NAME=VALUE."""

from __future__ import annotations

import pytest

from components.common.errors import NerError
from pipeline.kubeflow.client import PipelineSpec, typed_parameters


@pytest.fixture
def pipeline(spec):
    return PipelineSpec(spec, source="p.yaml")


def test_values_have_the_type_that_the_pipeline_declares(pipeline):
    for setting, value in [
        ("data=s3://b/c=d", "s3://b/c=d"),
        ("data=", ""),
        ("data=7", "7"),
        ("span=-1", -1),
        ("rate=1e-3", 0.001),
        ("rate=2", 2.0),
        ("fresh=True", True),
        ("tags=[1, \"a\"]", [1, "a"]),
        ('more={"a": [1]}', {"a": [1]}),
    ]:  # fmt: skip
        typed = typed_parameters(pipeline, [setting])[setting.partition("=")[0]]
        assert (typed, type(typed)) == (value, type(value))


def test_wrong_values_are_reported(pipeline):
    for setting, message in [
        ("span", "not NAME=VALUE"),
        ("=3", "not NAME=VALUE"),
        ("spam=3", r"spam: unknown parameter. p.yaml has data \(STRING\), span \(NUMBER_INTEGER\)"),
        ("span=1.5", "'1.5' is not of type NUMBER_INTEGER. Give an integer"),
        ("span=1_0", "Give an integer"),
        ("span=", "Give an integer"),
        ("rate=nan", "Give a number"),
        ("fresh=1", "BOOLEAN. Give true or false"),
        ("tags={}", "LIST. Give a list"),
        ("more=[]", "STRUCT. Give an object"),
        ("more={", "STRUCT. Give an object"),
        ("data=n-[[ScheduledTime]]", r"does not replace \[\[ScheduledTime\]\]"),
    ]:
        with pytest.raises(NerError, match=message):
            typed_parameters(pipeline, [setting])


def test_a_parameter_given_twice_or_not_at_all_is_reported(pipeline, spec):
    with pytest.raises(NerError, match="span: given twice"):
        typed_parameters(pipeline, ["span=1", "span=2"])
    spec["root"]["inputDefinitions"]["parameters"]["must"] = {"parameterType": "STRING"}
    with pytest.raises(NerError, match=r"p.yaml: no value for must. Add --param must="):
        typed_parameters(pipeline, [])
    assert typed_parameters(pipeline, ["must=x"]) == {"must": "x"}
    spec["root"]["inputDefinitions"]["parameters"]["must"]["parameterType"] = "TASK_FINAL_STATUS"
    with pytest.raises(NerError, match="cannot give values of type TASK_FINAL_STATUS"):
        typed_parameters(pipeline, ["must=x"])
