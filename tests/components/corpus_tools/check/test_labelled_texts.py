"""Counts of labelled texts and of the words at their edges."""

from __future__ import annotations

from components.corpus_tools.check.labelled_texts import Edge, LabelledTexts, edges_of
from components.corpus_tools.check.store import stored


def sentence(*words):
    """A sentence of `token/tag` words."""
    tokens, tags = zip(*((word if "/" in word else f"{word}/O").split("/") for word in words), strict=True)
    return stored("train", "a", tokens, tags, tuple(range(1, len(words) + 1)))


def test_memory_is_bounded_and_frequent_texts_stay():
    texts = LabelledTexts(most=100)
    for i in range(1000):
        texts.add(sentence("Oslo/B-LOC", f"name{i}/B-PER"))
    assert sum(map(len, texts.counts.values())) <= 220
    assert texts.totals()["Oslo"] == 1000
    assert texts.forgotten == 2000 - sum(texts.totals().values()) > 0


def test_a_word_that_is_nearly_always_outside_is_a_rare_edge():
    texts = LabelledTexts()
    for _ in range(30):
        texts.add(sentence("the", "Fed/B-ORG", "said"))
    odd = sentence("The/B-ORG", "Fed/I-ORG", "said")
    texts.add(odd)
    edge = Edge("ORG", first=True, inside=True, word="the")
    assert texts.rare_edges() == {edge: (1, 30)}
    assert [place for one, *place in edges_of(odd) if one == edge] == [[0, 2]]


def test_texts_with_several_types():
    texts = LabelledTexts()
    for words in (["Lund/B-LOC"], ["Lund/B-LOC"], ["Lund/B-PER"], ["Oslo/B-LOC"]):
        texts.add(sentence(*words))
    assert texts.types() == {"Lund": {"LOC": 2, "PER": 1}}
