"""Sentences on disk, so that a check can read them several times and memory does not grow with them."""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Collection, Iterator
from typing import NamedTuple

from components.corpus_tools.check.finding import Place
from components.text.spans import Span

OUTSIDE = "outside"
"""Label of words that no entity touches."""

_BATCH = 256  # sentences


class StoredSentence(NamedTuple):
    """A sentence of the store.

    Attributes:
        split: name of its split.
        file: its file, relative to the corpus.
        line: line of its first token.
        lines: line of each token, or the step between them: 1 in columns, 0 in files with a sentence a line.
        tokens: its tokens.
        entities: (start, end, type) of each entity.
    """

    split: str
    file: str
    line: int
    lines: int | tuple[int, ...]
    tokens: tuple[str, ...]
    entities: tuple[tuple[int, int, str], ...]

    def place(self, start: int = 0, end: int = 0, label: str = "") -> Place:
        """Returns the place of some of its tokens, with the sentence."""
        line = self.line + start * self.lines if isinstance(self.lines, int) else self.lines[start]
        entities = tuple(Span(entity_type, first, last) for first, last, entity_type in self.entities)
        return Place(self.file, line, label, self.tokens, entities, start, end)


def stored(
    split: str, file: str, tokens: tuple[str, ...], tags: tuple[str, ...], lines: tuple[int, ...]
) -> StoredSentence:
    """Returns a sentence for the store.

    Args:
        split: name of the split.
        file: its file.
        tokens: its tokens.
        tags: valid IOB2 tags.
        lines: line of each token.
    """
    first, last, number = lines[0], lines[-1], len(lines)
    step: int | tuple[int, ...] = lines
    if first == last:
        step = 0
    elif last - first == number - 1 and lines == tuple(range(first, last + 1)):
        step = 1
    return StoredSentence(split, file, first, step, tokens, tuple(entities_of(tags)))


def entities_of(tags: tuple[str, ...]) -> Iterator[tuple[int, int, str]]:
    """Yields (start, end, type) of each entity of valid IOB2 tags; faster than `components.text.spans`."""
    start, entity_type = -1, ""
    for i, tag in enumerate(tags):
        prefix = tag[:2]
        if start >= 0 and prefix != "I-":
            yield start, i, entity_type
            start = -1
        if prefix == "B-":
            start, entity_type = i, tag[2:]
    if start >= 0:
        yield start, len(tags), entity_type


def labelled_place(sentence: StoredSentence, start: int, end: int) -> Place:
    """Returns the place of some tokens, with the labels that they have; an entity of other tokens is written out."""
    labels = [
        name if (first, last) == (start, end) else f"[{' '.join(sentence.tokens[first:last])}] {name}"
        for first, last, name in sentence.entities
        if first < end and last > start
    ]
    return sentence.place(start, end, " ".join(labels) or OUTSIDE)


class SentenceStore:
    """Sentences in a temporary file, in the order in which they were added.

    Example:
        >>> store = SentenceStore()
        >>> store.add(stored("train", "train.conll", ("Oslo", "!"), ("B-LOC", "O"), (7, 8)))
        >>> [str(sentence.place(1)) for sentence in store]
        ['train.conll:8']
    """

    def __init__(self) -> None:
        """Makes the file, which vanishes with the store."""
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the store
        self._offsets: list[int] = []
        self._open: list[tuple[object, ...]] = []

    def __len__(self) -> int:
        """Returns the number of sentences."""
        return len(self._offsets) * _BATCH + len(self._open)

    def add(self, sentence: StoredSentence) -> None:
        """Adds a sentence."""
        self._open.append(tuple(sentence))  # marshal knows plain tuples only
        if len(self._open) == _BATCH:
            self._offsets.append(self._file.seek(0, 2))
            self._file.write(marshal.dumps(self._open))
            self._open = []

    def __iter__(self) -> Iterator[StoredSentence]:
        """Yields the sentences in order."""
        for batch in range(len(self._offsets) + 1):
            yield from map(StoredSentence._make, self._read(batch))

    def fetch(self, numbers: Collection[int]) -> dict[int, StoredSentence]:
        """Returns number -> sentence for some numbers of sentences, counted from 0."""
        sentences = {}
        batch, content = -1, list[tuple[object, ...]]()
        for number in sorted(set(numbers)):
            if number // _BATCH != batch:
                batch = number // _BATCH
                content = self._read(batch)
            sentences[number] = StoredSentence._make(content[number % _BATCH])
        return sentences

    def _read(self, batch: int) -> list[tuple[object, ...]]:
        if batch == len(self._offsets):
            return self._open
        self._file.seek(self._offsets[batch])
        content: list[tuple[object, ...]] = marshal.load(self._file)  # our own file
        return content
