"""Entities that the tokenizer does not cut out of raw text, or that end with punctuation, with their places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.corpus_example_gen.cleaning.raw_text import ends_with_punctuation, punctuation_is_labelled
from components.corpus_tools.check.finding import Finding, Item, Severity
from components.corpus_tools.check.store import StoredSentence
from components.text.char_traits import SPACE, char_class
from components.text.scripts import is_unspaced, join_as_written
from components.text.words import OFFSETS, WORDS, whitespace_offsets

_MOST = 1000
_WARN = 0.01  # share of the entities


class RawTextSpans:
    """Entities whose edges are inside a token of the raw text.

    The raw text is the comment `# text = …` of CoNLL-U, or the tokens written without spaces in scripts that have none.
    JSON lines have raw text, too: their reader cuts words at spans, and the report of the cleaning counts it.

    Attributes:
        checked: entities of sentences whose raw text is known.
        lost: those that are not cut out.
    """

    def __init__(self, tokenizer: str = WORDS) -> None:
        """Starts with nothing; `tokenizer` is that of the graph."""
        self.checked = self.lost = 0
        self._cut = OFFSETS[tokenizer]
        self._places: list[tuple[int, int, int, str]] = []  # number of the sentence, start, end, piece of the text

    def add(self, number: int, sentence: StoredSentence, text: str, written: str | None) -> None:
        """Checks the entities of a sentence.

        Args:
            number: its number.
            sentence: the sentence.
            text: its tokens, joined by spaces.
            written: its raw text, if the corpus has it.
        """
        if not sentence.entities:
            return
        if written is not None and written != text:
            starts = _find(written, sentence.tokens)
        elif not text.isascii() and is_unspaced(text):
            written, starts = join_as_written(sentence.tokens)
        else:
            starts = None
        if starts is None or written is None:
            return
        self.checked += len(sentence.entities)
        for first, last, _ in sentence.entities:
            start, end = starts[first], starts[last - 1] + len(sentence.tokens[last - 1])
            if (piece := self._piece(written, start, end)) is not None:
                self.lost += 1
                if len(self._places) < _MOST:
                    self._places.append((number, first, last, piece))

    @property
    def samples(self) -> list[int]:
        """Numbers of the sentences that the finding shows."""
        return [number for number, *_ in self._places]

    def findings(self, sentences: dict[int, StoredSentence]) -> Iterator[Finding]:
        """Yields the finding; `sentences` has those of `samples`."""
        if not self.lost:
            return
        items = tuple(
            Item(
                join_as_written(sentences[number].tokens[start:end])[0],
                f"in {piece}",
                (sentences[number].place(start, end),),
                1,
            )
            for number, start, end, piece in self._places
        )
        severity = Severity.WARNING if self.lost > _WARN * self.checked else Severity.NOTE
        title = f"Entities that the tokenizer does not cut out of raw text: {self.lost:,} of {self.checked:,}"
        fix = "Move them to the edges of words, or send tokens to the model; docs/corpora.md explains it."
        yield Finding("raw_text", severity, title, fix, items, self.lost)

    def _piece(self, text: str, start: int, end: int) -> str | None:
        """Returns the part of the text around an entity that the tokenizer cuts elsewhere; None if it cuts there."""
        # A space ends every token, so the part between spaces is enough.
        left = start
        while left and char_class(text[left - 1]) != SPACE:
            left -= 1
        right = end
        while right < len(text) and char_class(text[right]) != SPACE:
            right += 1
        pieces = self._cut(text[left:right])
        if start - left in {first for first, _ in pieces} and end - left in {last for _, last in pieces}:
            return None
        return text[left:right]


class PunctuatedEntities:
    """Entities that end with punctuation, as of tokens that were cut at spaces only (`Rome.`, `Oslo,`)."""

    def __init__(self) -> None:
        """Starts with nothing."""
        self._entities = self._count = 0
        self._places: list[tuple[int, int, int]] = []  # number of the sentence, start, end

    def add(self, number: int, sentence: StoredSentence) -> None:
        """Checks the entities of a sentence with this number."""
        self._entities += len(sentence.entities)
        for first, last, _ in sentence.entities:
            if ends_with_punctuation(sentence.tokens, first, last):
                self._count += 1
                if len(self._places) < _MOST:
                    self._places.append((number, first, last))

    @property
    def samples(self) -> list[int]:
        """Numbers of the sentences that the finding shows."""
        return [number for number, *_ in self._places]

    def findings(self, sentences: dict[int, StoredSentence]) -> Iterator[Finding]:
        """Yields the finding; `sentences` has those of `samples`."""
        if not punctuation_is_labelled(self._count, self._entities):
            return
        items = tuple(
            Item(" ".join(sentences[number].tokens[start:end]), "", (sentences[number].place(start, end),), 1)
            for number, start, end in self._places
        )
        title = f"Entities that end with punctuation: {self._count:,} of {self._entities:,}"
        fix = "Label names without it, and write it as tokens apart: the model takes it for a part of the names."
        yield Finding("punctuation", Severity.WARNING, title, fix, items, self._count)


def _find(text: str, tokens: Sequence[str]) -> list[int] | None:
    """Returns the offsets of the tokens in the raw text; None if it is another text."""
    starts, position = [], 0
    for token in tokens:
        position = text.find(token, position)
        if position < 0:
            return None
        starts.append(position)
        position += len(token)
    characters = sum(end - start for start, end in whitespace_offsets(text))
    return starts if characters == sum(map(len, tokens)) else None
