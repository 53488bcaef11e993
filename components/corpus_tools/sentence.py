"""Sentences with text, tokens and entities, in one form for all formats."""

from __future__ import annotations

import dataclasses
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from components.corpus_example_gen.cleaning.sentence import DOCUMENTS, Sentence
from components.text.char_traits import CONNECTOR, SPACE, char_class
from components.text.scripts import has_hangul, join_as_written
from components.text.spans import spans
from components.text.tags import OUTSIDE, OUTSIDE_LABELS
from components.text.words import character_offsets, whitespace_offsets

TEXT = "text"
"""Metadata with the raw text, `# text = …` of CoNLL-U."""

_LINE_ENDS = re.compile(r"[\t\n\r]")


class Entity(NamedTuple):
    """Entity in a text.

    Attributes:
        start: offset of its first character (code point).
        end: offset after its last character.
        label: its type.
        score: confidence of a model, 0 to 1; None if a person marked it.
    """

    start: int
    end: int
    label: str
    score: float | None = None


@dataclasses.dataclass(frozen=True)
class AnnotatedSentence:
    """A text, its tokens and its entities, which begin and end at tokens.

    Example:
        >>> sentence = AnnotatedSentence.of_tokens(["New", "Delhi"], ["B-LOC", "I-LOC"])
        >>> sentence.text, sentence.entities
        ('New Delhi', (Entity(start=0, end=9, label='LOC', score=None),))

    Attributes:
        text: the text as written; or the tokens joined by spaces, without them in scripts that have none.
        offsets: start and end of each token; only white space is between them.
        entities: in order, without overlaps.
        key: id of the sentence, or None.
        metadata: metadata by name.
        source: its file, relative to the corpus.
        line: 1-based line in it.
        is_raw: whether the text is the one that people wrote.
        outside: tag of the tokens outside entities, `O` or `OUT`.
    """

    text: str
    offsets: tuple[tuple[int, int], ...]
    entities: tuple[Entity, ...] = ()
    key: str | None = None
    metadata: Mapping[str, str] = dataclasses.field(default_factory=dict)
    source: str = ""
    line: int = 1
    is_raw: bool = True
    outside: str = OUTSIDE

    @classmethod
    def of_tokens(
        cls,
        tokens: Sequence[str],
        tags: Sequence[str],
        text: str | None = None,
        *,
        key: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> AnnotatedSentence:
        """Returns the sentence of tokens and IOB2 tags.

        Args:
            tokens: its tokens.
            tags: one tag a token.
            text: the text as written; one that does not consist of the tokens and white space is not used.
            key: id of the sentence.
            metadata: metadata by name.
        """
        offsets = None if text is None else align(text, tokens)
        is_raw = offsets is not None
        if text is None or offsets is None:
            text, starts = join_as_written(tokens)
            offsets = tuple((start, start + len(token)) for start, token in zip(starts, tokens, strict=True))
        entities = tuple(Entity(offsets[span.start][0], offsets[span.end - 1][1], span.type) for span in spans(tags))
        outside = next((tag for tag in tags if tag in OUTSIDE_LABELS), OUTSIDE)
        return cls(text, offsets, entities, key, metadata or {}, is_raw=is_raw, outside=outside)

    @classmethod
    def of_text(
        cls,
        text: str,
        entities: Sequence[Entity] = (),
        *,
        key: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> AnnotatedSentence:
        """Returns the sentence of a text with entities; it is cut as JSON lines are, and at the edges of the entities.

        Example:
            >>> AnnotatedSentence.of_text("in Oslo-West", [Entity(3, 7, "LOC", 0.9)]).words
            ('in', 'Oslo', '-West')
        """
        for entity in entities:
            if (
                not 0 <= entity.start < entity.end <= len(text)
                or text[entity.start : entity.end].strip() != text[entity.start : entity.end]
            ):
                raise ValueError(f"{entity} does not begin and end at characters of a text of {len(text)}")
        edges = sorted({edge for entity in entities for edge in entity[:2]})
        pieces: list[tuple[int, int]] = []
        for start, end in character_offsets(text):
            pieces += pairwise([start, *(edge for edge in edges if start < edge < end), end])
        return cls(text, tuple(pieces), tuple(sorted(entities)), key, metadata or {})

    @classmethod
    def of_sentence(cls, sentence: Sentence, source: str) -> AnnotatedSentence:
        """Returns a sentence that a reader returned; the comment `# text = …` of CoNLL-U is its text."""
        text = sentence.raw_text if sentence.raw_text is not None else sentence.metadata.get(TEXT)
        made = cls.of_tokens(sentence.tokens, sentence.tags, text, key=sentence.key, metadata=sentence.metadata)
        if made.is_raw and sentence.raw_text is None:
            metadata = {name: value for name, value in sentence.metadata.items() if name != TEXT}
            made = dataclasses.replace(made, metadata=metadata)
        return dataclasses.replace(made, source=source, line=sentence.line)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The tokens as texts."""
        return tuple(self.text[start:end] for start, end in self.offsets)

    @cached_property
    def token_spans(self) -> tuple[tuple[int, int], ...]:
        """Index of the first token and after the last token of each entity."""
        starts = {start: i for i, (start, _) in enumerate(self.offsets)}
        ends = {end: i + 1 for i, (_, end) in enumerate(self.offsets)}
        return tuple((starts[entity.start], ends[entity.end]) for entity in self.entities)

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """One IOB2 tag a token."""
        tags = [self.outside] * len(self.offsets)
        for entity, (first, last) in zip(self.entities, self.token_spans, strict=True):
            tags[first:last] = [f"B-{entity.label}"] + [f"I-{entity.label}"] * (last - first - 1)
        return tuple(tags)

    @property
    def place(self) -> str:
        """Returns `file:line` of the sentence."""
        return f"{self.source}:{self.line}"

    @property
    def identity(self) -> str | None:
        """The id in the metadata, where Label Studio has it, or the id of the sentence."""
        return self.metadata.get("id") or self.key

    @property
    def document(self) -> str | None:
        """The document, by the metadata; None if they name none."""
        return next((self.metadata[name] for name in DOCUMENTS if self.metadata.get(name)), None)

    @cached_property
    def content(self) -> tuple[str, tuple[tuple[int, int, str], ...]]:
        """Characters without white space, and the entities in them: equal if only spaces and tokens differ."""
        before = {0: 0}
        count = 0
        for start, end in self.offsets:
            before[start] = count
            count += end - start
            before[end] = count
        places = tuple((before[entity.start], before[entity.end], entity.label) for entity in self.entities)
        return "".join(self.words), places

    def spaced(self) -> AnnotatedSentence:
        """Returns the sentence with its tokens, joined by single spaces, as text."""
        offsets = _joined(self.words)
        entities = tuple(
            entity._replace(start=offsets[first][0], end=offsets[last - 1][1])
            for entity, (first, last) in zip(self.entities, self.token_spans, strict=True)
        )
        return dataclasses.replace(self, text=" ".join(self.words), offsets=offsets, entities=entities, is_raw=False)

    def with_flat_text(self) -> AnnotatedSentence:
        """Returns the sentence with a space in place of each tab and line end; no offset changes."""
        return dataclasses.replace(self, text=_LINE_ENDS.sub(" ", self.text))

    def cuts_words(self) -> bool:
        """Returns whether an entity begins or ends inside a word, so that no reader of texts accepts it.

        Between letters of Hangul it may: particles follow names, and the tokenizer `syllables` cuts them.
        """
        edges = {edge for entity in self.entities for edge in entity[:2]}
        edges = {edge for edge in edges if not _is_at_space(self.text, edge)}
        words = character_offsets(self.text) if edges else []
        starts = [start for start, _ in words]
        for edge in edges:
            start, end = words[bisect_right(starts, edge) - 1]
            around = self.text[edge - 1 : edge + 1]
            if start < edge < end and CONNECTOR not in map(char_class, around) and not has_hangul(around):
                return True
        return False


def align(text: str, tokens: Sequence[str]) -> tuple[tuple[int, int], ...] | None:
    """Returns start and end of each token in a text; None unless the text consists of the tokens and white space.

    Example:
        >>> align("Oslo's  bay", ["Oslo", "'s", "bay"]), align("Oslo bay", ["Oslo"])
        (((0, 4), (4, 6), (8, 11)), None)
    """
    offsets = []
    position = 0
    for token in tokens:
        start = text.find(token, position)
        if start < 0 or whitespace_offsets(text[position:start]):
            return None
        position = start + len(token)
        offsets.append((start, position))
    return None if whitespace_offsets(text[position:]) else tuple(offsets)


def _is_at_space(text: str, edge: int) -> bool:
    return edge in (0, len(text)) or SPACE in (char_class(text[edge - 1]), char_class(text[edge]))


def _joined(tokens: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Returns the offsets of tokens that single spaces join."""
    offsets = []
    position = 0
    for token in tokens:
        offsets.append((position, position + len(token)))
        position += len(token) + 1
    return tuple(offsets)
