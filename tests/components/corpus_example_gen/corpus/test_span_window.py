"""Windows of spans."""

from __future__ import annotations

import pytest

from components.corpus_example_gen.corpus.span_window import SpanWindow, span_folders, span_of
from components.corpus_example_gen.errors import CorpusError

SPANS = ["span-1", "span-2", "span-4", "span-10"]


def test_window_slides_over_the_existing_spans():
    for window, chosen in [
        (SpanWindow(), ["span-10"]),
        (SpanWindow(size=3), ["span-2", "span-4", "span-10"]),
        (SpanWindow(size=9), SPANS),
        (SpanWindow(newest=4), ["span-4"]),
        (SpanWindow(newest=4, size=2), ["span-2", "span-4"]),
        (SpanWindow(newest=1, size=2), ["span-1"]),
    ]:
        assert window.chosen("corpus", SPANS) == chosen


def test_missing_span_is_an_error():
    with pytest.raises(CorpusError, match=r"corpus: has no span 3, only 1, 2, 4, 10\. Correct corpus\.span"):
        SpanWindow(newest=3).chosen("corpus", SPANS)


def test_a_pattern_names_its_span():
    assert [span_of("c", pattern) for pattern in ("span-4/dev.conll", "span-002/*.tsv")] == [4, 2]
    for pattern in ("train.conll", "day-3/train.conll"):
        with pytest.raises(CorpusError, match=f"has no span folder for the pattern {pattern}"):
            span_of("c", pattern)


def test_span_folders_are_sorted_by_number():
    assert span_folders("c", ["span-10", "train", "span-9", "span-1"]) == ["span-1", "span-9", "span-10"]


def test_invalid_span_folders_are_errors():
    with pytest.raises(CorpusError, match="c/span-new: not a span"):
        span_folders("c", ["span-new"])
    with pytest.raises(CorpusError, match="c/span-1: has the same number as span-01"):
        span_folders("c", ["span-1", "span-01"])
