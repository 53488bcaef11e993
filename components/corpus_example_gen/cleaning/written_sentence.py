"""Sentences as people write them.

The examples of a corpus are its tokens, joined by spaces. A caller sends raw text, in which the served tokenizer can
cut other tokens.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

from components.corpus_example_gen.cleaning.sentence import Sentence
from components.text.scripts import is_unspaced, join_as_written
from components.text.words import OFFSETS

_TEXT_COMMENT = "text"  # `# text = …` of CoNLL-U


@dataclasses.dataclass(frozen=True)
class WrittenSentence:
    """A sentence in its raw text.

    Attributes:
        text: the raw text.
        starts: offset of each token of the corpus in it.
        ends: offset after each token.
        known: whether the text is that of the corpus or of the script, not the tokens joined by spaces.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    known: bool

    @classmethod
    def of(cls, sentence: Sentence) -> WrittenSentence:
        """Returns the raw text of a sentence, or the tokens joined as its script is written.

        Example:
            >>> WrittenSentence.of(Sentence(("Ann", "'s"), ("B-PER", "O"), raw_text="Ann's")).starts
            (0, 3)
        """
        for text in (sentence.raw_text, sentence.metadata.get(_TEXT_COMMENT)):
            written = None if text is None else cls.located(text, sentence.tokens)
            if written is not None:
                return written
        text, starts = sentence.text, None
        if is_unspaced(text):
            text, starts = join_as_written(sentence.tokens)
        return cls._at(text, starts or _joined(sentence.tokens), sentence.tokens, known=text != sentence.text)

    @classmethod
    def located(cls, text: str, tokens: Sequence[str]) -> WrittenSentence | None:
        """Returns the tokens in a raw text; None if it does not consist of them and white space.

        Example:
            >>> WrittenSentence.located("Ann's", ["Ann", "'s"]).ends
            (3, 5)
        """
        starts, position = [], 0
        for token in tokens:
            start = text.find(token, position)
            if start < 0 or text[position:start].strip():
                return None
            starts.append(start)
            position = start + len(token)
        return None if text[position:].strip() else cls._at(text, starts, tokens, known=True)

    @classmethod
    def _at(cls, text: str, starts: Sequence[int], tokens: Sequence[str], *, known: bool) -> WrittenSentence:
        ends = (start + len(token) for start, token in zip(starts, tokens, strict=True))
        return cls(text, tuple(starts), tuple(ends), known)

    def is_cut_by(self, tokenizer: str) -> bool:
        """Returns whether a tokenizer cuts the text into the tokens of the corpus.

        Example:
            >>> WrittenSentence.located("Jira/Zoom", ["Jira", "/", "Zoom"]).is_cut_by("words")
            False
        """
        return [*OFFSETS[tokenizer](self.text)] == [*zip(self.starts, self.ends, strict=True)]


def _joined(tokens: Sequence[str]) -> list[int]:
    return [*itertools.accumulate((len(token) + 1 for token in tokens[:-1]), initial=0)]
