"""The store gives back sentences and their lines."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from components.corpus_tools.check.store import SentenceStore, entities_of, labelled_place, stored
from components.text.spans import spans
from components.text.tags import to_iob2


@settings(deadline=None)
@given(st.lists(st.sampled_from(["O", "B-X", "I-X", "B-Y", "I-Y", "OUT"]), max_size=8))
def test_entities_are_those_of_the_reference(tags):
    iob2 = to_iob2(tags)
    assert [(start, end, name) for name, start, end in spans(iob2)] == list(entities_of(tuple(iob2)))


def test_sentences_come_back_in_order_and_by_number():
    store = SentenceStore()
    sentences = [stored("train", "a", (str(i), "b"), ("B-X", "O"), (3 * i + 1, 3 * i + 2)) for i in range(600)]
    for sentence in sentences:
        store.add(sentence)
    assert list(store) == sentences
    assert store.fetch([599, 0, 300]) == {number: sentences[number] for number in (0, 300, 599)}


def test_lines_of_columns_records_and_rows_that_were_left_out():
    for lines in ((7, 8, 9), (7, 7, 7), (7, 9, 12)):
        sentence = stored("train", "a", ("a", "b", "c"), ("O", "B-X", "I-X"), lines)
        assert [sentence.place(i).line for i in range(3)] == list(lines)


def test_a_place_names_the_labels_that_lie_on_its_words():
    sentence = stored("train", "a", ("the", "Bank", "of", "Oslo"), ("O", "B-ORG", "O", "B-LOC"), (1, 2, 3, 4))
    labels = [labelled_place(sentence, *part).label for part in ((0, 1), (1, 2), (1, 4))]
    assert labels == ["outside", "ORG", "[Bank] ORG [Oslo] LOC"]
