"""Sentences as people write them, and tags on the characters of that text.

The Evaluator sends the corpus's tokens, joined by spaces. A caller sends raw text, in which a model can cut other
tokens and miss the edges of an entity. Here an entity is correct if its type and both edges are, to the character.
"""

from __future__ import annotations

import dataclasses
import itertools

from components.corpus_example_gen.cleaning.sentence import Sentence
from components.evaluator.delayed_labels.alignment import Alignment, align
from components.evaluator.delayed_labels.label import Label
from components.evaluator.delayed_labels.prediction import Prediction
from components.evaluator.labelled_corpus.tagged_text import Answer
from components.text.scripts import is_unspaced, join_as_written
from components.text.spans import spans
from components.text.tags import OUTSIDE
from components.text.words import whitespace_offsets

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
            starts = None if text is None else _located(text, sentence.tokens)
            if text is not None and starts is not None:
                return cls._at(text, starts, sentence, known=True)
        text, starts = join_as_written(sentence.tokens) if is_unspaced(sentence.text) else _joined(sentence)
        return cls._at(text, starts, sentence, known=text != sentence.text)

    @classmethod
    def _at(cls, text: str, starts: list[int], sentence: Sentence, *, known: bool) -> WrittenSentence:
        ends = (start + len(token) for start, token in zip(starts, sentence.tokens, strict=True))
        return cls(text, tuple(starts), tuple(ends), known)


def tags_of_characters(
    written: WrittenSentence, gold: tuple[str, ...], predicted: tuple[str, ...], answer: Answer, key: str
) -> Alignment:
    """Aligns the answer to a raw text with the gold entities, to the character.

    The tokens of the result are the pieces between all edges of tokens and gold entities.

    Args:
        written: the sentence.
        gold: gold tag of each token of the corpus.
        predicted: tag of each token of the answer, which can differ from it in the outside label.
        answer: the answer of the model to the raw text.
        key: key of the sentence.
    """
    tokens = sorted(
        [
            *zip(answer.starts, answer.ends, predicted, answer.scores or (0.0,) * len(predicted), strict=True),
            *((start, end, OUTSIDE, 1.0) for start, end in _gaps(written.text, answer)),
        ]
    )
    prediction = Prediction(
        key=key,
        tokens=tuple(written.text[start:end] for start, end, _, _ in tokens),
        tags=tuple(tag for _, _, tag, _ in tokens),
        scores=tuple(score for _, _, _, score in tokens) if answer.scores or not predicted else None,
        starts=tuple(start for start, _, _, _ in tokens),
        fields={},
    )
    entities = tuple((written.starts[span.start], written.ends[span.end - 1], span.type) for span in spans(gold))
    return align(prediction, Label(key, None, None, entities, {}))


def _gaps(text: str, answer: Answer) -> list[tuple[int, int]]:
    """Returns the words between the tokens of an answer, which the model left out."""
    edges = [(0, 0), *zip(answer.starts, answer.ends, strict=True), (len(text), len(text))]
    return [
        (before + start, before + end)
        for (_, before), (after, _) in itertools.pairwise(edges)
        if before < after
        for start, end in whitespace_offsets(text[before:after])
    ]


def _located(text: str, tokens: tuple[str, ...]) -> list[int] | None:
    """Returns the offset of each token, if the text has these tokens and nothing else but white space."""
    starts, position = [], 0
    for token in tokens:
        start = text.find(token, position)
        if start < 0 or text[position:start].strip():
            return None
        starts.append(start)
        position = start + len(token)
    return None if text[position:].strip() else starts


def _joined(sentence: Sentence) -> tuple[str, list[int]]:
    starts = itertools.accumulate((len(token) + 1 for token in sentence.tokens[:-1]), initial=0)
    return sentence.text, [*starts]
