"""The most confident mistakes."""

from __future__ import annotations

import random

import pytest

from components.evaluator.evaluation import MarkedSpan
from components.evaluator.mistakes import MOST, confident_mistakes, merge_mistakes


def test_a_mistake_shows_its_sentence_with_both_sides(make_batch):
    batch = make_batch(
        [["O"], ["B-X", "I-X", "O", "B-Y"]],
        [["O"], ["B-X", "O", "O", "B-Y"]],
        scores=[[1.0], [0.9, 0.5, 0.5, 0.7]],
        texts=["x", "New Delhi and Paris"],
        keys=["a", "b"],
    )
    (mistake,) = confident_mistakes(batch)
    assert (mistake.kind, mistake.confidence, mistake.key) == ("boundary", pytest.approx(0.9), "b")
    assert mistake.tokens == ("New", "Delhi", "and", "Paris")
    assert (mistake.start, mistake.end) == (0, 1)
    assert mistake.gold == (MarkedSpan("X", 0, 2), MarkedSpan("Y", 3, 4))
    assert [(span.type, span.start, span.end) for span in mistake.predicted] == [("X", 0, 1), ("Y", 3, 4)]
    assert [span.score for span in mistake.predicted] == pytest.approx([0.9, 0.7])


def test_a_missed_entity_is_as_confident_as_the_tags_on_it(make_batch):
    batch = make_batch([["O", "B-X", "I-X"]], [["O", "O", "O"]], scores=[[0.1, 0.8, 0.6]])
    (mistake,) = confident_mistakes(batch)
    assert (mistake.kind, mistake.start, mistake.end) == ("missed", 1, 3)
    assert mistake.confidence == pytest.approx(0.7)


def test_of_each_sentence_the_most_confident_counts(make_batch):
    batch = make_batch([["O", "B-X", "O"]], [["B-X", "O", "B-X"]], scores=[[0.7, 0.9, 0.8]])
    assert [mistake.kind for mistake in confident_mistakes(batch)] == ["missed"]


def test_the_same_text_is_shown_once(make_batch):
    batch = make_batch([["O"]] * 3, [["B-X"]] * 3, scores=[[0.5], [0.9], [0.7]], texts=["a", "a", "b"])
    assert [(mistake.key, mistake.confidence) for mistake in confident_mistakes(batch)] == [
        ("key-1", pytest.approx(0.9)),
        ("key-2", pytest.approx(0.7)),
    ]


def test_right_sentences_and_models_without_scores_give_none(make_batch):
    assert confident_mistakes(make_batch([["B-X"]], [["B-X"]], scores=[[1.0]])) == ()
    assert confident_mistakes(make_batch([["B-X"]], [["O"]])) == ()
    assert confident_mistakes(make_batch([], [], scores=[])) == ()


def test_merging_is_the_same_whatever_the_grouping(make_batch):
    dice = random.Random(3)
    rows = [(round(dice.random(), 1), f"text {dice.randint(0, 60)}", f"k{number}") for number in range(200)]

    def mistakes(chosen):
        size = len(chosen)
        return confident_mistakes(
            make_batch(
                [["O", "O"]] * size,
                [["B-X", "O"]] * size,
                scores=[[score, 0.5] for score, _, _ in chosen],
                texts=[text for _, text, _ in chosen],
                keys=[key for _, _, key in chosen],
            )
        )

    whole = mistakes(rows)
    assert len(whole) == MOST
    for size in (7, 50):
        dice.shuffle(rows)
        parts = [mistakes(rows[start : start + size]) for start in range(0, 200, size)]
        assert merge_mistakes([merge_mistakes(parts[:3]), *parts[3:]]) == whole
