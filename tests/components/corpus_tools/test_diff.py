"""Differences and agreement of two versions."""

from __future__ import annotations

import pytest

from components.common.errors import NerError
from components.corpus_tools.diff import cohens_kappa, compare
from components.corpus_tools.sentence import AnnotatedSentence, Entity

of_text, of_tokens = AnnotatedSentence.of_text, AnnotatedSentence.of_tokens


def test_equal_versions_agree_with_any_tokens_and_spaces() -> None:
    a = of_tokens(["Ida", "do", "n't", "like", "Oslo", "."], ["B-PER", "O", "O", "O", "B-LOC", "O"])
    b = of_text("Ida  don't like Oslo.", [Entity(0, 3, "PER"), Entity(16, 20, "LOC")])
    comparison = compare([a], [b])
    assert (comparison.entities.micro().f1, comparison.kappa) == (1.0, 1.0)
    (difference,) = comparison.differences
    assert difference.tokens == ((("do", "n't"), ("don't",)),)
    assert (difference.only_a, difference.only_b) == ((), ())


def test_precision_and_recall_are_those_of_b_against_a() -> None:
    text = "Ida saw Oslo and Peru"
    a = of_text(text, [Entity(0, 3, "PER"), Entity(8, 12, "LOC")])
    b = of_text(text, [Entity(0, 3, "PER"), Entity(8, 12, "PER"), Entity(17, 21, "LOC")])
    comparison = compare([a], [b])
    scores = comparison.entities.per_type()
    assert (scores["PER"].precision, scores["PER"].recall) == (0.5, 1.0)
    assert (scores["LOC"].precision, scores["LOC"].recall) == (0.0, 0.0)
    value = comparison.to_dict()["differences"][0]
    assert value["only_a"] == [{"label": "LOC", "text": "Oslo"}]
    assert value["only_b"] == [{"label": "PER", "text": "Oslo"}, {"label": "LOC", "text": "Peru"}]
    # Tokens: PER PER, O O (saw, and), LOC PER, O LOC; p_o = 3/5, p_e = (1*2 + 3*2 + 1*1)/25.
    assert comparison.kappa == pytest.approx((3 / 5 - 9 / 25) / (1 - 9 / 25))


def test_repeated_sentences_are_aligned_in_their_order() -> None:
    a = [of_text("Oslo", [Entity(0, 4, "LOC")]), of_text("Oslo"), of_text("Peru")]
    comparison = compare(a, [a[0], a[1], a[1]])
    assert comparison.counts() == {
        "shared": 2, "only_a": 1, "only_b": 1, "texts_differ": 0, "labels_differ": 0, "tokens_differ": 0,
    }  # fmt: skip


def test_ids_align_corrected_texts_and_name_them() -> None:
    a, b = of_text("Olso", key="7"), of_text("Oslo", metadata={"id": "7"})
    with pytest.raises(NerError, match=r"^A and B: have no sentence in common\. .* --by id\.$"):
        compare([a], [b])
    assert compare([a], [b], "id").counts()["texts_differ"] == 1
    with pytest.raises(NerError, match=r"^A, .*: has the id '7', which occurs twice\."):
        compare([a, a], [b], "id")
    with pytest.raises(NerError, match="has no id"):
        compare([a], [of_text("Oslo")], "id")


def test_adjacent_entities_differ_from_one() -> None:
    a, b = of_tokens(["A", "B"], ["B-PER", "B-PER"]), of_tokens(["A", "B"], ["B-PER", "I-PER"])
    comparison = compare([a], [b])
    assert comparison.entities.to_dict() == {"PER": {"tp": 0, "fp": 1, "fn": 2}}
    assert [comparison.differences[0].surface(place) for place in comparison.differences[0].only_b] == ["A B"]


def test_kappa_is_not_defined_for_one_category() -> None:
    assert cohens_kappa({("O", "O"): 9}) is None
    assert cohens_kappa({}) is None
    assert cohens_kappa({("O", "PER"): 5, ("PER", "O"): 5}) == -1.0
