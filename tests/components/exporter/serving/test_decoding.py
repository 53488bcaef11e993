"""Constrained decoding: the most probable valid sequence, the same in the graph and in numpy, alone and in a batch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.lazy import LazyModule

from components.text.tags import to_iob2
from components.text.transitions import constrained_path, transitions

tf = LazyModule("tensorflow")
TAGS = ("[PAD]", "O", "B-X", "I-X", "B-Y", "I-Y")


def random_rows(lengths, seed=0, tags=TAGS):
    """Log probabilities [tokens, tags] of each sentence; [PAD] is impossible."""
    rng = np.random.default_rng(seed)
    rows = []
    for length in lengths:
        values = rng.dirichlet(np.full(len(tags) - 1, 0.5), length).astype("float32")
        values = np.concatenate([np.zeros([length, 1], "float32"), values], 1).reshape(length, len(tags))
        rows.append(np.log(np.maximum(values, np.float32(1e-30))))
    return rows


def decode(rows, tags=TAGS):
    from components.exporter.serving.decoding import decode_constrained
    from components.text.token_positions import TokenPositions

    flat = np.concatenate([*rows, np.zeros([0, len(tags)], "float32")])
    splits = np.cumsum([0, *map(len, rows)])
    ids = tf.function(lambda logits, splits: decode_constrained(logits, TokenPositions.of(splits), tags))(
        tf.constant(flat, tf.float32), tf.constant(splits, tf.int64)
    )
    return [ids[start:end].numpy().tolist() for start, end in itertools.pairwise(splits)]


def in_numpy(row, tags=TAGS):
    return constrained_path(row, *transitions(tags))


def is_valid(ids):
    tags = [TAGS[tag] for tag in ids]
    return to_iob2(tags) == tags


def by_trying_everything(row):
    """Returns the most probable of all valid sequences."""
    every = itertools.product(range(1, len(TAGS)), repeat=len(row))
    return list(max(filter(is_valid, every), key=lambda ids: sum(row[i, tag] for i, tag in enumerate(ids))))


@pytest.mark.parametrize("length", [1, 4])
def test_the_path_is_the_best_of_all_valid_ones(length):
    rows = random_rows([length] * 25, seed=length)
    expected = [by_trying_everything(row) for row in rows]
    assert any(not is_valid(np.argmax(row, -1)) for row in rows), "some best tags must be invalid"
    assert decode(rows) == expected
    assert [in_numpy(row) for row in rows] == expected


def test_long_sentences_are_valid_and_do_not_depend_on_the_batch():
    rows = random_rows([0, 40, 1, 300])
    together = decode(rows)
    assert together == [decode([row])[0] for row in rows] == [in_numpy(row) for row in rows]
    assert all(map(is_valid, together))
    assert [len(path) for path in together] == [len(row) for row in rows]


@pytest.mark.parametrize("tags", [("B-X",), ("B-X", "B-Y", "I-Y"), ("I-X",), (), ("B-X", "I-X", "OUT")], ids=str)
def test_types_may_lack_tags_that_the_corpus_does_not_have(tags):
    tags = ("[PAD]", "O", *tags)
    rows = random_rows([1, 9, 30], tags=tags)
    assert decode(rows, tags) == [in_numpy(row, tags) for row in rows]


@pytest.mark.parametrize("length", [5, 60, 400])
def test_an_entity_may_become_probable_long_after_its_begin(length):
    gain = 4 / length  # of each I-X over O: whether it begins with the second token depends on the last one
    first, second, others = [0, 1, -9, -9, -9, -9], [0, 5, 3, -9, -9, -9], [0, 5, -9, 5 + gain, -9, -9]
    row = np.array([first, second, *[others] * length], np.float32) - np.array([1e9, *[0] * 5], np.float32)
    for rest in (row, row[: -length // 2 - 1]):
        assert decode([rest, row]) == [in_numpy(rest), in_numpy(row)]
    assert [TAGS[tag] for tag in set(in_numpy(row[: -length // 2 - 1]))] == ["O"]
    assert TAGS[in_numpy(row)[1]] == "B-X"


@pytest.mark.extended
def test_one_long_sentence_does_not_pad_the_short_ones():
    inside = np.log(np.array([1e-30, 0.01, 0.02, 0.95, 0.01, 0.01], "float32"))  # I-X at every token
    rows = [inside[None]] * 200_000 + [np.stack([inside] * 3_000)]  # padded: 600 million tokens, 14 GB
    together = decode(rows)
    assert together[0] == [TAGS.index("B-X")]
    assert together[-1] == [TAGS.index("B-X")] + [TAGS.index("I-X")] * 2_999


def test_valid_best_tags_stay():
    rows = [row for row in random_rows([3] * 60) if is_valid(np.argmax(row, -1))]
    assert len(rows) > 5
    assert decode(rows) == [np.argmax(row, -1).tolist() for row in rows]


def test_batches_without_tokens():
    for lengths in ([], [0], [0, 0]):
        assert decode(random_rows(lengths)) == [[] for _ in lengths]
