"""Options: checked, and the same after JSON."""

from __future__ import annotations

import json

import pytest

from components.common.errors import NerError
from components.corpus_example_gen.readers.read_options import ReadOptions


@pytest.mark.parametrize(
    ("field", "value"), [("format", "xml"), ("scheme", "IOB2"), ("on_error", "ignore"), ("on_error", None)]
)
def test_unknown_value_is_refused_by_name(field, value):
    with pytest.raises(NerError, match=rf"\[corpus -> {field}\] must be one of .*, got {value!r}"):
        ReadOptions(**{field: value})


def test_options_come_back_from_json():
    options = ReadOptions("columns", 1, -2, "io", ["OTH"], "skip", False)
    assert ReadOptions.from_dict(json.loads(json.dumps(options.to_dict()))) == options
    assert hash(options)


def test_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(NerError, match=r"\[corpus -> on_eror\] is no option.*on_error"):
        ReadOptions.from_dict({"on_eror": "skip"})
