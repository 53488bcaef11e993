"""Both readings of spans compared with seqeval, and the intended differences."""

from __future__ import annotations

import itertools
import random
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lazy import LazyModule

from components.text.spans import Span, spans, strict_spans

TYPES = ("PER", "LOC", "creative-work", "a-b-c", "O-X", "I", "B", "E", "É")
OUTSIDE = ("O", "OUT")
TAGS = [f"{prefix}-{entity_type}" for prefix in "BI" for entity_type in TYPES] + list(OUTSIDE)
# Few types make long runs of equal types, where the readings differ most; many make every change of type.
FEW_TAGS = ["B-X", "I-X", "B-Y", "I-Y", "O", "OUT"]
sequence_labeling = LazyModule("seqeval.metrics.sequence_labeling")
scheme = LazyModule("seqeval.scheme")

ANY_TYPE = st.text(max_size=8).map(lambda text: f"x{text}x")  # the ends are where strict seqeval cuts hyphens
SEQUENCES = st.one_of(
    st.lists(st.sampled_from(FEW_TAGS), max_size=30),
    st.lists(st.sampled_from(TAGS), max_size=30),
    st.lists(st.tuples(st.sampled_from(["B-", "I-"]), ANY_TYPE).map("".join), max_size=10),
)


def seqeval_default(tags):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about OUT, and reads it as outside
        return [Span(kind, start, end + 1) for kind, start, end in sequence_labeling.get_entities(list(tags))]


def seqeval_strict(tags):
    return [
        Span(entity.tag, entity.start, entity.end)
        for entity in scheme.Entities([list(tags)], scheme=scheme.IOB2).entities[0]
    ]


@settings(max_examples=500, deadline=None)
@given(SEQUENCES)
def test_both_readings_equal_seqeval(tags):
    assert spans(tags) == seqeval_default(tags)
    assert strict_spans(tags) == seqeval_strict(tags)


@pytest.mark.extended
def test_both_readings_equal_seqeval_on_thousands_of_random_sequences():
    for tag_set in [FEW_TAGS, TAGS]:
        rng = random.Random(0)
        for _ in range(5000):
            tags = rng.choices(tag_set, k=rng.randint(0, 15))
            assert spans(tags) == seqeval_default(tags), tags
            assert strict_spans(tags) == seqeval_strict(tags), tags


@pytest.mark.extended
def test_both_readings_equal_seqeval_on_every_sequence_of_four_tags():
    for tags in itertools.product(FEW_TAGS, repeat=4):
        assert spans(tags) == seqeval_default(tags), tags
        assert strict_spans(tags) == seqeval_strict(tags), tags


def test_readings_of_valid_and_invalid_sequences():
    for tags, lenient, strict in [
        ([], [], []),
        (["O", "OUT"], [], []),
        (["B-X"], [("X", 0, 1)], [("X", 0, 1)]),
        (["B-X", "B-X"], [("X", 0, 1), ("X", 1, 2)], [("X", 0, 1), ("X", 1, 2)]),
        (["I-X", "I-X", "O"], [("X", 0, 2)], []),
        (["B-X", "I-Y", "I-Y"], [("X", 0, 1), ("Y", 1, 3)], [("X", 0, 1)]),
        (["B-X", "I-Y", "I-X"], [("X", 0, 1), ("Y", 1, 2), ("X", 2, 3)], [("X", 0, 1)]),
        (["B-X", "O", "I-X"], [("X", 0, 1), ("X", 2, 3)], [("X", 0, 1)]),
        (["O", "B-creative-work", "I-creative-work"], [("creative-work", 1, 3)], [("creative-work", 1, 3)]),
    ]:
        assert spans(tags) == lenient == seqeval_default(tags)
        assert strict_spans(tags) == strict == seqeval_strict(tags)


def test_other_labels_are_outside_and_end_an_entity():
    for label in ["[PAD]", "", "E-X", "S-X", "L-X", "B", "I", "B-", "I-", "PER", "-X", "b-X", "B-O", "B-OUT"]:
        tags = ["B-X", label, "I-X", label]
        assert spans(tags) == [("X", 0, 1), ("X", 2, 3)]
        assert strict_spans(tags) == [("X", 0, 1)]


def test_padding_is_outside_unlike_in_seqeval():
    assert spans(["O", "[PAD]"]) == []
    assert seqeval_default(["O", "[PAD]"]) == [("PAD]", 1, 2)]


def test_type_keeps_hyphens_unlike_in_strict_seqeval():
    assert strict_spans(["B--X"]) == spans(["B--X"]) == seqeval_default(["B--X"]) == [("-X", 0, 1)]
    assert seqeval_strict(["B--X"]) == [("X", 0, 1)]
