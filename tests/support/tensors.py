"""Arrays of every dtype that requests hold, for property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12).map(str.encode)


def objects(values, shape):
    """Returns an array of objects; numpy would turn bytes into fixed-width strings."""
    array = np.empty(len(values), object)
    array[:] = values
    return array.reshape(shape)


@st.composite
def arrays(draw, dtype, rows, strings=TEXTS):
    """Draws an array with the given number of rows and up to two more dimensions."""
    shape = (rows, *draw(st.lists(st.integers(1, 3), max_size=2)))
    if dtype == "string":
        size = int(np.prod(shape))
        return objects(draw(st.lists(strings, min_size=size, max_size=size)), shape)
    # NaN has many bit patterns, and JSON one name.
    elements = npst.from_dtype(np.dtype(dtype), allow_nan=False)
    return draw(npst.arrays(dtype, shape, elements=elements))
