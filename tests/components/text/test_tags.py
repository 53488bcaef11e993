"""Splitting, validation and conversion of tags."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from components.text.tags import OUTSIDE, OUTSIDE_LABELS, is_valid_tag, split_tag, to_iob2

TYPES = ["PER", "LOC", "creative-work", "E-mail"]


def test_split_tag_returns_prefix_and_type():
    for tag, parts in [
        ("B-PER", ("B", "PER")),
        ("I-PER", ("I", "PER")),
        ("S-PER", ("S", "PER")),
        ("B-creative-work", ("B", "creative-work")),
        ("O", ("", "")),
        ("OUT", ("", "")),
        ("B-O", ("", "")),
        ("I-OUT", ("", "")),
        ("B-", ("", "")),
        ("PERSON", ("", "")),
        ("X-PER", ("", "")),
        ("[PAD]", ("", "")),
        ("", ("", "")),
    ]:
        assert split_tag(tag) == parts


def test_valid_tags():
    for tag in ["O", "OUT", "B-O", *(f"{p}-X" for p in "BIMELSUW"), "B-creative-work", "B-place'name"]:
        assert is_valid_tag(tag)


def test_invalid_tags():
    for tag in ["", "-", "PERSON", "NN", "B-", "B_PER", "o", "BPER", "X-PER", "B-A B", "I-NP "]:
        assert not is_valid_tag(tag)


def test_to_iob2():
    for tags, expected in [
        ("", ""),
        ("I-A I-A O I-A", "B-A I-A O B-A"),  # IO
        ("I-A I-A B-A I-B", "B-A I-A B-A B-B"),  # IOB1
        ("B-A I-A O B-B B-B", "B-A I-A O B-B B-B"),  # IOB2
        ("B-A I-A E-A S-B S-B O B-A E-A I-A", "B-A I-A I-A B-B B-B O B-A I-A B-A"),  # BIOES
        ("B-A I-A L-A U-B U-B", "B-A I-A I-A B-B B-B"),  # BILOU
        ("B-A M-A M-A E-A W-B S-C M-C", "B-A I-A I-A I-A B-B B-C B-C"),  # BMESW
        ("O I-A", "O B-A"),
        ("B-A I-B I-B", "B-A B-B I-B"),
        ("E-A E-A L-A M-A", "B-A B-A B-A B-A"),
        ("B-A O I-A", "B-A O B-A"),
        ("B-A B-O I-A I-O", "B-A O B-A O"),
        ("OUT B-A B-O OUT I-OUT", "OUT B-A OUT OUT OUT"),
        ("B-creative-work I-creative-work I-creative", "B-creative-work I-creative-work B-creative"),
        ("B-A PERSON I-A", "B-A PERSON B-A"),  # an invalid tag is outside and unchanged; the caller decides
    ]:
        assert to_iob2(tags.split()) == expected.split()


def test_to_iob2_does_not_modify_its_input():
    tags = ["I-A"]
    to_iob2(tags)
    assert tags == ["I-A"]


def iob2_spans(tags):
    """Plain IOB2 decoding, independent of the code under test."""
    spans = []
    for i, tag in enumerate(tags):
        if tag.startswith("B-"):
            spans.append((i, i + 1, tag[2:]))
        elif tag.startswith("I-"):
            start, end, entity_type = spans[-1]
            assert (end, entity_type) == (i, tag[2:]), "an I- continues the entity before it"
            spans[-1] = (start, i + 1, entity_type)
    return spans


@st.composite
def spans(draw):
    """(number of tokens, [(start, end, type)]), spans in order and not overlapping."""
    drawn, position = [], 0
    for _ in range(draw(st.integers(0, 6))):
        start = position + draw(st.integers(0, 2))
        position = start + draw(st.integers(1, 4))
        drawn.append((start, position, draw(st.sampled_from(TYPES))))
    return position + draw(st.integers(0, 2)), drawn


def encode(length, entities, scheme):
    tags = [OUTSIDE] * length
    for n, (start, end, entity_type) in enumerate(entities):
        touches = n > 0 and entities[n - 1][1] == start and entities[n - 1][2] == entity_type
        first, inside, last, single = {
            "IOB1": ("B" if touches else "I", "I", "I", "B" if touches else "I"),
            "IOB2": "BIIB",
            "BIOES": "BIES",
            "BILOU": "BILU",
            "BMES": "BMES",
            "BMEW": "BMEW",
        }[scheme]
        size = end - start
        prefixes = single if size == 1 else first + inside * (size - 2) + last
        tags[start:end] = [f"{p}-{entity_type}" for p in prefixes]
    return tags


@settings(deadline=None)
@given(spans(), st.sampled_from(["IOB1", "IOB2", "BIOES", "BILOU", "BMES", "BMEW"]))
def test_every_scheme_converts_to_the_same_spans(drawn, scheme):
    length, entities = drawn
    iob2 = to_iob2(encode(length, entities, scheme))
    assert iob2_spans(iob2) == entities
    assert iob2 == encode(length, entities, "IOB2")


any_tag = st.builds(lambda p, t: f"{p}-{t}", st.sampled_from("BIMELSUW"), st.sampled_from([*TYPES, "O"]))


@settings(deadline=None)
@given(st.lists(any_tag | st.sampled_from(sorted(OUTSIDE_LABELS)), max_size=20))
def test_output_is_valid_and_conversion_is_idempotent(tags):
    iob2 = to_iob2(tags)
    iob2_spans(iob2)
    assert len(iob2) == len(tags)
    assert all(tag in OUTSIDE_LABELS or tag[:2] in {"B-", "I-"} for tag in iob2)
    assert to_iob2(iob2) == iob2
    named = [bool(split_tag(tag)[0]) for tag in tags]
    assert [bool(split_tag(tag)[0]) for tag in iob2] == named, "no token gains or loses its entity"
