"""Entities of whole batches, against the reading of single sentences."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.text.spans import spans, strict_spans

TAGS = ["O", "OUT", "B-X", "I-X", "B-Y", "I-Y", "E-X", "[PAD]"]


@pytest.fixture(scope="module")
def read(make_batch):
    """Entities of each sentence as (type, start, end): in the lenient and in the strict reading."""

    def of_batch(sentences):
        batch = make_batch(sentences, sentences)
        found = batch.gold_entities
        lenient, strict = [[] for _ in sentences], [[] for _ in sentences]
        for number in range(len(found)):
            row = batch.rows[found.starts[number]]
            offset = batch.offsets[row]
            name = batch.vocabulary.type_names[found.types[number]]
            span = (name, found.starts[number] - offset, found.ends[number] - offset)
            lenient[row].append(span)
            if found.strict[number]:
                strict[row].append(span)
        return lenient, strict

    return of_batch


@settings(max_examples=500, deadline=None)
@given(st.lists(st.lists(st.sampled_from(TAGS), max_size=12), max_size=6))
def test_entities_of_a_batch_are_those_of_its_sentences(read, sentences):
    lenient, strict = read(sentences)
    assert lenient == [spans(tags) for tags in sentences]
    assert strict == [strict_spans(tags) for tags in sentences]


def test_an_entity_ends_with_its_sentence(read):
    assert read([["B-X"], ["I-X", "O"], [], ["I-X"]])[0] == [[("X", 0, 1)], [("X", 0, 1)], [], [("X", 0, 1)]]


def test_every_token_knows_its_entity(make_batch):
    sentences = [["O", "B-X", "I-X", "I-Y"], ["I-Y", "O"]]
    assert make_batch(sentences, sentences).gold_entities.of_token.tolist() == [-1, 0, 0, 1, 2, -1]
