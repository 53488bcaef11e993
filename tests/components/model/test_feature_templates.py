"""What the templates look at, held against what a token's columns are."""

from __future__ import annotations

import numpy as np

from components.model import feature_templates
from components.model.feature_templates import TEMPLATES, reach
from components.transform.features import SUBWORD_COLUMNS

OWN = 2  # columns before the subwords: word and case


def columns_that_differ(one, other):
    """Numbers of the columns in which two words differ, as the transform graph makes them."""
    import tensorflow as tf

    from components.text.tokenizer import tokenize
    from components.transform.subwords import subword_ids

    ids = subword_ids(tokenize(tf.constant([one, other]))).to_tensor().numpy()  # [2, 1, columns]
    return {OWN + int(column) for column in np.flatnonzero(ids[0, 0] != ids[1, 0])}


def test_no_template_stands_twice():
    assert len({frozenset(template) for template in TEMPLATES}) == len(TEMPLATES)


def test_a_template_joins_one_to_three_different_columns_that_a_token_has():
    for template in TEMPLATES:
        assert 1 <= len(set(template)) == len(template) <= 3
        assert all(0 <= column < OWN + SUBWORD_COLUMNS for column, _ in template)


def test_reach_is_the_farthest_token():
    distances = {distance for template in TEMPLATES for _, distance in template}
    assert reach() == max(distances) == -min(distances) == 3


def test_affixes_are_where_the_templates_look():
    for length in [2, 3, 4]:
        prefix = getattr(feature_templates, f"_PREFIX_{length}")
        suffix = getattr(feature_templates, f"_SUFFIX_{length}")
        # What changes the character at this place changes the affixes that are so long, and no shorter one.
        begins = columns_that_differ("abcdefghij", "abcdefghij"[: length - 1] + "z" + "abcdefghij"[length:])
        ends = columns_that_differ("abcdefghij", "abcdefghij"[:-length] + "z" + "abcdefghij"[10 - length + 1 :])
        assert begins == set(range(prefix, feature_templates._PREFIX_4 + 1))
        assert ends == set(range(suffix, feature_templates._SUFFIX_4 + 1))
        assert (begins | ends) <= set(feature_templates._AFFIXES)


def test_shape_and_touch_are_where_the_templates_look():
    assert columns_that_differ("abcdefghij", "abcdEfghij") == set()  # neither shape nor affixes see the middle
    longer = columns_that_differ("abcdefghij", "abcdeefghij")
    assert longer == {feature_templates._SHAPE}
    assert {feature_templates._SHAPE, feature_templates._TOUCH} <= columns_that_differ("abcdefghij", "Abcdefghij")
    assert feature_templates._TOUCH == OWN + SUBWORD_COLUMNS - 1
