"""Entities in the graph are those of the Python reference, texts as written."""

from __future__ import annotations

import random

import pytest
from support.lazy import LazyModule

from components.text.spans import spans as reference_spans

tf, graph = LazyModule("tensorflow"), LazyModule("components.exporter.serving.entity_spans")
TAGS = ("[PAD]", "O", "B-X", "I-X", "B-Y", "I-Y")


def spans(sentences, tags):
    """Returns the entities of sentences whose tokens are separated by single spaces."""
    tokens = [text.split(" ") if text else [] for text in sentences]
    starts, ends = [], []
    for row in tokens:
        begins = [sum(len(token) + 1 for token in row[:index]) for index in range(len(row))]
        starts.append(begins)
        ends.append([begin + len(token) for begin, token in zip(begins, row, strict=True)])
    ids = [[TAGS.index(tag) for tag in row] for row in tags]
    ragged = [tf.ragged.constant(rows, tf.int32, ragged_rank=1) for rows in (starts, ends)]
    best = tf.ragged.constant(ids, tf.int64, ragged_rank=1)
    scores = tf.ragged.constant([[(i + 1) / 10 for i in range(len(row))] for row in ids], tf.float32, ragged_rank=1)
    return {
        name: value.to_list()
        for name, value in graph.entity_spans(tf.constant(sentences), best, scores, *ragged, TAGS).items()
    }


def test_entities_have_text_type_offsets_and_a_mean_score():
    entities = spans(["Élysée Palace in Paris", "", "none"], [["B-X", "I-X", "O", "B-Y"], [], ["O"]])
    assert entities["entity_texts"] == [["Élysée Palace".encode(), b"Paris"], [], []]
    assert entities["entity_types"] == [[b"X", b"Y"], [], []]
    assert entities["entity_starts"] == [[0, 17], [], []]
    assert entities["entity_ends"] == [[13, 22], [], []]
    assert entities["entity_scores"] == [[pytest.approx(0.15), pytest.approx(0.4)], [], []]


def test_entities_of_text_without_spaces_are_cut_out_by_offsets():
    from components.text.tokenizer import tokenize

    sentences = tf.constant(["王伟去了Hilton酒店", "กรุงเทพ"])
    tokens = tokenize(sentences, "characters")
    rows = [["B-X", "I-X", "O", "O", "B-Y", "I-Y", "I-Y"], ["B-X", "I-X", "I-X", "I-X", "I-X"]]
    best = tf.ragged.constant([[TAGS.index(tag) for tag in row] for row in rows], tf.int64)
    entities = graph.entity_spans(sentences, best, tf.cast(best, tf.float32), tokens.starts, tokens.ends, TAGS)
    texts = [[text.decode() for text in row] for row in entities["entity_texts"].to_list()]
    assert texts == [["王伟", "Hilton酒店"], ["กรุงเทพ"]]
    assert entities["entity_starts"].to_list() == [[0, 4], [0]]
    assert entities["entity_ends"].to_list() == [[2, 12], [7]]


def test_neighbours_and_invalid_beginnings_are_separated():
    entities = spans(["a b c d", "e f"], [["I-X", "B-X", "I-Y", "I-Y"], ["I-Y", "O"]])
    assert entities["entity_texts"] == [[b"a", b"b", b"c d"], [b"e"]]


def test_invalid_utf8_is_replaced():
    best = tf.ragged.constant([[2, 3]], tf.int64)
    offsets = tf.ragged.constant([[0, 4]]), tf.ragged.constant([[3, 6]])
    entities = graph.entity_spans(
        tf.constant([b"a\xffb \xc3x."]), best, tf.ragged.constant([[1.0, 1.0]]), *offsets, TAGS
    )
    assert entities["entity_texts"].to_list() == [["a\ufffdb \ufffdx".encode()]]


def test_a_long_text_is_not_copied_for_every_entity():
    count = 100_000
    text = "é\uffff " * count  # 600 kB: copies would be 60 GB
    offsets = [tf.RaggedTensor.from_tensor(tf.range(count)[None] * 3 + shift) for shift in (0, 2)]
    best, scores = (tf.RaggedTensor.from_tensor(tf.fill([1, count], value)) for value in (tf.constant(2), 1.0))
    texts = graph.entity_spans(tf.constant([text]), best, scores, *offsets, TAGS)["entity_texts"]
    assert set(texts.flat_values.numpy().tolist()) == {"é\uffff".encode()}
    assert texts.row_lengths().numpy().tolist() == [count]


def test_random_batches_agree_with_the_reference():
    rng = random.Random(0)
    tags = [rng.choices(TAGS[1:], k=rng.randrange(12)) for _ in range(200)]
    sentences = [" ".join(rng.choice(["a", "bé", "日本", "x-y"]) for _ in row) for row in tags]
    entities = spans(sentences, tags)
    for number, (text, row) in enumerate(zip(sentences, tags, strict=True)):
        words = text.split(" ")
        expected = [
            (" ".join(words[span.start : span.end]).encode(), span.type.encode()) for span in reference_spans(row)
        ]
        assert list(zip(entities["entity_texts"][number], entities["entity_types"][number], strict=True)) == expected


@pytest.mark.parametrize("seed", range(3))
def test_entities_below_the_least_score_of_their_type_become_outside(seed):
    chance = random.Random(seed)
    rows = [[chance.randrange(1, len(TAGS)) for _ in range(chance.choice([0, 1, 5, 30]))] for _ in range(20)]
    best = tf.ragged.constant(rows, tf.int64, ragged_rank=1)
    probabilities = tf.random.stateless_uniform([len(best.flat_values), len(TAGS)], seed=(seed, 1))
    least, at, expected = {"X": 0.4, "Y": 0.6}, 0, []
    for row in rows:
        kept = list(row)
        for entity in reference_spans([TAGS[tag] for tag in row]):
            scores = [probabilities[at + token, row[token]] for token in range(entity.start, entity.end)]
            if sum(scores) / len(scores) < least[entity.type]:
                kept[entity.start : entity.end] = [TAGS.index("O")] * len(scores)
        at += len(row)
        expected += kept
    kept_ids = graph.without_low_scores(best, probabilities, TAGS, least).numpy().tolist()
    assert kept_ids == expected
    assert kept_ids != best.flat_values.numpy().tolist()
    assert graph.without_low_scores(best, probabilities, TAGS, {}).numpy().tolist() == best.flat_values.numpy().tolist()
