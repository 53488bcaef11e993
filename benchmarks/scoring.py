"""Entity scores of a tagger on a split."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.corpus import LabelledSentence
from benchmarks.peers.peer import Tagger
from components.text.entity_scores import EntityCounts

_BATCH = 64


def score(tagger: Tagger, sentences: Sequence[LabelledSentence]) -> EntityCounts:
    """Tags raw sentences and counts entities on the corpus's own tokens.

    Raises:
        ValueError: the tagger returned another number of tags than a sentence has tokens.
    """
    counts = EntityCounts()
    ordered = sorted(sentences, key=lambda sentence: len(sentence.tokens))  # batches of similar length: less padding
    for begin in range(0, len(ordered), _BATCH):
        batch = ordered[begin : begin + _BATCH]
        for sentence, tags in zip(batch, tagger.tag([sentence.text for sentence in batch]), strict=True):
            counts.add(sentence.tags, tags)
    return counts
