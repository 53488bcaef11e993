"""Division into train, dev and test."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from components.common.errors import NerError
from components.corpus_tools.sentence import AnnotatedSentence
from components.corpus_tools.split import parse_shares, split

SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def corpus(count: int = 600) -> list[AnnotatedSentence]:
    generator = random.Random(1)
    sentences = []
    for i in range(count):
        types = generator.choices(["PER", "LOC", "ORG"], [6, 3, 1], k=generator.choice((0, 0, 1, 1, 2, 5)))
        types += ["RARE"] * (i in (7, 8, 300)) + ["TWICE"] * (i in (9, 10)) + ["ONCE"] * (i == 11)
        tokens = [f"w{i}", *(f"x{j}" for j in range(len(types)))]
        sentences.append(AnnotatedSentence.of_tokens(tokens, ["O", *(f"B-{name}" for name in types)]))
    return sentences


def types_by_part(parts: dict[str, list[AnnotatedSentence]]) -> dict[str, Counter[str]]:
    return {name: Counter(entity.label for one in part for entity in one.entities) for name, part in parts.items()}


def test_parts_have_their_shares_of_sentences_and_types_and_rare_types_are_in_all() -> None:
    division = split(corpus(), SHARES, seed=3)
    sizes = {name: len(part) for name, part in division.parts.items()}
    assert sum(sizes.values()) == 600
    assert all(abs(sizes[name] - 600 * share) <= 6 for name, share in SHARES.items())
    types = types_by_part(division.parts)
    total = sum(types.values(), Counter())
    for label in ("PER", "LOC", "ORG"):
        for name, share in SHARES.items():
            assert types[name][label] == pytest.approx(share * total[label], abs=5)
    assert {name: own["RARE"] for name, own in types.items()} == {"train": 1, "dev": 1, "test": 1}
    assert {name: own["TWICE"] for name, own in types.items()} == {"train": 1, "dev": 0, "test": 1}
    assert types["train"]["ONCE"] == 1


def test_parts_have_their_shares_of_entities_and_not_of_the_sentences_that_have_the_type() -> None:
    numbers = [10] * 10 + [1] * 100
    sentences = [
        AnnotatedSentence.of_tokens([f"w{i}-{j}" for j in range(number)], ["B-X"] * number)
        for i, number in enumerate(numbers)
    ]
    types = types_by_part(split(sentences, {"train": 0.5, "test": 0.5}, seed=1).parts)
    assert {name: own["X"] for name, own in types.items()} == {"train": 100, "test": 100}


def test_dense_sentences_are_in_all_parts() -> None:
    parts = split(corpus(), SHARES, seed=3).parts
    dense = {name: sum(len(one.entities) == 5 for one in part) / len(part) for name, part in parts.items()}
    assert max(dense.values()) < 2 * min(dense.values())


def test_documents_and_repeated_sentences_stay_together_also_in_chains() -> None:
    sentences = [
        AnnotatedSentence.of_tokens([f"w{i % 90}"], ["B-X"], metadata={"newdoc id": f"d{i // 10}"}) for i in range(200)
    ]
    division = split(sentences, SHARES, seed=0)
    assert (division.documents, division.repeated, division.groups) == (20, 110, 9)
    seen: dict[str, str] = {}
    for name, part in division.parts.items():
        for one in part:
            assert seen.setdefault(one.metadata["newdoc id"], name) == name
            assert seen.setdefault(one.text, name) == name


def test_the_seed_decides_and_the_order_of_the_corpus_stays() -> None:
    one, same, other = (split(corpus(), SHARES, seed=seed).parts for seed in (1, 1, 2))
    assert one == same
    assert one != other
    numbers = [int(sentence.words[0][1:]) for sentence in one["train"]]
    assert numbers == sorted(numbers)


def test_shares_and_sizes_that_do_not_fit_are_errors() -> None:
    assert parse_shares("9:0:1") == {"train": 0.9, "test": 0.1}
    for text in ("80:20", "a:b:c", "0:1:1", "1:0:0", "-1:1:1", "nan:1:1", ""):
        with pytest.raises(NerError, match=r"^--shares .*Write them as 80:10:10\.$"):
            parse_shares(text)
    document = [AnnotatedSentence.of_tokens([word], ["O"], metadata={"document": "a"}) for word in "abc"]
    with pytest.raises(NerError, match=r"^split: 3 sentences in 1 group: too few for 3 parts"):
        split(document, SHARES, seed=0)
