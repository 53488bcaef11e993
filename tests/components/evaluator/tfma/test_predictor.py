"""Asking a model for the tags of a batch."""

from __future__ import annotations

import numpy as np
import pytest

from components.evaluator.counts.tag_vocabulary import TagVocabulary
from components.evaluator.errors import EvaluationError
from components.evaluator.tfma.predictor import Predictor


class Model:
    """Stands for a loaded SavedModel: an example is its tags, split at white space, one character a token."""

    def __init__(self, change=lambda outputs: outputs):
        self.signatures = {"serving_examples": self}
        self.structured_input_signature = ((), {"examples": None})
        self.asked = []
        self._change = change

    def __call__(self, examples):
        import tensorflow as tf

        rows = [example.decode().split() for example in examples.numpy()]
        self.asked.append(len(rows))
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
    predictor = Predictor(model, "serving_examples", "the model", vocabulary)
    return predictor.predict(examples, np.array(lengths), lambda row: f"k{row}")


def test_tags_come_in_the_order_of_the_examples_though_they_are_asked_by_length():
    lengths = [7, 1, 3, 0, 5] * 40
    examples = [" ".join(["B-X", *["I-X"] * 9][:length]).encode() for length in lengths]
    model = Model()
    tags, scores = predict(model, examples, lengths)
    assert tags.tolist() == [tag for length in lengths for tag in [1, *[2] * 9][:length]]
    assert scores == pytest.approx(np.array([2 * i / 100 for length in lengths for i in range(length)]))
    assert sum(model.asked) == 200
    assert max(model.asked) == 64


def test_no_examples():
    tags, scores = predict(Model(), [], np.zeros(0, np.int64))
    assert len(tags) == len(scores) == 0


def test_model_without_scores():
    def without(outputs):
        return {name: value for name, value in outputs.items() if name != "scores"}

    assert predict(Model(without), [b"O"], [1])[1] is None


def test_misaligned_sentence_is_named_with_model_and_key():
    with pytest.raises(EvaluationError, match=r"^the model, sentence with key 'k2': .* 2 corpus tokens, .* 3 gold"):
        predict(Model(), [b"O O O O", b"O", b"O O"], [4, 1, 3])


def test_outputs_that_do_not_belong_together_are_refused():
    def cut(outputs):
        return {**outputs, "tags": outputs["tags"][:, :1]}

    with pytest.raises(EvaluationError, match=r"outputs of different shapes: .*'tags': \(1, 1\)"):
        predict(Model(cut), [b"O O"], [2])
