"""Random samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from components.common.errors import NerError
from components.corpus_tools.sample import sample
from components.corpus_tools.sentence import AnnotatedSentence

CORPUS = [
    AnnotatedSentence.of_tokens([str(i)], [f"B-{'RARE' if i % 250 == 9 else 'PER'}" if i % 2 else "O"])
    for i in range(1000)
]


def numbers(sentences: list[AnnotatedSentence]) -> list[int]:
    return [int(one.text) for one in sentences]


def test_each_sentence_is_as_likely_as_any_other() -> None:
    drawn = Counter(number // 100 for seed in range(100) for number in numbers(sample(lambda: CORPUS, 50, seed)))
    assert sum(drawn.values()) == 5000
    assert all(400 < count < 600 for count in drawn.values())  # 500, standard deviation 21


def test_the_order_stays_and_the_seed_decides() -> None:
    one = numbers(sample(lambda: CORPUS, 50, 1))
    assert one == sorted(set(one))
    assert one == numbers(sample(lambda: CORPUS, 50, 1)) != numbers(sample(lambda: CORPUS, 50, 2))


def test_a_share_is_exact_and_a_large_number_is_everything() -> None:
    assert len(sample(lambda: CORPUS, 0.123, 0)) == 123
    assert sample(lambda: CORPUS, 5000, 0) == CORPUS
    assert sample(lambda: CORPUS, 5000, 0, stratify=True) == CORPUS


def test_stratified_samples_have_each_type_in_its_share() -> None:
    for seed in range(5):
        drawn = Counter(one.tags[0] for one in sample(lambda: CORPUS, 100, seed, stratify=True))
        assert drawn == {"O": 50, "B-PER": 49, "B-RARE": 1}  # of 500, 496 and 4
    assert Counter(one.tags[0] for one in sample(lambda: CORPUS, 2, 0, stratify=True)).total() == 2


def test_memory_holds_the_sample_only() -> None:
    alive = 0

    class Watched(AnnotatedSentence):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    most = 0

    def sentences() -> Iterator[AnnotatedSentence]:
        nonlocal alive, most
        for _ in range(1000):
            alive += 1
            most = max(most, alive)
            yield Watched("a", ((0, 1),))

    sample(sentences, 10, 0)
    assert most <= 13


def test_impossible_sizes_are_errors() -> None:
    for size in (0, 0.0, 1.0, -3):
        with pytest.raises(NerError, match=r"^--n or --share .*: not possible\."):
            sample(lambda: CORPUS, size, 0)
