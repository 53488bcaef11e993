"""Forms and shapes of words."""

from __future__ import annotations

import pytest

from benchmarks.peers.peer import split_words
from benchmarks.peers.word_forms import normalized, shape, short_shape

pytestmark = pytest.mark.extended


def test_forms_and_shapes():
    for token, form, whole, short in (
        ("MAY-1997", "may-0000", "XXX-0000", "X-0"),
        ("McDonald's", "mcdonald's", "XxXxxxxx'x", "XxXx'x"),
        ("Ærø", "ærø", "Xxx", "Xx"),
        ("٣", "0", "0", "0"),
        ("東京", "東京", "xx", "x"),
        ("", "", "", ""),
    ):
        assert (normalized(token), shape(token), short_shape(token)) == (form, whole, short)


def test_only_spaces_separate_words():
    assert split_words("  Ada  went\u00a0to Paris. ") == ["Ada", "went\u00a0to", "Paris."]
    assert split_words("") == []
