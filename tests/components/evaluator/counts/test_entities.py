"""Entities of batches, against those of single sentences."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from support.evaluation import make_batch

from components.text.spans import spans, strict_spans

TAGS = ["O", "OUT", "B-X", "I-X", "B-Y", "I-Y", "E-X", "[PAD]"]


def read(sentences):
    """Returns the entities of each sentence as (type, start, end): all, and the strict ones."""
    batch = make_batch(sentences, sentences)
    entities = batch.gold_entities
    lenient, strict = [[] for _ in sentences], [[] for _ in sentences]
    for number in range(len(entities)):
        row = batch.rows[entities.starts[number]]
        offset = batch.offsets[row]
        name = batch.vocabulary.type_names[entities.types[number]]
        span = (name, entities.starts[number] - offset, entities.ends[number] - offset)
        lenient[row].append(span)
        if entities.strict[number]:
            strict[row].append(span)
    return lenient, strict


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.sampled_from(TAGS), max_size=12), max_size=6))
def test_entities_of_a_batch_are_those_of_its_sentences(sentences):
    lenient, strict = read(sentences)
    assert lenient == [spans(tags) for tags in sentences]
    assert strict == [strict_spans(tags) for tags in sentences]


def test_entities_end_with_their_sentence():
    assert read([["B-X"], ["I-X", "O"], [], ["I-X"]])[0] == [[("X", 0, 1)], [("X", 0, 1)], [], [("X", 0, 1)]]


def test_tokens_are_mapped_to_their_entity():
    sentences = [["O", "B-X", "I-X", "I-Y"], ["I-Y", "O"]]
    assert make_batch(sentences, sentences).gold_entities.of_token.tolist() == [-1, 0, 0, 1, 2, -1]
