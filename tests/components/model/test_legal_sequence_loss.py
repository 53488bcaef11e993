"""The loss over legal sequences, held against enumerating all of them."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest

from components.model.legal_sequence_loss import LegalSequenceLoss
from components.text.transitions import FORBIDDEN

TAGS = ("[PAD]", "O", "B-PER", "I-PER", "B-LOC", "I-LOC")


def is_legal(path, begins_inside=False):
    names = [TAGS[tag] for tag in path]
    before = names[0] if begins_inside else "O"
    for name in names:
        if name == "[PAD]" or (name[0] == "I" and before[2:] != name[2:]):
            return False
        before = name
    return True


def enumerated(gold, logits):
    """Minus the log share of the gold path among all legal ones, and among all paths whatever."""
    begins_inside = TAGS[gold[0]][0] == "I"
    paths = {path for path in itertools.product(range(len(TAGS)), repeat=len(gold)) if is_legal(path, begins_inside)}
    scores = [sum(logits[i, tag] for i, tag in enumerate(path)) for path in paths]
    anything = np.logaddexp.reduce(logits[: len(gold)], axis=-1).sum()
    return np.logaddexp.reduce(scores) + anything - 2 * sum(logits[i, tag] for i, tag in enumerate(gold))


def tagger_logits(shape, seed=0):
    logits = np.random.default_rng(seed).normal(size=(*shape, len(TAGS))).astype("float32") * 2
    logits[..., 0] = FORBIDDEN
    return logits


@pytest.mark.parametrize("gold", [[1], [2, 3, 3, 1], [4, 5, 2, 3], [1, 1], [3, 3, 1], [5, 2]])
def test_agrees_with_enumeration(gold):
    logits = tagger_logits((1, len(gold)))
    expected = enumerated(gold, logits[0].astype("float64")) / len(gold)
    assert float(LegalSequenceLoss(TAGS)(np.array([gold]), logits)) == pytest.approx(expected, rel=1e-4)


def test_a_batch_is_the_mean_over_its_tokens_and_padding_does_not_count():
    golds = [[2, 3, 3, 1], [4], [1, 2]]
    logits = tagger_logits((4, 7))
    padded = np.zeros((4, 7), int)
    for row, gold in enumerate(golds):  # the fourth row is padding only
        padded[row, : len(gold)] = gold
    expected = sum(enumerated(gold, row.astype("float64")) for gold, row in zip(golds, logits, strict=False)) / 7
    assert float(LegalSequenceLoss(TAGS)(padded, logits)) == pytest.approx(expected, rel=1e-4)


def test_a_window_with_an_unseen_tag_does_not_count():
    logits = tagger_logits((2, 3))
    loss = LegalSequenceLoss(TAGS)
    alone = float(loss(np.array([[2, 3, 1]]), logits[:1]))
    assert float(loss(np.array([[2, 3, 1], [1, -1, 1]]), logits)) == pytest.approx(alone, rel=1e-6)
    assert float(loss(np.zeros((2, 3), int), logits)) == 0.0


def test_gradients_are_finite_over_long_sequences_and_push_towards_gold():
    gold = np.array([[2, *[3] * 126, 1], [1] * 100 + [0] * 28])
    logits = keras.Variable(tagger_logits((2, 128)) * 20)
    before = float(LegalSequenceLoss(TAGS)(gold, logits))

    class Fixed(keras.Model):
        def __init__(self):
            super().__init__()
            self.logits = self.add_weight(shape=(2, 128, 6), initializer="zeros")

        def call(self, inputs):
            return self.logits + 0 * inputs

    model = Fixed()
    model.build((2, 128, 6))
    model.logits.assign(logits)
    model.compile(keras.optimizers.SGD(10.0), LegalSequenceLoss(TAGS))
    model.train_on_batch(np.zeros((2, 128, 6), "float32"), gold)
    after = keras.ops.convert_to_numpy(model.logits)
    assert np.isfinite(after).all()
    assert 0 < float(LegalSequenceLoss(TAGS)(gold, after)) < before


def test_low_precision_logits_are_summed_in_float32():
    logits = tagger_logits((1, 40))
    gold = np.ones((1, 40), int)
    low = keras.ops.cast(logits, "bfloat16")
    same = keras.ops.convert_to_numpy(keras.ops.cast(low, "float32"))
    loss = LegalSequenceLoss(TAGS)
    assert float(loss.call(gold, low)) == pytest.approx(float(loss.call(gold, same)), rel=1e-6)


def test_config_round_trip():
    loss = LegalSequenceLoss(TAGS)
    copy = LegalSequenceLoss.from_config(loss.get_config())
    assert copy.get_config() == loss.get_config()
    logits = tagger_logits((1, 2))
    assert float(copy(np.array([[1, 2]]), logits)) == float(loss(np.array([[1, 2]]), logits))
