"""Predictions and labels on common tokens."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.evaluator.delayed_labels.alignment import align
from components.evaluator.delayed_labels.label import Label
from components.evaluator.delayed_labels.prediction import Prediction
from components.evaluator.errors import EvaluationError
from components.text.spans import spans


def prediction(text, tags, cuts=None):
    """A served answer for a sentence; `cuts` are its tokens, by default the words between blanks."""
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


def test_words_of_the_sentence_are_the_tokens_when_the_label_has_none():
    found = align(prediction("In  New Delhi.", "O B-L I-L O", ["In", "New", "Delhi", "."]), of_tags("O B-L I-L"))
    assert found.tokens == ("In", "New", "Delhi.")
    assert found.predicted == found.gold == ("O", "B-L", "I-L")  # the first piece decides, as in the pipeline


@pytest.mark.parametrize(
    ("served", "tags", "tokens", "predicted"),
    [
        (["Delhi", "."], "B-L O", ["Delhi."], ["B-L"]),
        (["Delhi."], "B-L", ["Delhi", "."], ["B-L", "I-L"]),
        (["Del", "hi."], "B-L B-X", ["Delhi", "."], ["B-L", "I-X"]),
        (["Delhi."], "O", ["Delhi", "."], ["O", "O"]),
    ],
)
def test_tokens_may_be_cut_differently(served, tags, tokens, predicted):
    label = of_tags(" ".join(["O"] * len(tokens)), tokens)
    found = align(prediction("".join(served), tags, served), label)
    assert list(found.predicted) == predicted
    assert found.tokens == tuple(tokens)


def test_a_label_in_another_scheme_is_read_as_iob2():
    found = align(prediction("a b c", "O O O"), of_tags("B-X E-X S-Y"))
    assert found.gold == ("B-X", "I-X", "B-Y")


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
def test_spans_are_compared_to_the_character(entities, gold, predicted):
    found = align(prediction("New Delhi", "B-L I-L"), of_spans(*entities))
    for tags, expected in ((found.gold, gold), (found.predicted, predicted)):
        assert [(span.type, "".join(found.tokens[span.start : span.end])) for span in spans(tags)] == expected


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (of_tags("O"), "the label has 1 tags, and the sentence 2 words"),
        (of_tags("O O", ["New", "York"]), "the label is about 'New York', the prediction about 'New Delhi'"),
        (of_spans((0, 99, "L")), "characters up to 99, and the last served token ends at 9"),
        (of_spans((3, 4, "L")), "marks white space as L"),
    ],
)
def test_other_texts_are_refused(label, text):
    with pytest.raises(EvaluationError, match=text):
        align(prediction("New Delhi", "O O"), label)


def test_an_empty_sentence():
    found = align(prediction("", ""), of_tags(""))
    assert (found.tokens, found.gold, found.predicted, found.scores) == ((), (), (), ())
    with pytest.raises(EvaluationError, match="white space"):
        align(prediction("", ""), of_spans((0, 1, "X")))


WORDS = st.lists(st.text("abcé.", min_size=1, max_size=5), min_size=1, max_size=5)


@settings(max_examples=300, deadline=None)
@given(WORDS, st.data())
def test_spans_that_equal_the_prediction_are_found_however_the_text_is_cut(words, data):
    """Gold spans taken from the predicted entities themselves: everything is right, whatever the cutting."""
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
    found = align(served, of_spans(*gold))
    assert "".join(found.tokens) == "".join(words)
    assert spans(found.gold) == spans(found.predicted)
    assert len(spans(found.gold)) == len(gold)
    assert text
