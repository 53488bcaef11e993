"""Labels of the training data: the most frequent tag of each word, and texts with contradicting labels."""

from __future__ import annotations

import pickle
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from components.common.iterables import batched, forget_rare
from components.evaluator.counts.text_hashes import TextHashes, sentence_text, text_hashes
from components.evaluator.results.insights import InconsistentLabel, LabelCount
from components.text.spans import spans
from components.text.tags import OUTSIDE, OUTSIDE_LABELS

_PLACES = 3  # of each label
_MOST_WORD_TAGS = 2_000_000  # pairs of word and tag in memory, some 300 MB
_MOST_TEXTS = 500_000  # entity texts in memory, some 300 MB
_BATCH = 1000  # sentences
_SPOOLED = 64 << 20  # bytes of sentences in memory; more are on disk, about 200 bytes each
_MERGED = 1 << 20  # hashes


class TrainingSentence(NamedTuple):
    """Sentence of the training data.

    Attributes:
        tokens: its tokens.
        tags: their tags.
        place: key of the sentence, or `file:line`.
    """

    tokens: Sequence[str]
    tags: Sequence[str]
    place: str


class TrainingLabels:
    """Counts of the labels of the training data.

    Memory holds limited numbers of entity texts and of pairs of word and tag, and eight bytes for each further text and
    each sentence.
    Texts beyond the limit are not compared. Beyond the limit of pairs the rarer half is forgotten: only rare words lose
    counts so, and the floor gives an unknown word O.

    Attributes:
        entities: all entity texts.
        sentences: all sentences, without their spaces.
        not_compared: number of texts beyond the limit.

    Example:
        >>> labels = TrainingLabels([
        ...     TrainingSentence(("Paris", "won"), ("B-ORG", "O"), "a:1"),
        ...     TrainingSentence(("to", "Paris"), ("O", "B-LOC"), "a:4"),
        ...     TrainingSentence(("Paris", "!"), ("O", "O"), "a:7"),
        ... ])
        >>> [(label.label, label.count, label.places) for label in labels.inconsistent({})[0].labels]
        [('', 1, ('a:7',)), ('LOC', 1, ('a:4',)), ('ORG', 1, ('a:1',))]
    """

    def __init__(
        self,
        sentences: Iterable[TrainingSentence],
        most_word_tags: int = _MOST_WORD_TAGS,
        most_texts: int = _MOST_TEXTS,
    ) -> None:
        """Counts.

        Args:
            sentences: the sentences, read once.
            most_word_tags: pairs of word and tag to hold in memory.
            most_texts: different entity texts to hold in memory.
        """
        self._most_word_tags, self._most_texts = most_word_tags, most_texts
        self._tags: Counter[tuple[str, str]] = Counter()
        self._labels: dict[str, dict[str, list[str]]] = {}  # text -> label -> first places
        self._counts: Counter[tuple[str, str]] = Counter()  # (text, label)
        beyond, whole = _Hashes(), _Hashes()
        # Whether a text is an entity somewhere is known only at the end, so the sentences are written and read again:
        # a fifth of the time of reading Examples twice.
        with tempfile.SpooledTemporaryFile(_SPOOLED) as file:
            for batch in batched(sentences, _BATCH):
                whole.add(sentence_text(sentence.tokens) for sentence in batch)
                beyond.add(text for sentence in batch for text in self._add_labelled(sentence))
                pickle.dump(batch, file, pickle.HIGHEST_PROTOCOL)
            pickle.dump([], file)
            lengths: dict[str, set[int]] = {}
            for text in self._labels:
                words = text.split(" ")
                lengths.setdefault(words[0], set()).add(len(words))
            file.seek(0)
            while batch := pickle.load(file):
                for sentence in batch:
                    self._add_unlabelled(sentence, lengths)
        hashes = beyond.different()
        self.not_compared = len(hashes)
        self.sentences = TextHashes(whole.different())
        self.entities = TextHashes(np.concatenate([hashes, text_hashes(self._labels)]))

    def word_tags(self) -> dict[str, str]:
        """Returns the most frequent tag of each word for which it is an entity's.

        Of equally frequent tags an outside one counts, then the first by name.
        """
        best: dict[str, tuple[int, bool, str]] = {}
        for (word, tag), count in self._tags.items():
            rank = (-count, tag not in OUTSIDE_LABELS, tag)
            best[word] = min(best.get(word, rank), rank)
        return {word: rank[2] for word, rank in sorted(best.items()) if rank[2] not in OUTSIDE_LABELS}

    def inconsistent(self, errors: Mapping[str, int]) -> list[InconsistentLabel]:
        """Returns the texts with several labels.

        Args:
            errors: text -> number of errors of the evaluated model on it.

        Returns:
            Those with the most errors first, then those with the most occurrences of a rarer label.
        """
        rows = []
        for text, labels in self._labels.items():
            if len(labels) > 1:
                counts = (LabelCount(name, self._counts[text, name], tuple(at)) for name, at in labels.items())
                ordered = tuple(sorted(counts, key=lambda each: (-each.count, each.label)))
                rows.append(InconsistentLabel(text, ordered, errors.get(text, 0)))
        return sorted(rows, key=lambda row: (-row.errors, -sum(each.count for each in row.labels[1:]), row.text))

    def _add_labelled(self, sentence: TrainingSentence) -> list[str]:
        """Counts the words and the entities of a sentence; returns the entity texts beyond the limit."""
        self._tags.update(zip(sentence.tokens, sentence.tags, strict=True))
        forget_rare(self._tags, self._most_word_tags)
        beyond = []
        for span in spans(sentence.tags):
            text = " ".join(sentence.tokens[span.start : span.end])
            if text in self._labels or len(self._labels) < self._most_texts:
                self._add(text, span.type, sentence.place)
            else:
                beyond.append(text)
        return beyond

    def _add(self, text: str, label: str, place: str) -> None:
        self._counts[text, label] += 1
        places = self._labels.setdefault(text, {}).setdefault(label, [])
        if len(places) < _PLACES and place not in places:
            places.append(place)

    def _add_unlabelled(self, sentence: TrainingSentence, lengths: Mapping[str, set[int]]) -> None:
        """Counts the entity texts whose tokens are all outside here."""
        tokens, tags = sentence.tokens, sentence.tags
        for start, token in enumerate(tokens):
            if tags[start] not in OUTSIDE_LABELS:
                continue
            for length in sorted(lengths.get(token, ())):
                outside = all(tag in OUTSIDE_LABELS for tag in tags[start : start + length])
                if outside and start + length <= len(tokens):
                    text = " ".join(tokens[start : start + length])
                    if text in self._labels:
                        self._add(text, "", sentence.place)


class _Hashes:
    """Hashes of texts, in memory about twice that of the different ones."""

    def __init__(self) -> None:
        self._parts = [np.zeros(0, np.uint64)]
        self._limit = _MERGED

    def add(self, texts: Iterable[str]) -> None:
        self._parts.append(text_hashes(texts))
        if sum(map(len, self._parts)) > self._limit:
            self._limit = _MERGED + 2 * len(self.different())

    def different(self) -> np.ndarray:
        self._parts = [np.unique(np.concatenate(self._parts))]
        return self._parts[0]


def floor_tags(word_tags: Mapping[str, str], texts: Iterable[str]) -> list[str]:
    """Returns the tags of the floor: of each word its most frequent tag in the training data, O if unknown.

    Args:
        word_tags: output of `TrainingLabels.word_tags`.
        texts: tokens of each sentence, joined by a space.
    """
    return [word_tags.get(word, OUTSIDE) for text in texts for word in text.split(" ")]
