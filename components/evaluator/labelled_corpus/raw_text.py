"""Tags on the characters of raw text.

The Evaluator sends the corpus's tokens, joined by spaces. A caller sends raw text, in which a model can cut other
tokens and miss the edges of an entity. Here an entity is correct if its type and both edges are, to the character.
"""

from __future__ import annotations

import itertools

from components.corpus_example_gen.cleaning.written_sentence import WrittenSentence
from components.evaluator.delayed_labels.alignment import Alignment, align
from components.evaluator.delayed_labels.label import Label
from components.evaluator.delayed_labels.prediction import Prediction
from components.evaluator.labelled_corpus.tagged_text import Answer
from components.text.spans import spans
from components.text.tags import OUTSIDE
from components.text.words import whitespace_offsets


def tags_of_characters(written: WrittenSentence, gold: tuple[str, ...], answer: Answer, key: str) -> Alignment:
    """Aligns the answer to a raw text with the gold entities, to the character.

    The tokens of the result are the pieces between all edges of tokens and gold entities.

    Args:
        written: the sentence.
        gold: gold tag of each token of the corpus.
        answer: the answer of the model to the raw text.
        key: key of the sentence.
    """
    tokens = sorted(
        [
            *zip(answer.starts, answer.ends, answer.tags, answer.scores or (0.0,) * len(answer.tags), strict=True),
            *((start, end, OUTSIDE, 1.0) for start, end in _gaps(written.text, answer)),
        ]
    )
    prediction = Prediction(
        key=key,
        tokens=tuple(written.text[start:end] for start, end, _, _ in tokens),
        tags=tuple(tag for _, _, tag, _ in tokens),
        scores=tuple(score for _, _, _, score in tokens) if answer.scores or not answer.tags else None,
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
