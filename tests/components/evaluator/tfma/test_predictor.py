"""Predictions for batches."""

from __future__ import annotations

import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lazy import LazyModule

from components.evaluator.counts.tag_vocabulary import TagVocabulary
from components.evaluator.errors import EvaluationError

module = LazyModule("components.evaluator.tfma.predictor")


class Model:
    """Fake of a loaded SavedModel: an example is its tags between spaces, with one character per token."""

    def __init__(self, change=lambda outputs: outputs):
        self.signatures = {"serving_examples": self}
        self.structured_input_signature = ((), {"examples": None})
        self.batches = []
        self._change = change

    def __call__(self, examples):
        import tensorflow as tf

        rows = [example.decode().split() for example in examples.numpy()]
        self.batches.append(len(rows))
        width = max(map(len, rows), default=0)
        tags = [row + ["[PAD]"] * (width - len(row)) for row in rows]
        starts = [[2 * i for i in range(len(row))] + [0] * (width - len(row)) for row in rows]
        ends = [[2 * i + 1 for i in range(len(row))] + [0] * (width - len(row)) for row in rows]
        shape = (len(rows), width)
        outputs = {
            "tags": tf.reshape(tf.constant(tags, tf.string), shape),
            "starts": tf.reshape(tf.constant(starts, tf.int32), shape),
            "ends": tf.reshape(tf.constant(ends, tf.int32), shape),
            "scores": tf.reshape(tf.constant(starts, tf.float32), shape) / 100,
        }
        return self._change(outputs)


def predict(model, examples, lengths):
    vocabulary = TagVocabulary()
    vocabulary.encode(["O", "B-X", "I-X"])
    predictor = module.Predictor(model, "serving_examples", "the model", vocabulary)
    return predictor.predict(examples, np.array(lengths), lambda row: f"k{row}")[:2]


def test_tags_keep_the_order_of_the_examples():
    lengths = [7, 1, 3, 0, 5] * 40
    examples = [" ".join(["B-X", *["I-X"] * 9][:length]).encode() for length in lengths]
    model = Model()
    tags, scores = predict(model, examples, lengths)
    assert tags.tolist() == [tag for length in lengths for tag in [1, *[2] * 9][:length]]
    assert scores == pytest.approx(np.array([2 * i / 100 for length in lengths for i in range(length)]))
    assert sum(model.batches) == 200
    assert max(model.batches) == 64


def test_empty_batch():
    tags, scores = predict(Model(), [], np.zeros(0, np.int64))
    assert len(tags) == len(scores) == 0


def test_model_without_scores():
    def without(outputs):
        return {name: value for name, value in outputs.items() if name != "scores"}

    assert predict(Model(without), [b"O"], [1])[1] is None


def test_refused_sentences_are_named_with_model_reason_and_fix():
    import tensorflow as tf

    def refuse(outputs):
        raise tf.errors.InvalidArgumentError(None, None, "details\nassertion failed: [too long]\nmore details")

    with pytest.raises(
        EvaluationError,
        match=r"^the model: refuses the sentences with keys 'k0': assertion failed: \[too long\]\. Shorten or remove",
    ):
        predict(Model(refuse), [b"O"], [1])


def test_misaligned_sentence_is_named_with_model_and_key():
    with pytest.raises(EvaluationError, match=r"^the model, sentence with key 'k2': .* 2 corpus tokens, .* 3 gold"):
        predict(Model(), [b"O O O O", b"O", b"O O"], [4, 1, 3])


def test_outputs_of_different_shapes_are_refused():
    def cut(outputs):
        return {**outputs, "tags": outputs["tags"][:, :1]}

    with pytest.raises(EvaluationError, match=r"^the model: returned outputs of shapes .*'tags': \(1, 1\)"):
        predict(Model(cut), [b"O O"], [2])


def pieces(starts, ends, n_gold):
    def name(row):
        return f"row {row}"

    return module.first_pieces(np.array(starts, np.int32), np.array(ends, np.int32), np.array(n_gold), name).tolist()


def test_first_piece_counts_for_its_gold_token():
    # "New Delhi." -> New | Delhi | .
    assert pieces([[0, 4, 9]], [[3, 9, 10]], [2]) == [[True, True, False]]


def test_padding_is_ignored():
    assert pieces([[0, 0, 0], [0, 2, 0]], [[2, 0, 0], [1, 3, 0]], [1, 2]) == [[True, False, False], [True, True, False]]
    assert pieces([[0]], [[0]], [0]) == [[False]]
    assert pieces([[], []], [[], []], [0, 0]) == [[], []]


def test_no_rows():
    assert module.first_pieces(np.zeros((0, 3), int), np.zeros((0, 3), int), np.zeros(0, int), str).shape == (0, 3)


@pytest.mark.parametrize(
    ("starts", "ends", "n_gold", "text"),
    [
        ([[0], [0]], [[1], [1]], [1, 2], "^row 1: .*form 1 corpus tokens, but there are 2 gold tags"),
        ([[0, 2]], [[1, 3]], [1], "^row 0: .*form 2 corpus tokens, but there are 1 gold tags"),
        ([[0, 0, 2]], [[1, 0, 3]], [1], "^row 0: .*padding before the token at characters 2 to 3"),
    ],
)
def test_misaligned_rows_are_refused(starts, ends, n_gold, text):
    with pytest.raises(EvaluationError, match=text):
        pieces(starts, ends, n_gold)


TOKENS = st.lists(st.text(st.sampled_from(string.ascii_letters + string.punctuation + "é漢"), min_size=1, max_size=6))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(TOKENS, st.booleans()), min_size=1, max_size=4), st.integers(0, 3))
def test_first_pieces_are_found_in_any_tokenization(sentences, padding):
    """Splits each gold token into characters, or not at all."""
    rows, expected = [], []
    for tokens, finest in sentences:
        row, at = [], 0
        first = []
        for token in tokens:
            for piece, text in enumerate(token if finest else [token]):
                row.append((at, at + len(text)))
                first.append(piece == 0)
                at += len(text)
            at += 1  # the one space
        rows.append(row)
        expected.append(first)
    width = max(map(len, rows)) + padding
    starts, ends = ([[cell[side] for cell in row] + [0] * (width - len(row)) for row in rows] for side in range(2))
    flags = pieces(starts, ends, [len(tokens) for tokens, _ in sentences])
    assert flags == [first + [False] * (width - len(first)) for first in expected]
