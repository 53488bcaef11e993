"""One sentence of a corpus, as every reader hands it on."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sentence:
    """A clean sentence: tokens without white space, IOB2 tags.

    Attributes:
        tokens: at least one token; none is empty, none holds Unicode White_Space.
        tags: one IOB2 tag a token, or None when the file was read as unlabelled.
        key: the id that the corpus gives, None when it gives none.
        metadata: what the corpus says about the sentence, by name.
        line: 1-based line of its first token in the file.
    """

    tokens: tuple[str, ...]
    tags: tuple[str, ...] | None
    key: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    line: int = 1

    @property
    def text(self) -> str:
        """The tokens joined by one space: the `sentence` feature."""
        return " ".join(self.tokens)
