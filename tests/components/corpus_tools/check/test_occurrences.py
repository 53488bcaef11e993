"""Ranking of likely mistakes."""

from __future__ import annotations

from components.corpus_tools.check.labelled_texts import LabelledTexts
from components.corpus_tools.check.occurrences import Occurrences
from components.corpus_tools.check.store import SentenceStore, stored


def items(*sentences):
    """Kind -> {subject: lines} of sentences of `token/tag` words, one a line."""
    texts, store = LabelledTexts(), SentenceStore()
    for number, text in enumerate(sentences, 1):
        words = [(word if "/" in word else f"{word}/O").rsplit("/", 1) for word in text.split()]
        tokens, tags = zip(*words, strict=True)
        record = stored("train", "a", tokens, tags, (number,) * len(words))
        texts.add(record)
        store.add(record)
    occurrences = Occurrences(texts)
    for number, record in enumerate(store):
        occurrences.add(number, record)
    fetched = store.fetch(occurrences.finish(store))
    return {
        finding.kind: {item.subject: [place.line for place in item.places] for item in finding.items}
        for finding in occurrences.findings(fetched)
    }


def test_a_frequent_name_without_a_label_ranks_first_and_a_part_of_a_name_last():
    sentences = [*["to Oslo/B-LOC ."] * 20, *["to Rome/B-LOC ."] * 4, *["to Lima/B-LOC ."] * 20]
    ranked = items(*sentences, "from Oslo .", "from Rome .", "from Lima Fashion Week")
    assert list(ranked["missing_label"].items()) == [("Oslo", [45]), ("Rome", [46]), ("Lima", [47])]


def test_words_that_are_mostly_outside_and_marks_are_no_missing_labels():
    ranked = items(*["May/B-PER left"] * 3, *["in May"] * 60, *[". ./B-ORG"] * 4)
    assert "missing_label" not in ranked
    assert ranked["spurious_label"] == {"May": [1, 2, 3]}


def test_names_inside_longer_entities_are_right():
    assert items(*["New/B-LOC York/I-LOC"] * 3, *["New/B-ORG York/I-ORG Times/I-ORG"] * 3) == {}


def test_the_rarer_label_is_shown():
    ranked = items(*["Oslo/B-LOC"] * 9, "Oslo/B-PER", *["Lund/B-LOC"] * 2, "Lund/B-PER")
    assert ranked["label_conflict"] == {"Oslo": [10], "Lund": [13]}


def test_the_rarer_boundary_is_shown():
    ranked = items(*["the Fed/B-ORG"] * 3, "the/B-ORG Fed/I-ORG", *["Ada/B-PER Lund/I-PER"] * 3, "Ada Lund/B-PER")
    assert ranked["boundary"] == {"Ada Lund": [8], "the Fed": [4]}


def test_an_edge_word_is_shown_where_it_is_unusual():
    ranked = items(*["the Fed/B-ORG said"] * 30, "The/B-ORG Bank/I-ORG said")
    assert ranked["edge_word"] == {"the": [31]}


def test_texts_without_spaces_are_shown_as_written():
    assert items(*["去 北/B-LOC 京/I-LOC"] * 3, "在 北 京 。")["missing_label"] == {"北京": [4]}
