"""Alignment of predictions and labels."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.timing import LINEAR, growth

from components.evaluator.delayed_labels.alignment import align
from components.evaluator.delayed_labels.label import Label
from components.evaluator.delayed_labels.prediction import Prediction
from components.evaluator.errors import EvaluationError
from components.text.spans import spans


def prediction(text, tags, cuts=None):
    """Returns a prediction for a sentence; `cuts` are its tokens, by default the words between spaces."""
    starts, at = [], 0
    tokens = cuts or text.split()
    for token in tokens:
        at = text.index(token, at)
        starts.append(at)
        at += len(token)
    return Prediction("k", tuple(tokens), tuple(tags.split()), tuple([0.5] * len(tokens)), tuple(starts), {})


def of_tags(tags, tokens=None):
    return Label("k", tuple(tags.split()), None if tokens is None else tuple(tokens), (), {})


def of_spans(*entities):
    return Label("k", None, None, entities, {})


def test_words_are_the_tokens_of_a_label_without_tokens():
    aligned = align(prediction("In  New Delhi.", "O B-L I-L O", ["In", "New", "Delhi", "."]), of_tags("O B-L I-L"))
    assert aligned.tokens == ("In", "New", "Delhi.")
    assert aligned.predicted == aligned.gold == ("O", "B-L", "I-L")  # the first piece decides, as in the pipeline


@pytest.mark.parametrize(
    ("served", "tags", "tokens", "predicted"),
    [
        (["Delhi", "."], "B-L O", ["Delhi."], ["B-L"]),
        (["Delhi."], "B-L", ["Delhi", "."], ["B-L", "I-L"]),
        (["Del", "hi."], "B-L B-X", ["Delhi", "."], ["B-L", "I-X"]),
        (["Delhi."], "O", ["Delhi", "."], ["O", "O"]),
    ],
)
def test_different_tokenizations_are_aligned(served, tags, tokens, predicted):
    label = of_tags(" ".join(["O"] * len(tokens)), tokens)
    aligned = align(prediction("".join(served), tags, served), label)
    assert list(aligned.predicted) == predicted
    assert aligned.tokens == tuple(tokens)


def test_other_schemes_are_converted_to_iob2():
    aligned = align(prediction("a b c", "O O O"), of_tags("B-X E-X S-Y"))
    assert aligned.gold == ("B-X", "I-X", "B-Y")


@pytest.mark.parametrize(
    ("entities", "gold", "predicted"),
    [
        (((0, 9, "L"),), [("L", "NewDelhi")], [("L", "NewDelhi")]),
        (((4, 9, "L"),), [("L", "Delhi")], [("L", "NewDelhi")]),
        (((4, 7, "L"),), [("L", "Del")], [("L", "NewDelhi")]),  # inside a served token
        (((2, 5, "L"),), [("L", "wD")], [("L", "NewDelhi")]),
        (((0, 3, "A"), (4, 9, "B")), [("A", "New"), ("B", "Delhi")], [("L", "NewDelhi")]),
        ((), [], [("L", "NewDelhi")]),
    ],
)
def test_spans_are_compared_by_characters(entities, gold, predicted):
    aligned = align(prediction("New Delhi", "B-L I-L"), of_spans(*entities))
    for tags, expected in ((aligned.gold, gold), (aligned.predicted, predicted)):
        assert [(span.type, "".join(aligned.tokens[span.start : span.end])) for span in spans(tags)] == expected


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (of_tags("O"), "the label has 1 tags, but the sentence has 2 words"),
        (of_tags("O O", ["New", "York"]), "the text of the label is 'New York', that of the prediction 'New Delhi'"),
        (of_spans((0, 99, "L")), "characters up to 99, but the last served token ends at 9"),
        (of_spans((3, 4, "L")), "marks white space as L"),
    ],
)
def test_different_texts_are_refused(label, text):
    with pytest.raises(EvaluationError, match=text):
        align(prediction("New Delhi", "O O"), label)


def test_spans_of_another_text_are_refused():
    served = prediction("In  New Delhi.", "O B-L I-L O", ["In", "New", "Delhi", "."])
    assert align(served, Label("k", None, None, ((4, 13, "L"),), {}, "In  New Delhi.")).cut_spans == 0
    with pytest.raises(EvaluationError, match=r"the text of the label is 'In New Delhi\.', that of"):
        align(served, Label("k", None, None, ((3, 12, "L"),), {}, "In New Delhi."))


def test_spans_that_end_inside_tokens_are_counted():
    served = prediction("Ida saw Bo", "B-P O B-P")
    assert align(served, of_spans((0, 3, "P"), (8, 10, "P"))).cut_spans == 0
    assert align(served, of_spans((0, 2, "P"), (9, 10, "P"))).cut_spans == 2


def test_empty_sentence():
    aligned = align(prediction("", ""), of_tags(""))
    assert (aligned.tokens, aligned.gold, aligned.predicted, aligned.scores) == ((), (), (), ())
    with pytest.raises(EvaluationError, match="white space"):
        align(prediction("", ""), of_spans((0, 1, "X")))


WORDS = st.lists(st.text("abcé.", min_size=1, max_size=5), min_size=1, max_size=5)


@settings(max_examples=100, deadline=None)
@given(WORDS, st.data())
def test_spans_equal_to_the_prediction_are_found_in_any_tokenization(words, data):
    """Gold spans are the predicted entities, so everything is correct."""
    text = "  ".join(words)
    pieces, starts, at = [], [], 0
    for word in words:
        cuts = sorted({0, len(word), *data.draw(st.sets(st.integers(1, max(1, len(word) - 1)), max_size=2))})
        for start, end in itertools.pairwise(cuts):
            pieces.append(word[start:end])
            starts.append(at + start)
        at += len(word) + 2
    tags = tuple(data.draw(st.sampled_from(["O", "B-X", "I-X", "B-Y", "I-Y"])) for _ in pieces)
    served = Prediction("k", tuple(pieces), tags, None, tuple(starts), {})
    gold = [(starts[span.start], starts[span.end - 1] + len(pieces[span.end - 1]), span.type) for span in spans(tags)]
    aligned = align(served, of_spans(*gold))
    assert "".join(aligned.tokens) == "".join(words)
    assert spans(aligned.gold) == spans(aligned.predicted)
    assert len(spans(aligned.gold)) == len(gold)
    assert text


def test_time_grows_linearly_with_tokens_and_spans():
    def document(words):
        starts = tuple(range(0, 4 * words, 4))
        logged = Prediction("k", ("abc",) * words, ("B-X",) * words, None, starts, {})
        return logged, of_spans(*((start, start + 3, "X") for start in starts))

    assert growth(lambda pair: align(*pair), document, small=5000) < LINEAR
