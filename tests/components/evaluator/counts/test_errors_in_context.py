"""Selection of the most confident errors."""

from __future__ import annotations

import collections
import random

import pytest
from support.evaluation import make_batch

from components.evaluator.counts.errors_in_context import (
    MOST,
    confident_errors,
    merge_errors,
    select_errors,
)
from components.evaluator.results.evaluation import MarkedSpan

pytestmark = pytest.mark.extended


def test_error_has_its_sentence_with_both_sides():
    batch = make_batch(
        [["O"], ["B-X", "I-X", "O", "B-Y"]],
        [["O"], ["B-X", "O", "O", "B-Y"]],
        scores=[[1.0], [0.9, 0.5, 0.5, 0.7]],
        texts=["x", "New Delhi and Paris"],
        keys=["a", "b"],
    )
    (error,) = confident_errors(batch)
    assert (error.kind, error.confidence, error.key) == ("boundary", pytest.approx(0.9), "b")
    assert error.tokens == ("New", "Delhi", "and", "Paris")
    assert (error.start, error.end) == (0, 1)
    assert error.gold == (MarkedSpan("X", 0, 2), MarkedSpan("Y", 3, 4))
    assert [(span.type, span.start, span.end) for span in error.predicted] == [("X", 0, 1), ("Y", 3, 4)]
    assert [span.score for span in error.predicted] == pytest.approx([0.9, 0.7])


def test_confidence_of_a_missed_entity_is_that_of_its_tags():
    batch = make_batch([["O", "B-X", "I-X"]], [["O", "O", "O"]], scores=[[0.1, 0.8, 0.6]])
    (error,) = confident_errors(batch)
    assert (error.kind, error.start, error.end) == ("missed", 1, 3)
    assert error.confidence == pytest.approx(0.7)


def test_the_most_confident_error_of_a_sentence_is_shown():
    batch = make_batch([["O", "B-X", "I-X", "O"]], [["O", "O", "O", "B-X"]], scores=[[0.7, 0.9, 0.9, 0.8]])
    assert {error.kind for error in confident_errors(batch)} == {"missed", "spurious"}
    batch = make_batch([["B-X", "O", "B-X"]], [["O", "O", "O"]], scores=[[0.7, 0.9, 0.8]])
    assert [error.start for error in select_errors(confident_errors(batch))] == [2]


def test_the_same_text_is_shown_once():
    batch = make_batch([["O"]] * 3, [["B-X"]] * 3, scores=[[0.5], [0.9], [0.7]], texts=["a", "a", "b"])
    assert [(error.key, error.confidence) for error in confident_errors(batch)] == [
        ("key-1", pytest.approx(0.9)),
        ("key-2", pytest.approx(0.7)),
    ]


def test_correct_sentences_and_models_without_scores_have_no_errors():
    assert confident_errors(make_batch([["B-X"]], [["B-X"]], scores=[[1.0]])) == ()
    assert confident_errors(make_batch([["B-X"]], [["O"]])) == ()
    assert confident_errors(make_batch([], [], scores=[])) == ()


def test_merging_does_not_depend_on_the_grouping():
    dice = random.Random(3)
    rows = [(round(dice.random(), 1), f"text {dice.randint(0, 60)}", f"k{number}") for number in range(200)]

    def errors(chosen):
        size = len(chosen)
        return confident_errors(
            make_batch(
                [["O", "O"]] * size,
                [["B-X", "O"]] * size,
                scores=[[score, 0.5] for score, _, _ in chosen],
                texts=[text for _, text, _ in chosen],
                keys=[key for _, _, key in chosen],
            )
        )

    whole = errors(rows)
    assert len(whole) == MOST
    for size in (7, 50):
        dice.shuffle(rows)
        parts = [errors(rows[start : start + size]) for start in range(0, 200, size)]
        assert merge_errors([merge_errors(parts[:3]), *parts[3:]]) == whole


KINDS = {
    "missed": (["B-X", "I-X"], ["O", "O"]),
    "spurious": (["O", "O"], ["B-X", "O"]),
    "type": (["B-X", "O"], ["B-Y", "O"]),
    "boundary": (["B-X", "I-X"], ["B-X", "O"]),
    "boundary_and_type": (["B-X", "I-X"], ["B-Y", "O"]),
}
"""Kind of error -> gold and predicted tags of a sentence with such an error."""


def errors_of(rows):
    """Returns the errors of a batch with the given (kind, score, text); a text may have several."""
    return confident_errors(
        make_batch(
            [KINDS[kind][0] for kind, _, _ in rows],
            [KINDS[kind][1] for kind, _, _ in rows],
            scores=[[score, score] for _, score, _ in rows],
            texts=[text for _, _, text in rows],
        )
    )


def kinds_of(errors):
    return collections.Counter(error.kind for error in errors)


def test_every_kind_is_shown_regardless_of_confidence():
    confident = [("missed", 0.99, f"missed {number}") for number in range(50)]
    others = [(kind, 0.5, f"{kind} {number}") for kind in KINDS if kind != "missed" for number in range(9)]
    shown = select_errors(errors_of(confident + others))
    assert kinds_of(shown) == dict.fromkeys(KINDS, MOST // len(KINDS))
    assert [error.confidence for error in shown] == sorted((one.confidence for one in shown), reverse=True)


def test_unused_shares_go_to_the_most_confident():
    rows = [("missed", 0.9, f"missed {number}") for number in range(50)]
    rows += [("type", 0.8, f"type {number}") for number in range(50)] + [("boundary", 0.1, "only one")]
    assert kinds_of(select_errors(errors_of(rows))) == {"missed": 15, "type": 4, "boundary": 1}


def test_rare_kind_keeps_its_text_against_a_more_confident_error():
    rows = [("missed", 0.9, f"missed {number}") for number in range(5)] + [
        ("missed", 0.99, "both"),
        ("type", 0.2, "both"),
    ]
    assert kinds_of(select_errors(errors_of(rows))) == {"missed": 5, "type": 1}


def test_selection_does_not_depend_on_the_grouping():
    dice = random.Random(7)
    rows = [(dice.choice([*KINDS, "missed"]), dice.random(), f"text {dice.randint(0, 90)}") for _ in range(300)]
    whole = select_errors(errors_of(rows))
    assert len(whole) == MOST
    dice.shuffle(rows)
    parts = [errors_of(rows[start : start + 40]) for start in range(0, 300, 40)]
    merged = select_errors(merge_errors([merge_errors(parts[:2]), *parts[2:]]))
    assert [(one.kind, one.tokens, one.confidence) for one in merged] == [
        (one.kind, one.tokens, one.confidence) for one in whole
    ]
