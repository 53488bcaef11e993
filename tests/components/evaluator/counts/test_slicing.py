"""Slices of batches."""

from __future__ import annotations

import pytest
from support.evaluation import make_batch, make_slicer

from components.evaluator.counts.slicing import MOST_VALUES, entity_texts, letter_case, range_name, slice_order
from components.evaluator.counts.text_hashes import TextHashes
from components.evaluator.errors import EvaluationError
from components.evaluator.results.evaluation import Slice


def sentences(slicer, batch, **features):
    return {one.name: rows.tolist() for one, rows in slicer.sentences(batch, features)}


def test_features_slice_sentences():
    batch = make_batch([["O"]] * 4, [["O"]] * 4)
    slices = sentences(make_slicer("source"), batch, source=[["a"], ["b"], [], ["b", "a", "b"]])
    assert slices == {"source=a": [0, 3], "source=b": [1, 3], "source=": [2]}


def test_length_slices_sentences():
    tags = [["O"] * length for length in (1, 5, 6, 41, 10)]
    slices = sentences(make_slicer("sentence_length", sentence_length=(5, 10, 40)), make_batch(tags, tags))
    assert slices == {"sentence_length=1-5": [0, 1], "sentence_length=6-10": [2, 4], "sentence_length=41+": [3]}


def test_case_slices_sentences():
    tags = [["O"]] * 4
    batch = make_batch(tags, tags, texts=["ÉTÉ", "été", "Été", "12 漢"])
    slices = sentences(make_slicer("case"), batch)
    assert slices == {"case=upper": [0], "case=lower": [1], "case=mixed": [2], "case=uncased": [3]}


def test_case_depends_on_letters_only():
    cases = {"NATO 2": "upper", "a-b": "lower", "A b": "mixed", "": "uncased", "ǅ": "mixed"}
    assert {text: letter_case(text) for text in cases} == cases


def test_names_of_ranges():
    assert [range_name(number, (5, 10)) for number in (1, 5, 6, 11)] == ["1-5", "1-5", "6-10", "11+"]
    assert [range_name(number, (1,)) for number in (1, 2)] == ["1", "2+"]
    assert (range_name(2, (1, 2, 3)), range_name(3, ())) == ("2", "1+")


@pytest.fixture
def batch():
    gold = [["B-X", "I-X", "O", "B-Y"], ["O"], ["B-Y"]]
    predicted = [["B-X", "O", "O", "B-Y"], ["B-Y"], ["O"]]
    return make_batch(gold, predicted, texts=["New Delhi and Paris", "x", "Paris"])


def test_texts_of_entities(batch):
    assert entity_texts(batch, batch.gold_entities) == ["New Delhi", "Paris", "Paris"]
    assert entity_texts(batch, batch.predicted_entities) == ["New", "Paris", "x"]


def test_length_slices_entities(batch):
    slices = {
        one.name: (gold.tolist(), predicted.tolist())
        for one, gold, predicted in make_slicer("entity_length", entity_length=(1,)).entities(batch)
    }
    assert slices == {
        "entity_length=1": ([False, True, True], [True, True, True]),
        "entity_length=2+": ([True, False, False], [False, False, False]),
    }


def test_training_entities_slice_entities(batch):
    known = TextHashes.of(["Paris", "delhi"])
    slices = {
        one.name: (gold.tolist(), predicted.tolist(), one.level)
        for one, gold, predicted in make_slicer("entity_seen", training_entities=known).entities(batch)
    }
    assert slices == {
        "entity_seen=seen": ([False, True, True], [False, True, False], "entity"),
        "entity_seen=unseen": ([True, False, False], [True, False, True], "entity"),
    }


def test_sentences_without_entities_have_no_slices_of_entities():
    assert list(make_slicer("entity_length").entities(make_batch([["O"]], [["O"]]))) == []


def test_entity_seen_needs_training_entities(batch):
    with pytest.raises(ValueError, match="training_entities"):
        list(make_slicer("entity_seen").entities(batch))


def test_column_with_too_many_values_is_refused():
    tags = [["O"]] * (MOST_VALUES + 1)
    keys = [[str(number)] for number in range(len(tags))]
    with pytest.raises(EvaluationError, match="slice by 'key', which has more than 1000 values, such as 0, 1, 2"):
        sentences(make_slicer("key"), make_batch(tags, tags), key=keys)


def test_slices_are_ordered_by_column_then_range_or_text():
    columns = ("source", "sentence_length")
    names = ["sentence_length=11+", "sentence_length=6-10", "source=b", "sentence_length=1-5", "source=a"]
    slices = [Slice(*name.split("=")) for name in names]
    ordered = [one.name for one in sorted(slices, key=slice_order(columns))]
    assert ordered == ["source=a", "source=b", "sentence_length=1-5", "sentence_length=6-10", "sentence_length=11+"]


def test_features_are_the_columns_that_are_not_derived():
    assert make_slicer("source", "case", "entity_seen", "topic").features == ("source", "topic")
