"""Profiles by span."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule

from components.drift_validator.data_profile import DataProfile

pytestmark = pytest.mark.extended

profiling = LazyModule("components.drift_validator.profiling")


def profile(sentence):
    made = DataProfile()
    made.add(sentence)
    return made


def test_newest_span_has_the_highest_number():
    for spans, newest in (
        (["span-9", "span-10"], "span-10"),
        (["span-009", "span-010"], "span-010"),
        ([""], ""),
        (["", "span-0"], "span-0"),
    ):
        assert profiling.newest_span_profile([(name, profile("a")) for name in spans])[0] == newest


def test_newest_span_profile_covers_all_splits():
    profiles = [("span-2", profile("a")), ("span-1", profile("b")), ("span-2", profile("c"))]
    assert profiling.newest_span_profile(profiles)[1].words == {"a": 1, "c": 1}


def test_packed_profile_is_one_line():
    packed = profiling.pack(("span-1", profile("a\u2028b \n")))
    assert len(packed.splitlines()) == 1
    assert profiling.unpack(packed) == ("span-1", profile("a\u2028b \n"))
