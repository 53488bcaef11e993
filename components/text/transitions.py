"""Which tags may follow which in IOB2."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from components.text.tags import split_tag

# Far below any score, and still far from the end of float32 when added up over a sentence.
FORBIDDEN = -1e9


def transitions(tags: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Says which tags may follow which: I-X only B-X and I-X.

    Args:
        tags: tag vocabulary in the order of ids.

    Returns:
        `(start, step)`: float32 [tags], 0 where a tag may begin a sentence, and [tags, tags], 0 where the second one
        may follow the first; `FORBIDDEN` everywhere else.
    """
    parts = [split_tag(tag) for tag in tags]
    start = np.array([FORBIDDEN if prefix == "I" else 0.0 for prefix, _ in parts], np.float32)
    step = np.array(
        [
            [FORBIDDEN if after == "I" and (not before or kind != kind_before) else 0.0 for after, kind in parts]
            for before, kind_before in parts
        ],
        np.float32,
    )
    return start, step
