"""Logged predictions."""

from __future__ import annotations

import pytest

from components.evaluator.delayed_labels.prediction import Prediction
from components.evaluator.errors import EvaluationError

pytestmark = pytest.mark.extended

ANSWER = {
    "key": "k",
    "tokens": ["New", "Delhi", "[PAD]"],
    "tags": ["B-LOC", "I-LOC", "[PAD]"],
    "scores": [0.9, 1, 0],
    "starts": [0, 4, 0],
    "ends": [3, 9, 0],
}


def test_padding_is_removed():
    prediction = Prediction.from_record(ANSWER, "f:1")
    assert (prediction.tokens, prediction.tags) == (("New", "Delhi"), ("B-LOC", "I-LOC"))
    assert (prediction.scores, prediction.starts) == ((0.9, 1.0), (0, 4))


def test_batch_prediction_of_vertex_ai_is_read():
    answer = dict(ANSWER)
    key = answer.pop("key")
    record = {"instance": {"key": key, "sentence": "New Delhi", "source": "app"}, "prediction": answer}
    prediction = Prediction.from_record(record, "f:1")
    assert prediction.key == "k"
    assert prediction.fields["source"] == "app"
    assert prediction.tokens == ("New", "Delhi")


def test_scores_are_optional_and_keys_can_be_numbers():
    record = {name: value for name, value in ANSWER.items() if name != "scores"} | {"key": 17}
    prediction = Prediction.from_record(record, "f:1")
    assert (prediction.scores, prediction.key) == (None, "17")


def test_empty_answer():
    record = {"key": "k", "tokens": [], "tags": [], "starts": [], "ends": []}
    assert Prediction.from_record(record, "f:1").tokens == ()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"key": None}, r"f:3: invalid key None"),
        ({"key": ""}, "invalid key ''"),
        ({"key": True}, "invalid key True"),
        ({"tags": None, "starts": None}, "f:3: tags, starts missing. Log the answer of the signature `keyed`"),
        ({"tokens": None, "entities": []}, "tokens missing. `ner predict --input` writes them with --tokens"),
        ({"tags": ["O"]}, "f:3: 3 tokens, 1 tags, 3 starts, 3 ends, 3 scores"),
        ({"tags": "O"}, "`tags` is 'O'. Write a list of texts"),
        ({"scores": ["a", "b", "c"]}, "`scores` is .* Write a list of numbers"),
        ({"starts": [0, 4.5, 0]}, "`starts` or `ends` has a fraction"),
        ({"starts": [4, 0, 0], "ends": [9, 3, 0]}, "`starts` does not ascend"),
        ({"key": ["x" * 10**6]}, r"f:3: invalid key .{,80}\. Give each"),
        ({"scores": [float("nan")] * 3}, "`scores` is .* Write a list of numbers"),
    ],
)
def test_invalid_predictions_are_named(changes, text):
    with pytest.raises(EvaluationError, match=text):
        Prediction.from_record(ANSWER | changes, "f:3")
