"""Entity scores of a tagger."""

from __future__ import annotations

import pytest

from benchmarks.corpus import LabelledSentence
from benchmarks.peers.peer import score

SENTENCES = [
    LabelledSentence(("Ada", "went", "to", "Paris"), ("B-PER", "O", "O", "B-LOC")),
    LabelledSentence(("Rome",), ("B-LOC",)),
]


class Answers:
    def __init__(self, answers):
        self.answers, self.asked = answers, []

    def tag(self, sentences):
        self.asked += sentences
        return [self.answers[sentence] for sentence in sentences]


def test_entities_of_raw_sentences_are_counted():
    tagger = Answers({"Ada went to Paris": ["B-PER", "O", "O", "O"], "Rome": ["B-LOC"]})
    counts = score(tagger, SENTENCES)
    assert counts.to_dict() == {"LOC": {"tp": 1, "fp": 0, "fn": 1}, "PER": {"tp": 1, "fp": 0, "fn": 0}}
    assert sorted(tagger.asked) == ["Ada went to Paris", "Rome"]


def test_every_sentence_of_many_is_scored_once():
    tagger = Answers({"Rome": ["B-LOC"]})
    assert score(tagger, SENTENCES[1:] * 150).micro().support == 150
    assert len(tagger.asked) == 150


def test_a_tag_too_many_is_an_error():
    with pytest.raises(ValueError, match="1 gold tags and 2 predicted"):
        score(Answers({"Rome": ["B-LOC", "O"]}), SENTENCES[1:])
