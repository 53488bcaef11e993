"""Division of a corpus into train, dev and test.

Groups of sentences are divided, not sentences: those of a document, and equal ones, stay together. The division follows
Sechidis, Tsoumakas and Vlahavas, "On the Stratification of Multi-Label Data" (ECML PKDD 2011): the rarest type first,
each group to the part that then lacks the largest share of it. Each part also gets one group of each type, as far as
there are enough.
"""

from __future__ import annotations

import dataclasses
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from components.common.errors import NerError, counted
from components.corpus_tools.reading import DEV
from components.corpus_tools.sentence import AnnotatedSentence
from components.keys import TEST_SPLIT, TRAIN_SPLIT

PARTS = (TRAIN_SPLIT, DEV, TEST_SPLIT)
"""Names of the parts."""

_NONE = ""  # label of each sentence: parts also want their share of sentences


@dataclasses.dataclass(frozen=True)
class Division:
    """A divided corpus.

    Attributes:
        parts: name -> sentences, in the order of the corpus.
        groups: number of groups.
        documents: number of documents; 0 if the corpus names none.
        repeated: number of sentences that repeat an earlier one.
    """

    parts: dict[str, list[AnnotatedSentence]]
    groups: int
    documents: int
    repeated: int


def parse_shares(text: str) -> dict[str, float]:
    """Returns name -> share of `train:dev:test`, such as `80:10:10`; a part with 0 is left out.

    Example:
        >>> parse_shares("8:1:1")
        {'train': 0.8, 'dev': 0.1, 'test': 0.1}

    Raises:
        NerError: the text is not of this form.
    """
    try:
        numbers = [float(number) for number in text.split(":")]
    except ValueError:
        numbers = []
    valid = len(numbers) == len(PARTS) and all(0 <= number < float("inf") for number in numbers)
    if not valid or not numbers[0] or sum(map(bool, numbers)) < 2:
        raise NerError(f"--shares {text!r}: not the shares of train, dev and test. Write them as 80:10:10.")
    return {name: number / sum(numbers) for name, number in zip(PARTS, numbers, strict=True) if number}


def split(sentences: Iterable[AnnotatedSentence], shares: Mapping[str, float], seed: int) -> Division:
    """Divides sentences; the same seed divides them in the same way.

    Example: tests/components/corpus_tools/test_split.py.

    Args:
        sentences: the corpus, which memory holds.
        shares: part -> its share of the sentences.
        seed: seed of the generator.

    Raises:
        NerError: there are fewer groups than parts.
    """
    corpus = list(sentences)
    owners, repeated = _groups(corpus)
    members: dict[int, list[int]] = defaultdict(list)
    for i, owner in enumerate(owners):
        members[owner].append(i)
    if len(members) < len(shares):
        size = f"{counted(len(corpus), 'sentence')} in {counted(len(members), 'group')}"
        problem = f"{size}: too few for {len(shares)} parts"
        raise NerError(f"split: {problem}; sentences of a document stay together. Give more, or fewer parts.")
    counts = {
        owner: Counter([_NONE] * len(own) + [entity.label for i in own for entity in corpus[i].entities])
        for owner, own in members.items()
    }
    placed = _divided(counts, shares, random.Random(seed))
    parts: dict[str, list[AnnotatedSentence]] = {name: [] for name in shares}
    for sentence, owner in zip(corpus, owners, strict=True):
        parts[placed[owner]].append(sentence)
    documents = len({sentence.document for sentence in corpus} - {None})
    return Division(parts, len(members), documents, repeated)


def _groups(corpus: Sequence[AnnotatedSentence]) -> tuple[list[int], int]:
    """Returns the group of each sentence, and the number of repeated sentences."""
    parents = list(range(len(corpus)))

    def root(i: int) -> int:
        while parents[i] != i:
            parents[i] = parents[parents[i]]
            i = parents[i]
        return i

    first: dict[tuple[str, str], int] = {}
    repeated = 0
    for i, sentence in enumerate(corpus):
        text = ("text", " ".join(sentence.words))
        repeated += text in first
        names = [text] if sentence.document is None else [text, ("document", sentence.document)]
        for name in names:
            other = first.setdefault(name, i)
            parents[root(i)] = root(other)
    return [root(i) for i in range(len(corpus))], repeated


def _divided(
    counts: Mapping[int, Counter[str]], shares: Mapping[str, float], generator: random.Random
) -> dict[int, str]:
    """Returns the part of each group."""
    total = sum(counts.values(), Counter[str]())
    missing = {name: {label: share * number for label, number in total.items()} for name, share in shares.items()}
    by_label: dict[str, list[int]] = defaultdict(list)
    order = list(counts)
    generator.shuffle(order)
    for group in sorted(order, key=lambda group: -counts[group].total()):  # large ones first; equal ones are shuffled
        for label in counts[group]:
            by_label[label].append(group)
    placed: dict[int, str] = {}
    held: dict[str, Counter[str]] = {name: Counter() for name in shares}

    def place(group: int, name: str) -> None:
        placed[group] = name
        held[name].update(counts[group])
        for label, number in counts[group].items():
            missing[name][label] -= number

    # The label of every sentence is the most frequent one, or as frequent as a type, and comes last.
    for label in sorted(total, key=lambda label: (label == _NONE, len(by_label[label]), label)):
        free = [group for group in by_label[label] if group not in placed]
        lacking = [name for name in shares if not held[name][label]]
        if len(free) < len(lacking):  # training has to see a type, and a test shows it
            lacking = sorted(lacking, key=(TRAIN_SPLIT, TEST_SPLIT, DEV).index)[: len(free)]
        for name in sorted(lacking, key=lambda name: shares[name]):
            place(free.pop(), name)  # small groups for small parts
        for group in free:
            count = counts[group][label]
            # Dividing by the share spreads groups of all sizes over all parts.
            place(group, max(shares, key=lambda name: (missing[name][label] - count) / shares[name]))
    return placed
