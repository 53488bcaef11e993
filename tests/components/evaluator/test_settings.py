"""The evaluation's settings."""

from __future__ import annotations

import pytest

from components.evaluator.settings import EvaluationSettings


def test_text_and_back():
    settings = EvaluationSettings(("source", "case"), (3, 9), (1,), 50, "folder/file.npy")
    assert EvaluationSettings.from_json(settings.to_json()) == settings


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"sentence_length": (5, 5)}, r"sentence_length must hold rising numbers .* got \[5, 5\]"),
        ({"sentence_length": (9, 5)}, "sentence_length"),
        ({"entity_length": (0, 1)}, "entity_length"),
        ({"bootstrap": -1}, "bootstrap must be 0 or more, got -1"),
    ],
)
def test_what_cannot_be_meant_is_refused(values, text):
    with pytest.raises(ValueError, match=text):
        EvaluationSettings(**values)
