"""Profiles by span."""

from __future__ import annotations

import pytest

from components.drift_validator.data_profile import DataProfile
from components.drift_validator.profiling import newest_span_profile, pack, unpack


def profile(sentence):
    made = DataProfile()
    made.add(sentence)
    return made


@pytest.mark.parametrize(
    ("spans", "newest"),
    [
        (["span-9", "span-10"], "span-10"),
        (["span-009", "span-010"], "span-010"),
        ([""], ""),
        (["", "span-0"], "span-0"),
    ],
)
def test_the_newest_span_is_that_of_the_highest_number(spans, newest):
    assert newest_span_profile([(name, profile("a")) for name in spans])[0] == newest


def test_all_splits_of_the_newest_span_count():
    profiles = [("span-2", profile("a")), ("span-1", profile("b")), ("span-2", profile("c"))]
    assert newest_span_profile(profiles)[1].words == {"a": 1, "c": 1}


def test_a_packed_profile_is_one_line():
    packed = pack(("span-1", profile("a\u2028b \n")))
    assert len(packed.splitlines()) == 1
    assert unpack(packed) == ("span-1", profile("a\u2028b \n"))
