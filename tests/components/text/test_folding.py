"""Folding of case and digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.text.folding import fold, fold_char


@pytest.mark.parametrize(
    ("text", "folded"),
    [("MAY 1997", "may 0000"), ("ÉLAN-٣٤", "élan-00"), ("Straße", "straße"), ("ΟΔΟΣ οδος", "οδοσ οδοσ"), ("İI", "ii"),
     ("½", "½"), ("巴黎", "巴黎"), ("", "")],
)  # fmt: skip
def test_case_and_digits_fold(text, folded):
    assert fold(text) == folded


@given(st.text())
def test_folding_is_done_once_and_keeps_the_length(text):
    once = fold(text)
    assert len(once) == len(text)
    assert fold(once) == once
    assert once == "".join(map(fold_char, text))
