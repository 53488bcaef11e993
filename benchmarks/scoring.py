"""Entity scores of a tagger on a split."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from benchmarks.corpus import LabelledSentence
from benchmarks.peers.peer import Tagger
from components.text.entity_scores import EntityCounts

_BATCH = 64


def score(tagger: Tagger, sentences: Sequence[LabelledSentence]) -> EntityCounts:
    """Tags raw sentences and counts entities on the corpus' own tokens.

    Raises:
        ValueError: the tagger gave a sentence more or fewer tags than it has tokens.
    """
    counts = EntityCounts()
    for batch in _batches(sentences):
        for sentence, tags in zip(batch, tagger.tag([sentence.text for sentence in batch]), strict=True):
            counts.add(sentence.tags, tags)
    return counts


def _batches(sentences: Sequence[LabelledSentence]) -> Iterator[list[LabelledSentence]]:
    # Sorted by length, so that what pads its batches wastes little.
    iterator = iter(sorted(sentences, key=lambda sentence: len(sentence.tokens)))
    while batch := list(itertools.islice(iterator, _BATCH)):
        yield batch
