"""One sentence as a file holds it, before any repair."""

from __future__ import annotations

from dataclasses import dataclass, field

from components.corpus_example_gen.corpus_error import CorpusError


@dataclass
class RawSentence:
    """What a format's reader found; `Cleaner` makes a `Sentence` of it, or refuses it.

    Attributes:
        line: 1-based line of the first token.
        tokens: tokens as written, possibly empty or with white space inside.
        tags: tags as written, one a token; None in an unlabelled file or when an error left none.
        lines: the line of each token.
        key: the id that the corpus gives.
        metadata: what the corpus says about the sentence.
        error: the first thing wrong with it; a reader goes on after it, so that skipping is possible.
    """

    line: int
    tokens: list[str] = field(default_factory=list)
    tags: list[str] | None = None
    lines: list[int] = field(default_factory=list)
    key: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    error: CorpusError | None = None
