"""Work ahead."""

from __future__ import annotations

import threading

import pytest

from components.trainer.prefetch import prefetched


def test_items_come_in_order_and_end():
    assert list(prefetched(iter(range(20)), depth=3)) == list(range(20))
    assert list(prefetched(iter([]))) == []


def test_no_more_than_the_depth_lies_ready():
    made, more = [], threading.Event()

    def items():
        for number in range(10):
            made.append(number)
            if len(made) >= 4:
                more.set()
            yield number

    ahead = prefetched(items(), depth=3)
    assert next(ahead) == 0
    assert more.wait(10)  # made in the background, without being asked for
    assert len(made) == 4  # the one that was taken, and three
    ahead.close()


def test_errors_of_making_an_item_are_raised_where_it_is_taken():
    def items():
        yield 1
        raise ValueError("broken")

    ahead = prefetched(items())
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="broken"):
        next(ahead)
