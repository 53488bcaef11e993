"""Sentences in the graph are those of plain Python."""

from __future__ import annotations

import random
from bisect import bisect_left

import pytest
from support.lazy import LazyModule

from components.text import sentences
from components.text.words import word_offsets

tf = LazyModule("tensorflow")
graph = LazyModule("components.exporter.serving.sentence_splits")

_PIECES = [
    *(*sentences.ABBREVIATIONS[:30], *sentences.NUMBERED, "U.S.", "z.B", "No.", "Mr.", "Hello", "he", "3.", "12."),
    *("1999.", "«Oui»", "(See", "\n\n", "\r\n", "!", "end.”", "St.", "fig. 3", "。", "？」", "Ä. Öl", "a.b.c.", "- "),
]


def splits(texts):
    offsets = [[start for start, _ in word_offsets(text)] for text in texts]
    starts = tf.ragged.constant(offsets, dtype=tf.int64, ragged_rank=1)
    return offsets, graph.sentence_splits(tf.constant([text.encode() for text in texts]), starts).numpy().tolist()


def expected(texts, offsets):
    base, result = 0, {0}
    for text, starts in zip(texts, offsets, strict=True):
        result |= {base + bisect_left(starts, start) for start, _ in sentences.sentence_offsets(text)}
        base += len(starts)
        result.add(base)
    return sorted(result)


def test_graph_and_plain_python_divide_alike(monkeypatch):
    monkeypatch.setattr("components.exporter.serving.sentence_splits.LONG", 0)
    rng = random.Random(0)
    marks = sentences.ENDS + sentences.UNSPACED_ENDS + sentences.CLOSING + sentences.OPENING
    alphabet = marks + "\n\r\t\u2028\x85\xa0aZéÉ中9😀_²" + " " * 40 + "." * 20 + "aB1" * 8
    texts = ["", " ", "Ann left. Bo came."]
    for _ in range(300):
        texts.append("".join(rng.choices(alphabet, k=rng.randrange(80))))
        words = (rng.choice(_PIECES).title() if rng.random() < 0.4 else rng.choice(_PIECES) for _ in range(20))
        texts.append("".join(word + rng.choice(["", " ", ". ", "! "]) for word in words))
    offsets, divided = splits(texts)
    assert divided == expected(texts, offsets)


@pytest.mark.parametrize(("sentences_of", "rows"), [(1, 1), (25, 1), (26, 26)])
def test_texts_up_to_the_limit_stay_whole(sentences_of, rows):
    text = " ".join(["Ann left us."] * sentences_of)  # four tokens each
    assert len(splits([text, "a. B."])[1]) - 1 == rows + 1
