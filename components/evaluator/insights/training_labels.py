"""Labels of the training data: the most frequent tag of each word, and texts with contradicting labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from components.evaluator.results.insights import InconsistentLabel, LabelCount
from components.text.spans import spans
from components.text.tags import OUTSIDE

_PLACES = 3  # of each label
_MOST_WORD_TAGS = 2_000_000  # pairs of word and tag in memory, some 300 MB


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
    """Counts of the labels of the training data, made in two passes.

    Memory holds each different entity text, and at most two million pairs of word and tag: beyond that, the rarer half
    is forgotten. Only rare words lose counts so, and the floor gives an unknown word O.

    Attributes:
        texts: the different entity texts.

    Example:
        >>> sentences = [
        ...     TrainingSentence(("Paris", "won"), ("B-ORG", "O"), "a:1"),
        ...     TrainingSentence(("to", "Paris"), ("O", "B-LOC"), "a:4"),
        ...     TrainingSentence(("Paris", "!"), ("O", "O"), "a:7"),
        ... ]
        >>> labels = TrainingLabels(lambda: sentences)
        >>> [(label.label, label.count, label.places) for label in labels.inconsistent({})[0].labels]
        [('', 1, ('a:7',)), ('LOC', 1, ('a:4',)), ('ORG', 1, ('a:1',))]
    """

    def __init__(
        self, sentences: Callable[[], Iterable[TrainingSentence]], most_word_tags: int = _MOST_WORD_TAGS
    ) -> None:
        """Counts.

        Args:
            sentences: returns the sentences; called twice.
            most_word_tags: pairs of word and tag to hold in memory.
        """
        self._tags: Counter[tuple[str, str]] = Counter()
        self._labels: dict[str, dict[str, list[str]]] = {}  # text -> label -> first places
        self._counts: Counter[tuple[str, str]] = Counter()  # (text, label)
        for sentence in sentences():
            self._tags.update(zip(sentence.tokens, sentence.tags, strict=True))
            if len(self._tags) > most_word_tags:
                self._forget_rare()
            for span in spans(sentence.tags):
                self._add(" ".join(sentence.tokens[span.start : span.end]), span.type, sentence.place)
        # Whether a text is an entity somewhere is known only after the first pass.
        lengths: dict[str, set[int]] = {}
        for text in self._labels:
            words = text.split(" ")
            lengths.setdefault(words[0], set()).add(len(words))
        for sentence in sentences():
            self._add_unlabelled(sentence, lengths)

    @property
    def texts(self) -> Iterable[str]:
        """The different entity texts."""
        return self._labels.keys()

    def word_tags(self) -> dict[str, str]:
        """Returns the most frequent tag of each word for which it is not O; of equals O, then the first by name."""
        best: dict[str, tuple[int, bool, str]] = {}
        for (word, tag), count in self._tags.items():
            rank = (-count, tag != OUTSIDE, tag)
            best[word] = min(best.get(word, rank), rank)
        return {word: rank[2] for word, rank in sorted(best.items()) if rank[2] != OUTSIDE}

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

    def _forget_rare(self) -> None:
        """Forgets the pairs of word and tag that are not more frequent than half of them."""
        median = sorted(self._tags.values())[len(self._tags) // 2]
        self._tags = Counter({pair: count for pair, count in self._tags.items() if count > median})

    def _add(self, text: str, label: str, place: str) -> None:
        self._counts[text, label] += 1
        places = self._labels.setdefault(text, {}).setdefault(label, [])
        if len(places) < _PLACES and place not in places:
            places.append(place)

    def _add_unlabelled(self, sentence: TrainingSentence, lengths: Mapping[str, set[int]]) -> None:
        """Counts the entity texts whose tokens are all outside here."""
        tokens, tags = sentence.tokens, sentence.tags
        for start, token in enumerate(tokens):
            if tags[start] != OUTSIDE:
                continue
            for length in sorted(lengths.get(token, ())):
                outside = all(tag == OUTSIDE for tag in tags[start : start + length])
                if outside and start + length <= len(tokens):
                    text = " ".join(tokens[start : start + length])
                    if text in self._labels:
                        self._add(text, "", sentence.place)


def floor_tags(word_tags: Mapping[str, str], texts: Iterable[str]) -> list[str]:
    """Returns the tags of the floor: of each word its most frequent tag in the training data, O if unknown.

    Args:
        word_tags: output of `TrainingLabels.word_tags`.
        texts: tokens of each sentence, joined by a space.
    """
    return [word_tags.get(word, OUTSIDE) for text in texts for word in text.split(" ")]
