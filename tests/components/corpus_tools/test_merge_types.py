"""Renaming, merging and dropping of types."""

from __future__ import annotations

import pytest

from components.common.errors import NerError
from components.corpus_tools.merge_types import TypeMap
from components.corpus_tools.sentence import AnnotatedSentence


def test_types_can_be_swapped_and_entities_next_to_each_other_stay_two() -> None:
    sentence = AnnotatedSentence.of_tokens(["a", "b", "c"], ["B-X", "B-Y", "B-Z"])
    assert TypeMap.parse(["X=Y,Y=X"], []).apply(sentence).tags == ("B-Y", "B-X", "B-Z")
    assert TypeMap.parse(["X + Y = Q"], ["Z"]).apply(sentence).tags == ("B-Q", "B-Q", "O")


@pytest.mark.parametrize(
    ("maps", "drops", "text"),
    [
        (["PER"], [], r"^--map 'PER': is not a map\. Write OLD=NEW"),
        (["A=B C"], [], r"^--map 'A=B C': is not a map"),
        (["A=O"], [], "is not a map"),
        (["A=B-X"], [], "B-X has the prefix of a tag. Write the type without it"),
        (["+A=B"], [], "is not a map"),
        (["A=B", "A=C"], [], r"^--map: A becomes B and C\. Give one new name\.$"),
        (["A=B"], ["A"], r"^--drop: A is also in --map\."),
        ([], [], r"^--map: no type is named\."),
    ],
)
def test_contradictions_are_errors(maps: list[str], drops: list[str], text: str) -> None:
    with pytest.raises(NerError, match=text):
        TypeMap.parse(maps, drops)


def test_unknown_types_are_refused_with_the_nearest() -> None:
    types = TypeMap.parse(["person=P"], ["XYZ"])
    with pytest.raises(
        NerError, match=r"^--map 'person': the corpus has no such type, only PERSON\. Did you mean PERSON\?$"
    ):
        types.check(["PERSON"])
    with pytest.raises(
        NerError, match=r"^--drop 'XYZ': the corpus has no such type, only person\. Correct the name\.$"
    ):
        types.check(["person"])
