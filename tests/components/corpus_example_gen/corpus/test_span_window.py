"""Which spans are read."""

from __future__ import annotations

import pytest

from components.corpus_example_gen.corpus.span_window import SpanWindow, span_folders
from components.corpus_example_gen.errors import CorpusError

SPANS = ["span-1", "span-2", "span-4", "span-10"]


@pytest.mark.parametrize(
    ("window", "chosen"),
    [
        (SpanWindow(), ["span-10"]),
        (SpanWindow(size=3), ["span-2", "span-4", "span-10"]),
        (SpanWindow(size=9), SPANS),
        (SpanWindow(newest=4), ["span-4"]),
        (SpanWindow(newest=4, size=2), ["span-2", "span-4"]),
        (SpanWindow(newest=1, size=2), ["span-1"]),
    ],
)
def test_window_slides_over_the_spans_that_are_there(window, chosen):
    assert window.chosen("corpus", SPANS) == chosen


def test_span_that_is_not_there_is_refused():
    with pytest.raises(CorpusError, match=r"corpus: has no span 3, only 1, 2, 4, 10\. Correct \[corpus -> span\]"):
        SpanWindow(newest=3).chosen("corpus", SPANS)


def test_pattern_of_one_span_is_spread_over_the_window():
    assert SpanWindow(size=2).patterns("c", "span-4/dev.conll", SPANS) == ["span-2/dev.conll", "span-4/dev.conll"]
    assert SpanWindow(size=2).patterns("c", "span-002/*.tsv", ["span-001", "span-002"]) == [
        "span-001/*.tsv",
        "span-002/*.tsv",
    ]
    assert SpanWindow().patterns("c", "train.conll", []) == ["train.conll"]


@pytest.mark.parametrize("pattern", ["train.conll", "day-3/train.conll", "span-3/train.conll"])
def test_pattern_outside_the_span_folders_has_no_window(pattern):
    with pytest.raises(CorpusError, match=f"has no span folder for the pattern {pattern}"):
        SpanWindow(size=2).patterns("c", pattern, SPANS)


def test_span_folders_are_in_the_order_of_their_numbers():
    assert span_folders("c", ["span-10", "train", "span-9", "span-1"]) == ["span-1", "span-9", "span-10"]


@pytest.mark.parametrize(
    ("names", "found"),
    [(["span-new"], "c/span-new: is no span"), (["span-1", "span-01"], "c/span-1: is the same span as span-01")],
)
def test_span_folders_that_are_none_are_refused(names, found):
    with pytest.raises(CorpusError, match=found):
        span_folders("c", names)
