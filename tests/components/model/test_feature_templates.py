"""Columns of the feature templates, compared with the columns of the transform graph."""

from __future__ import annotations

import numpy as np

from components.model import feature_templates
from components.model.feature_templates import TEMPLATES, reach
from components.transform.features import SUBWORD_COLUMNS

OTHER = 2  # columns before the subwords: word and case


def columns_that_differ(one, other):
    """Returns the numbers of the columns in which two words differ in the transform graph."""
    import tensorflow as tf

    from components.text.tokenizer import tokenize
    from components.transform.subwords import subword_ids

    ids = subword_ids(tokenize(tf.constant([one, other]))).to_tensor().numpy()  # [2, 1, columns]
    return {OTHER + int(column) for column in np.flatnonzero(ids[0, 0] != ids[1, 0])}


def test_templates_are_distinct():
    assert len({frozenset(template) for template in TEMPLATES}) == len(TEMPLATES)


def test_templates_combine_one_to_three_existing_columns():
    for template in TEMPLATES:
        assert 1 <= len(set(template)) == len(template) <= 3
        assert all(0 <= column < OTHER + SUBWORD_COLUMNS for column, _ in template)


def test_reach_is_the_farthest_token():
    distances = {distance for template in TEMPLATES for _, distance in template}
    assert reach() == max(distances) == -min(distances) == 3


def test_columns_of_affixes():
    for length in [2, 3, 4]:
        prefix = getattr(feature_templates, f"PREFIX_{length}")
        suffix = getattr(feature_templates, f"SUFFIX_{length}")
        # Replacing the character at this position changes affixes of this length and longer ones only.
        begins = columns_that_differ("abcdefghij", "abcdefghij"[: length - 1] + "z" + "abcdefghij"[length:])
        ends = columns_that_differ("abcdefghij", "abcdefghij"[:-length] + "z" + "abcdefghij"[10 - length + 1 :])
        assert begins == set(range(prefix, feature_templates.PREFIX_4 + 1))
        assert ends == set(range(suffix, feature_templates.SUFFIX_4 + 1))
        assert (begins | ends) <= set(feature_templates.AFFIXES)


def test_columns_of_shape_and_kind():
    assert columns_that_differ("abcdefghij", "abcdEfghij") == set()  # neither shape nor affixes cover the middle
    longer = columns_that_differ("abcdefghij", "abcdeefghij")
    assert longer == {feature_templates.SHAPE}
    assert {feature_templates.SHAPE, feature_templates.KIND} <= columns_that_differ("abcdefghij", "Abcdefghij")
    assert feature_templates.KIND == OTHER + SUBWORD_COLUMNS - 1
