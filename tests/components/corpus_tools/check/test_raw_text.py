"""Entities that raw text does not keep, compared with the check of the ingestion, or that end with punctuation."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.corpus_example_gen.cleaning.raw_text import RawTextCheck
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.cleaning.sentence import RawSentence, Sentence
from components.corpus_tools.check.raw_text import PunctuatedEntities, RawTextSpans
from components.corpus_tools.check.store import stored
from components.text.words import word_offsets


def lost(tokens, tags, written=None):
    spans = RawTextSpans()
    sentence = stored("train", "a", tuple(tokens), tuple(tags), tuple(range(1, len(tokens) + 1)))
    spans.add(0, sentence, " ".join(tokens), written)
    return spans.lost


@pytest.mark.parametrize(
    ("tokens", "tags"),
    [
        (["李", "磊", "来", "了", "。"], ["B-PER", "I-PER", "O", "O", "O"]),
        (["李", "磊"], ["B-PER", "I-PER"]),
        (["in", "北", "京", ",", "Oslo"], ["O", "B-LOC", "I-LOC", "O", "B-LOC"]),
        (["ร้าน", "อาหาร", "Oslo"], ["B-ORG", "O", "B-LOC"]),
        (["Oslo", "-", "based"], ["B-LOC", "O", "O"]),
    ],
)
def test_scripts_without_spaces_lose_the_spans_that_the_ingestion_counts(tokens, tags):
    reference = RawTextCheck("a", "words", 0.0)
    reference.add(RawSentence(1, tokens, tags), Sentence(tuple(tokens), tuple(tags)))
    assert lost(tokens, tags) == reference.lost


@pytest.mark.parametrize(
    ("written", "count"),
    [("Oslo-based firm", 1), ("Oslo -based firm", 0), ("Oslo - based firm", 0), ("another text", 0)],
)
def test_a_raw_text_in_a_comment_is_used(written, count):
    assert lost(["Oslo", "-", "based", "firm"], ["B-LOC", "O", "O", "O"], written) == count


@settings(deadline=None)
@given(st.text("aZ0.,-'’@ \u00a0é王", max_size=12), st.data())
def test_the_part_between_spaces_decides(text, data):
    pieces = word_offsets(text)
    if not pieces:
        return
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    if start == end or text[start:end].split() != [text[start:end]]:
        return
    cut = start in {first for first, _ in pieces} and end in {last for _, last in pieces}
    assert (RawTextSpans()._piece(text, start, end) is None) == cut


def punctuated(*sentences):
    """Returns the findings of sentences of one entity each, and the note of the ingestion."""
    entities, reference, report = PunctuatedEntities(), RawTextCheck("a", "words", 0.0), IngestReport()
    records = {}
    for number, text in enumerate(sentences):
        tokens = tuple(text.split())
        tags = tuple("B-X" if token[0].isupper() else "O" for token in tokens)
        records[number] = stored("train", "a", tokens, tags, tuple(range(1, len(tokens) + 1)))
        entities.add(number, records[number])
        reference.add(RawSentence(number + 1, list(tokens), list(tags)), Sentence(tokens, tags, number + 1))
    reference.finish(report)
    return list(entities.findings(records)), report.notes


@pytest.mark.parametrize(
    "name", ["Rome.", "Oslo, in", "Bo?", "Yahoo! said", "in Oslo; no", 'Rome."', 'Bo" left', "Bo) left"]
)
def test_entities_that_end_with_punctuation_are_named_if_they_are_many(name):
    findings, notes = punctuated(*[name] * 5, *["in Rome ."] * 40)
    assert [(finding.kind, finding.total) for finding in findings] == [("punctuation", 5)]
    assert "5 of 45 entities end with punctuation, such as" in notes[0]
    assert punctuated(*[name] * 4) == ([], [])
    assert punctuated(*[name] * 5, *["in Rome ."] * 300) == ([], [])


@pytest.mark.parametrize(
    "name",
    [
        *("Apple Inc. said", "in U.S. cities", "see Rome .", "see Rome", "who is Bo ?", "of Apple Inc.", "in the U.S."),
        *("about John P.", "by Jones' dog", "the (UK) said", "of Paul II.", "the Bahnhofstr.", "on Dec."),
    ],
)
def test_abbreviations_and_punctuation_outside_entities_are_no_finding(name):
    assert punctuated(*[name] * 100) == ([], [])
