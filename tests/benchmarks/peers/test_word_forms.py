from __future__ import annotations

import pytest

from benchmarks.peers.word_forms import normalized, shape, short_shape


@pytest.mark.parametrize(
    ("token", "form", "whole", "short"),
    [
        ("MAY-1997", "may-0000", "XXX-0000", "X-0"),
        ("McDonald's", "mcdonald's", "XxXxxxxx'x", "XxXx'x"),
        ("Ærø", "ærø", "Xxx", "Xx"),
        ("٣", "0", "0", "0"),
        ("東京", "東京", "xx", "x"),
        ("", "", "", ""),
    ],
)
def test_forms_and_shapes(token, form, whole, short):
    assert (normalized(token), shape(token), short_shape(token)) == (form, whole, short)
