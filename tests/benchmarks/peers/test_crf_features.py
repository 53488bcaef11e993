"""Feature templates of the CRFs."""

from __future__ import annotations

import pytest

from benchmarks.peers.crf_features import plus_features, standard_features

pytestmark = pytest.mark.extended

TEMPLATES = [standard_features, plus_features]


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_token_has_attributes_without_repetition(template):
    rows = template(["Dr.", "Ada", "McDonald-Smith", "2024", "a"])
    assert len(rows) == 5
    assert all(len(set(row)) == len(row) and "bias" in row for row in rows)


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_token_gives_no_attributes(template):
    assert template([]) == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_context_makes_a_difference(template):
    middle = [
        set(template(tokens)[2]) for tokens in (list("abcde"), ["a", "X", "c", "d", "e"], ["a", "b", "c", "X", "e"])
    ]
    assert len({frozenset(row) for row in middle}) == 3


@pytest.mark.parametrize("template", TEMPLATES)
def test_ends_of_the_sentence_are_seen(template):
    alone = set(template(["Ada"])[0])
    assert alone - set(template(["x", "Ada", "x"])[1])


def test_fuller_template_sees_two_tokens_away_and_pairs():
    rows = plus_features(["a", "b", "c", "d", "e"])
    other = plus_features(["Z", "b", "c", "d", "Z"])
    assert set(rows[2]) != set(other[2])
    assert len(rows[2]) > len(standard_features(["a", "b", "c", "d", "e"])[2])
