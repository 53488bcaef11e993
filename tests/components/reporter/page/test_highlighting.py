"""Sentences cut into marked pieces."""

from __future__ import annotations

import pytest

from components.evaluator.results.evaluation import ErrorInContext, MarkedSpan
from components.reporter.page.highlighting import ELLIPSIS, Piece, pieces

pytestmark = pytest.mark.extended


def error(tokens, start, end, gold=(), predicted=()):
    return ErrorInContext("missed", 0.9, "k", tuple(tokens), tuple(gold), tuple(predicted), start, end)


def test_entities_are_separate_pieces_and_the_error_is_marked():
    spans = (MarkedSpan("LOC", 3, 5, 0.8), MarkedSpan("PER", 0, 2, 0.9))
    highlighted = pieces(error(["Sam", "Jones", "in", "New", "York", "!"], 4, 5), spans)
    assert highlighted == [
        Piece("Sam Jones", "PER", 0.9, False),
        Piece("in"),
        Piece("New York", "LOC", 0.8, True),
        Piece("!"),
    ]


def test_no_token_is_lost():
    tokens = [f"t{i}" for i in range(45)]
    for spans in [
        (),
        (MarkedSpan("A", 0, 45),),
        (MarkedSpan("A", 0, 1), MarkedSpan("B", 1, 2), MarkedSpan("A", 44, 45)),
    ]:
        assert " ".join(piece.text for piece in pieces(error(tokens, 3, 4), spans)) == " ".join(tokens)


def test_long_sentences_are_cut_around_the_error():
    tokens = [f"t{i}" for i in range(200)]
    spans = (MarkedSpan("A", 80, 90), MarkedSpan("B", 100, 102), MarkedSpan("C", 150, 151))
    highlighted = pieces(error(tokens, 100, 102), spans)
    assert highlighted[0] == highlighted[-1] == Piece(ELLIPSIS)
    assert [piece.type for piece in highlighted if piece.type] == ["A", "B"]
    assert highlighted[1].text == "t85 t86 t87 t88 t89"  # the part of A that is shown
    assert highlighted[-2].text.endswith("t116")


def test_error_at_a_sentence_end_is_cut_on_one_side_only():
    tokens = [f"t{i}" for i in range(100)]
    assert pieces(error(tokens, 0, 1), ())[0].text.startswith("t0 ")
    assert pieces(error(tokens, 99, 100), ())[-1].text.endswith(" t99")


def test_long_errors_are_shown_whole():
    tokens = [f"t{i}" for i in range(100)]
    [piece] = pieces(error(tokens, 0, 100), (MarkedSpan("A", 0, 100),))
    assert piece.text == " ".join(tokens)


def test_scripts_without_spaces_are_shown_as_written():
    highlighted = pieces(error(["王", "伟", "去", "了", "Oslo"], 0, 2), (MarkedSpan("A", 0, 2),))
    assert [piece.text for piece in highlighted] == ["王伟", "去了 Oslo"]
