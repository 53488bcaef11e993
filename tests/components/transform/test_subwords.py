"""Hashed affixes and shapes."""

from __future__ import annotations

import numpy as np
import pytest
from support.lazy import LazyModule

from components.transform.features import SUBWORD_BUCKETS, SUBWORD_COLUMNS

tf = LazyModule("tensorflow")
tokenizer = LazyModule("components.text.tokenizer")
subwords = LazyModule("components.transform.subwords")

PREFIXES, SUFFIXES, SHAPE = slice(0, 4), slice(4, 8), 8


def ids(*sentences, name="words"):
    rows = subwords.subword_ids(tokenizer.tokenize(tf.constant(sentences, tf.string), name))
    assert rows.flat_values.shape[1] == SUBWORD_COLUMNS
    return [rows.flat_values.numpy()[a:b] for a, b in zip(rows.row_splits[:-1], rows.row_splits[1:], strict=True)]


def test_common_affixes_have_common_ids():
    [[london, longer, linden]] = ids("London longer Linden")
    assert (london[PREFIXES] == longer[PREFIXES]).tolist() == [True, True, True, False]
    assert (london[PREFIXES] == linden[PREFIXES]).tolist() == [True, False, False, False]
    assert (london[SUFFIXES] == linden[SUFFIXES]).tolist() == [True, False, False, False]


def test_affixes_are_characters_of_any_script():
    [[one, two]] = ids("Київ Київська")
    assert (one[PREFIXES] == two[PREFIXES]).all()
    assert len({*one[PREFIXES]}) == 4


def test_ids_depend_on_the_column():
    [[row]] = ids("aaaa")
    assert len({*row.tolist()}) == SUBWORD_COLUMNS


def test_shape_depends_on_case_digits_and_length():
    [rows] = ids("Paris Milan paris PARIS 12345 Parisian")
    shapes = rows[:, SHAPE].tolist()
    assert shapes[0] == shapes[1]
    assert len({*shapes}) == 5


@pytest.mark.parametrize(
    ("raw", "joined", "name"),
    [
        ('"Oslo (NO)," said Jo.', '" Oslo ( NO ) , " said Jo .', "words"),
        ("王伟在Oslo。", "王 伟 在 Oslo 。", "characters"),
    ],
)
def test_raw_text_has_the_ids_of_its_tokens_joined_by_spaces(raw, joined, name):
    one, other = ids(raw, joined, name=name)
    np.testing.assert_array_equal(one, other)


def test_ids_are_in_range_and_not_padding():
    rng = np.random.default_rng(0)
    words = ["".join(chr(c) for c in rng.integers(33, 0x2FFF, rng.integers(1, 60))) for _ in range(2000)]
    [rows] = ids(" ".join(words))
    assert rows.min() >= 1
    assert rows.max() < SUBWORD_BUCKETS
    assert len(np.unique(rows[:, 3])) > 1000


def test_ids_do_not_depend_on_the_batch():
    sentences = ["", "Joe,Biden visited U.S. bases", "x" * 10_000, "é"]
    together = ids(*sentences)
    for sentence, rows in zip(sentences, together, strict=True):
        np.testing.assert_array_equal(ids(sentence)[0], rows)


def test_sentences_without_tokens():
    for batch in [[], [""], ["", " "]]:
        assert [len(rows) for rows in ids(*batch)] == [0] * len(batch)


def test_ids_never_change():
    """Trained tables are indexed by these numbers."""
    [[row]] = ids("Paris")
    assert row.tolist() == [2726, 3722, 5359, 28836, 25890, 548, 2188, 27295, 31138, 7198]
