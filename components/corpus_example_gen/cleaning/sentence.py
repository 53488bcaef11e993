"""Sentences before and after cleaning."""

from __future__ import annotations

from dataclasses import dataclass, field

from components.corpus_example_gen.errors import CorpusError

DOCUMENTS = ("document", "document_id", "doc_id", "doc", "newdoc id", "newdoc")
"""Metadata that names the document of a sentence; the first one counts."""


@dataclass
class RawSentence:
    """A sentence as a format's reader returns it; `Cleaner` turns it into a `Sentence` or rejects it.

    Attributes:
        line: 1-based line of the first token.
        tokens: tokens as written, possibly empty or with white space inside.
        tags: tags as written, one per token; empty if an error prevented reading them.
        lines: line of each token.
        key: id of the sentence in the corpus, or None.
        metadata: metadata of the sentence by name.
        document: name of its document, or the number in the file of a document without a name.
        text: the raw text, in formats that have it.
        lost_spans: number of entities that the tokenizer does not cut out of the raw text.
        error: first error in the sentence. Reading continues after it, because the sentence may be skipped.
    """

    line: int
    tokens: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    key: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    document: str | int | None = None
    text: str | None = None
    lost_spans: int = 0
    error: CorpusError | None = None


@dataclass(frozen=True)
class Sentence:
    """A clean sentence: tokens without white space and IOB2 tags.

    Example:
        >>> Sentence(("New", "Delhi"), ("B-LOC", "I-LOC")).text
        'New Delhi'

    Attributes:
        tokens: at least one token; each is non-empty and free of Unicode White_Space.
        tags: one IOB2 tag per token.
        key: id of the sentence in the corpus, or None.
        metadata: metadata of the sentence by name.
        line: 1-based line of the first token in the file.
        raw_text: the text as people wrote it, in formats that have it.
        lines: line of each token.
        document: name of its document, or its number in the file as text; None if the corpus has no documents.
        unit: what stays together when a run divides the corpus: its document; None: the sentence with equal ones.
    """

    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    key: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    line: int = 1
    raw_text: str | None = field(default=None, compare=False, repr=False)
    lines: tuple[int, ...] = field(default=(), compare=False, repr=False)
    document: str | None = field(default=None, compare=False, repr=False)
    unit: str | None = field(default=None, compare=False, repr=False)

    @property
    def text(self) -> str:
        """Tokens joined by single spaces: the `sentence` feature."""
        return " ".join(self.tokens)

    @property
    def division_key(self) -> bytes:
        """The key that decides on the split of the sentence, if a run divides the corpus."""
        return (self.text if self.unit is None else self.unit).encode()
