"""Labels."""

from __future__ import annotations

import pytest

from components.evaluator.delayed_labels.label import Label
from components.evaluator.errors import EvaluationError

pytestmark = pytest.mark.extended


def test_both_forms_are_read():
    label = Label.from_record({"key": "k", "tokens": ["a", "b"], "tags": ["O", "B-X"], "more": 1}, "f:1")
    assert (label.tags, label.tokens, label.entities) == (("O", "B-X"), ("a", "b"), ())
    assert label.fields["more"] == 1
    assert Label.from_record({"id": 3, "tags": []}, "f:1").tokens is None
    label = Label.from_record({"key": "k", "entities": [[9, 12, "Y"], [0, 4, "X"]]}, "f:1")
    assert (label.tags, label.entities) == (None, ((0, 4, "X"), (9, 12, "Y")))


TEXT = {"text": "Ida left Rome"}
PER = {"label": "PER", "start": 0, "end": 3}


@pytest.mark.parametrize(
    "record",
    [
        {**TEXT, "entities": [{**PER, "text": "Ida", "score": 0.9}]},
        {"entities": [PER]},
        {**TEXT, "spans": [PER], "tokens": [{"text": "Ida", "id": 0}], "answer": "accept"},
        {"spans": [PER]},
        {**TEXT, "label": [[0, 3, "PER"]]},
        {"label": [[0, 3, "PER"]]},
        {**TEXT, "labels": [[0, 3, "PER"]], "Comments": []},
        {**TEXT, "entities": [{"id": 1, "label": "PER", "start_offset": 0, "end_offset": 3}], "relations": []},
        {**TEXT, "entities": [["PER", 0, 3]]},
        {"data": TEXT, "annotations": [{"result": [{
            "type": "labels", "from_name": "label", "to_name": "text",
            "value": {"start": 0, "end": 3, "text": "Ida", "labels": ["PER"]}}]}]},
    ],
)  # fmt: skip
def test_spans_are_read_in_the_notations_of_a_corpus(record):
    assert Label.from_record({"id": 7, **record}, "f:1").entities == ((0, 3, "PER"),)
    assert Label.from_record({"key": "k", **record}, "f:1").key == "k"


@pytest.mark.parametrize("name", ["entities", "spans", "label"])
def test_a_sentence_without_entities_is_a_label_in_each_notation(name):
    assert Label.from_record({"key": "k", name: []}, "f:1").entities == ()


@pytest.mark.parametrize(
    ("record", "text"),
    [
        ({"tags": []}, "f:2: invalid key None"),
        ({"key": "k"}, "f:2: neither `tags` nor `entities`"),
        ({"key": "k", "tags": ["O"], "tokens": []}, "f:2: 1 tags, 0 tokens"),
        ({"key": "k", "tags": ["O"], "tokens": ["a b"]}, "f:2: a token is empty or contains white space"),
        ({"key": "k", "tags": [1]}, "`tags` is"),
        ({"key": "k", "entities": [[0, 2, "X"], [1, 3, "Y"]]}, "f:2: its entities X and Y overlap"),
        ({"key": "k", "tags": ["B_PER"]}, "f:2: found 'B_PER' in `tags`. Write tags such as B-PER or O"),
        ({"key": "k", "tags": ["PERSON"]}, "f:2: found 'PERSON' in `tags`"),
        ({"key": "k", "entities": [[0, 2, "B-PER"]]}, "f:2: found the type 'B-PER'. Write types without B- and I-"),
        ({"key": "k", "entities": [[2, 2, "X"]]}, "f:2: invalid entity"),
        ({"key": "k", "entities": [[0, 2, "X Y"]]}, "f:2: invalid entity"),
        ({"key": "k", "entities": [{"start": 0}]}, "f:2: invalid entity"),
        ({"key": "k", "spans": [{**PER, "end": 0}]}, "f:2: invalid entity"),
        ({"key": "k", "spans": [PER], "answer": "reject"}, "f:2: the record is rejected, .* Remove the record"),
        ({"key": "k", "label": [[0, 3, "PER"]], "entities": [[0, 3, "LOC"]]}, "f:2: found different spans in"),
    ],
)
def test_invalid_labels_are_named(record, text):
    with pytest.raises(EvaluationError, match=text):
        Label.from_record(record, "f:2")
