"""Texts as JSON."""

from __future__ import annotations

import numpy as np
import pytest

from components.exporter.validator.probe.values import from_json

STRINGS = np.dtype(object)


@pytest.mark.parametrize("values", [["a", ["b", "c"]], [["b", "c"], "ab"], [["a"], ["b", "c"]], [["a", "b"], ["c"]]])
def test_texts_of_different_shapes_are_no_tensor(values):
    with pytest.raises(ValueError, match="different lengths"):
        from_json(values, STRINGS)


def test_an_array_of_texts_stays_as_it_is():
    array = np.array([[b"a", b"\xff"], [b"", b"b"]], object)
    assert from_json(array, STRINGS).tolist() == array.tolist()
