"""Transform with the tokenizer of its examples."""

from __future__ import annotations

import json

import pytest


def test_the_examples_decide_on_the_tokenizer(monkeypatch):
    from tfx.components.transform import executor as tfx_executor
    from tfx.types import standard_artifacts

    from components.transform.component import Executor, Transform

    seen = []
    monkeypatch.setattr(tfx_executor.Executor, "Do", lambda self, inputs, outputs, properties: seen.append(properties))
    settings = {"tokenizer": "auto", "min_count": 2, "max_words": 9, "gazetteers": [], "clusters": None}
    properties = {"custom_config": json.dumps({"settings": settings, "code_version": "c0de"}), "other": 1}
    examples = standard_artifacts.Examples()
    with pytest.raises(RuntimeError, match="do not name their tokenizer"):
        Executor().Do({"examples": [examples]}, {}, properties)
    examples.set_string_custom_property("tokenizer", "characters")
    Executor().Do({"examples": [examples]}, {}, properties)
    config = json.loads(seen[0]["custom_config"])
    assert config["settings"] == {**settings, "tokenizer": "characters"}
    assert (config["code_version"], seen[0]["other"]) == ("c0de", 1)
    assert Transform.EXECUTOR_SPEC.executor_class is Executor


@pytest.mark.parametrize(("present", "expected"), [(1, "/champion/7/trained"), (0, None)])
def test_the_preprocessing_function_learns_where_the_earlier_vocabularies_are(monkeypatch, present, expected):
    from tfx.components.transform import executor as tfx_executor
    from tfx.types import standard_artifacts

    from components.transform.component import Executor

    seen = []
    monkeypatch.setattr(tfx_executor.Executor, "Do", lambda self, *arguments: seen.append(arguments))
    examples, earlier = standard_artifacts.Examples(), standard_artifacts.Model()
    examples.set_string_custom_property("tokenizer", "words")
    earlier.set_int_custom_property("present", present)
    earlier.uri = "/champion/7"
    settings = {"tokenizer": "auto", "min_count": 2, "max_words": 9, "gazetteers": [], "clusters": None}
    properties = {"custom_config": json.dumps({"settings": settings})}
    Executor().Do({"examples": [examples], "earlier": [earlier]}, {}, properties)
    [(inputs, _, passed)] = seen
    assert list(inputs) == ["examples"]
    assert json.loads(passed["custom_config"]).get("earlier") == expected
