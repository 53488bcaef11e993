"""Uncertainty of one model and of two."""

from __future__ import annotations

import dataclasses

import pytest

from components.common.errors import NerError
from components.serving.saved_model_tagger import TaggedSentence
from components.suggestions.uncertainty import uncertainty

ROME = TaggedSentence("in Rome", ("in", "Rome"), ("O", "B-LOC"), (1.0, 0.64), (0, 3), (2, 7))


def test_a_doubt_counts_less_in_a_longer_sentence_and_many_doubts_count_more_than_few():
    sure, doubted = ("in", "O", 1.0, 0, 2), ("Rome", "B-LOC", 0.64, 3, 7)

    def of(*tokens):
        return uncertainty(TaggedSentence("in Rome", *zip(*tokens, strict=True))).value

    assert of(doubted) == pytest.approx(0.36)
    assert of(doubted, sure, sure, sure) == pytest.approx(0.2)
    assert of(*[doubted] * 4) == pytest.approx(1 - 0.64**2)


def test_two_models_that_agree_are_as_sure_as_on_average():
    agreed = uncertainty(ROME, dataclasses.replace(ROME, scores=(1.0, 0.98)))
    assert agreed.disagreement == 0
    assert agreed.value == pytest.approx(1 - 0.81 ** (1 / 2**0.5))


def test_a_sure_rival_costs_more_than_an_unsure_one():
    sure, unsure = (
        uncertainty(ROME, dataclasses.replace(ROME, tags=("O", "O"), scores=(1.0, score))) for score in (0.9, 0.5)
    )
    assert sure.disagreement == unsure.disagreement == 0.5
    assert sure.value > unsure.value > uncertainty(ROME).value


def test_tokens_that_the_second_model_does_not_cut_count_as_disagreement():
    other = TaggedSentence("in Rome", ("in Rome",), ("O",), (1.0,), (0,), (7,))
    assert uncertainty(ROME, other).disagreement == 0.5


def test_a_model_without_scores_needs_a_second_one():
    silent = dataclasses.replace(ROME, scores=())
    with pytest.raises(NerError, match=r"returns no scores.*--against MODEL"):
        uncertainty(silent)
    assert uncertainty(silent, silent).value == 0
    assert uncertainty(silent, dataclasses.replace(silent, tags=("O", "O"))).disagreement == 0.5


def test_a_probability_that_was_rounded_to_zero_has_a_logarithm():
    assert uncertainty(dataclasses.replace(ROME, scores=(0.0, 0.0))).value == pytest.approx(1.0)


def test_a_text_without_a_token_has_none():
    assert uncertainty(TaggedSentence("", (), (), (), (), ())) is None
