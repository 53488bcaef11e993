"""Matches and kinds of errors."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.evaluation import make_batch

from components.evaluator.counts.matches import CORRECT
from components.evaluator.results.model_scores import ERROR_KINDS
from components.text.spans import spans

TAGS = ["O", "B-X", "I-X", "B-Y", "I-Y"]
PAIRS = st.lists(st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from(TAGS)), max_size=12), max_size=4)


def names(errors):
    return ["" if error == CORRECT else ERROR_KINDS[error] for error in errors.tolist()]


@pytest.mark.parametrize(
    ("gold", "predicted", "of_predicted", "of_gold"),
    [
        ("B-X I-X O", "B-X I-X O", [""], [""]),
        ("B-X I-X O", "B-Y I-Y O", ["type"], [""]),
        ("B-X I-X O", "B-X O O", ["boundary"], [""]),
        ("B-X I-X O", "B-X I-X I-X", ["boundary"], [""]),
        ("B-X I-X O", "B-Y O O", ["boundary_and_type"], [""]),
        ("O O O", "B-Y O O", ["spurious"], []),
        ("B-X O B-X", "O B-Y O", ["spurious"], ["missed", "missed"]),
        ("B-X I-X O", "B-X B-X O", ["boundary", "boundary"], [""]),
        ("B-X B-Y O", "B-Y I-Y O", ["boundary"], ["", ""]),  # overlaps a Y
        ("B-X B-X O", "B-X I-X O", ["boundary"], ["", ""]),
        ("B-X I-X I-X", "O B-X B-Y", ["boundary", "boundary_and_type"], [""]),
    ],
)
def test_kinds_of_errors(gold, predicted, of_predicted, of_gold):
    matches = make_batch([gold.split()], [predicted.split()]).matches
    assert names(matches.predicted_errors) == of_predicted
    assert names(matches.gold_errors) == of_gold


def overlap(one, other):
    return one.start < other.end and other.start < one.end


@settings(max_examples=150, deadline=None)
@given(PAIRS)
def test_flags_follow_their_definitions(corpus):
    gold = [[pair[0] for pair in sentence] for sentence in corpus]
    predicted = [[pair[1] for pair in sentence] for sentence in corpus]
    matches = make_batch(gold, predicted).matches
    pairs = [(spans(g), spans(p)) for g, p in zip(gold, predicted, strict=True)]
    ours = [(span, of_gold) for of_gold, of_predicted in pairs for span in of_predicted]
    theirs = [(span, of_predicted) for of_gold, of_predicted in pairs for span in of_gold]
    assert matches.correct.tolist() == [span in others for span, others in ours]
    ends = [(span.start, span.end) in [(o.start, o.end) for o in others] for span, others in ours]
    assert matches.same_ends.tolist() == ends
    for flags, both in ((matches.same_type, ours), (matches.gold_same_type, theirs)):
        expected = [any(overlap(span, o) and span.type == o.type for o in others) for span, others in both]
        assert flags.tolist() == expected
    missed = [not any(overlap(span, o) for o in others) for span, others in theirs]
    assert [name == "missed" for name in names(matches.gold_errors)] == missed
    spurious = [not any(overlap(span, o) for o in others) for span, others in ours]
    assert [name == "spurious" for name in names(matches.predicted_errors)] == spurious
