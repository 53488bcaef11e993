"""Losses; that over valid sequences is compared with an enumeration of all of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.lazy import LazyModule

from components.text.transitions import FORBIDDEN

keras = LazyModule("keras")
losses = LazyModule("components.model.losses")

TAGS = ("[PAD]", "O", "B-PER", "I-PER", "B-LOC", "I-LOC")


def is_valid(path, begins_inside=False):
    names = [TAGS[tag] for tag in path]
    before = names[0] if begins_inside else "O"
    for name in names:
        if name == "[PAD]" or (name[0] == "I" and before[2:] != name[2:]):
            return False
        before = name
    return True


def valid_paths(gold):
    """Returns all valid sequences of the length of `gold`: int [paths, tokens]."""
    begins_inside = TAGS[gold[0]][0] == "I"
    paths = itertools.product(range(len(TAGS)), repeat=len(gold))
    return np.array([path for path in paths if is_valid(path, begins_inside)])


def enumerated(gold, logits, token_weight=1.0):
    """Returns the negative log probability of gold among valid paths, plus that among all paths."""
    logits = logits[: len(gold)].astype("float64")
    of_gold = logits[np.arange(len(gold)), gold].sum()
    scores = logits[np.arange(len(gold)), valid_paths(gold)].sum(-1)
    normalizer = np.logaddexp.reduce(logits, axis=-1).sum()
    return np.logaddexp.reduce(scores) - of_gold + token_weight * (normalizer - of_gold)


def enumerated_gradient(gold, logits):
    """Returns both marginal probabilities of each tag minus two at the gold tags."""
    logits = logits[: len(gold)].astype("float64")
    paths, steps = valid_paths(gold), np.arange(len(gold))
    scores = logits[steps, paths].sum(-1)
    gradient = np.exp(logits - np.logaddexp.reduce(logits, axis=-1)[:, None])
    for path, share in zip(paths, np.exp(scores - np.logaddexp.reduce(scores)), strict=True):
        gradient[steps, path] += share
    gradient[steps, gold] -= 2
    return gradient


def value_and_gradient(loss, gold, logits):
    """Computes both in a graph, as training does."""
    import tensorflow as tf

    @tf.function(autograph=False)
    def compute(gold, logits):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = loss(gold, logits)
        return value, tape.gradient(value, logits)

    value, gradient = compute(tf.constant(gold), tf.constant(logits))
    return float(value), gradient.numpy()


def tagger_logits(shape, seed=0):
    logits = np.random.default_rng(seed).normal(size=(*shape, len(TAGS))).astype("float32") * 2
    logits[..., 0] = FORBIDDEN
    return logits


def test_agrees_with_enumeration():
    for gold in [[1], [2, 3, 3, 1], [4, 5, 2, 3], [1, 1], [3, 3, 1], [5, 2]]:
        logits = tagger_logits((1, len(gold)))
        expected = enumerated(gold, logits[0]) / len(gold)
        assert float(losses.ConstrainedCrfLoss(TAGS)(np.array([gold]), logits)) == pytest.approx(expected, rel=1e-4)


def test_gradient_agrees_with_enumeration():
    for gold in [[1], [2, 3, 3, 1], [4, 5, 2, 3], [3, 3, 1], [5, 2]]:
        logits = tagger_logits((1, len(gold)), seed=4)
        _, gradient = value_and_gradient(losses.ConstrainedCrfLoss(TAGS), np.array([gold]), logits)
        np.testing.assert_allclose(gradient[0] * len(gold), enumerated_gradient(gold, logits[0]), atol=1e-5)


def padded(golds, width, rows):
    ids = np.zeros((rows, width), int)
    for row, gold in enumerate(golds):
        ids[row, : len(gold)] = gold
    return ids


def test_loss_is_summed_over_experts():
    for token_weights in [(1.0,), (0.0,), (1.0, 0.0), (0.25, 2.0, 0.0), (1.0, 0.0, 0.5, 9.0)]:
        golds = [[2, 3, 3, 1], [4], [1, 2]]
        logits = tagger_logits((3, 4, 7), seed=2)
        weights = [*token_weights, token_weights[-1], token_weights[-1]][:3]
        expected = sum(
            enumerated(gold, row, weight) / 7
            for expert, weight in zip(logits, weights, strict=True)
            for gold, row in zip(golds, expert, strict=False)
        )
        loss = losses.ConstrainedCrfLoss(TAGS, token_weights)
        assert float(loss(padded(golds, 7, 4), logits)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.extended
def test_one_expert_equals_logits_without_experts():
    for token_weights in [(1.0,), (1.0, 0.0)]:
        gold, logits = padded([[2, 3], [1, 4, 5]], 3, 2), tagger_logits((2, 3))
        alone = value_and_gradient(losses.ConstrainedCrfLoss(TAGS), gold, logits)
        one = value_and_gradient(losses.ConstrainedCrfLoss(TAGS, token_weights), gold, logits[None])
        without = value_and_gradient(losses.ConstrainedCrfLoss(TAGS, (0.0,)), gold, logits)
        assert one[0] == pytest.approx(alone[0], rel=1e-6) == without[0]
        np.testing.assert_allclose(one[1][0], alone[1], atol=1e-6)


def test_every_expert_ignores_a_window_with_an_unseen_tag():
    logits = tagger_logits((2, 2, 3))
    loss = losses.ConstrainedCrfLoss(TAGS, (1.0, 0.0))
    alone = float(loss(np.array([[2, 3, 1]]), logits[:, :1]))
    assert float(loss(np.array([[2, 3, 1], [1, -1, 1]]), logits)) == pytest.approx(alone, rel=1e-6)


@pytest.mark.extended
def test_loss_without_tokens_is_0():
    for experts in [(), (2,)]:
        for rows in [0, 2]:
            loss = losses.ConstrainedCrfLoss(TAGS, (1.0, 0.0))
            value, gradient = value_and_gradient(loss, np.zeros((rows, 3), int), tagger_logits((*experts, rows, 3)))
            assert value == 0
            assert not gradient.any()


@pytest.mark.extended
def test_a_graph_of_unknown_shape_is_equivalent():
    for experts in [(), (2,)]:
        import tensorflow as tf

        gold, logits = padded([[2, 3], [1, 4, 5]], 3, 2), tagger_logits((*experts, 2, 3))
        loss = losses.ConstrainedCrfLoss(TAGS, (1.0, 0.0))
        shapes = [tf.TensorSpec((None, None), tf.int64), tf.TensorSpec((*experts, None, None, len(TAGS)))]
        graph = tf.function(loss, input_signature=shapes, autograph=False)
        assert float(graph(gold, logits)) == pytest.approx(float(loss(gold, logits)), rel=1e-6)


@pytest.mark.extended
def test_very_unlikely_tags():
    for gold in [[2, 3, 3, 1], [3, 3, 1, 1], [1, 1, 1, 4]]:
        logits = np.random.default_rng(1).uniform(-30, 30, (1, 4, len(TAGS))).astype("float32")
        logits[..., 0] = FORBIDDEN
        value, gradient = value_and_gradient(losses.ConstrainedCrfLoss(TAGS), np.array([gold]), logits)
        assert value == pytest.approx(enumerated(gold, logits[0]) / 4, rel=1e-4)
        np.testing.assert_allclose(gradient[0] * 4, enumerated_gradient(gold, logits[0]), atol=1e-3)


def test_huge_logits_neither_overflow_nor_reward_errors():
    for size in [1e2, 1e4, 1e6]:
        golds = np.array([[2, 3, 3, 1], [1, 4, 5, 5]])
        logits = np.random.default_rng(2).uniform(-size, size, (2, 4, len(TAGS))).astype("float32")
        logits[..., 0] = FORBIDDEN
        value, gradient = value_and_gradient(losses.ConstrainedCrfLoss(TAGS), golds, logits)
        exact = sum(enumerated(gold, row) for gold, row in zip(golds.tolist(), logits, strict=True)) / 8
        assert exact * (1 - 1e-4) <= value < exact * 1.5
        assert np.isfinite(gradient).all()
        assert np.abs(gradient).max() <= 2 / 8 + 1e-6
        of_gold = np.take_along_axis(gradient, golds[..., None], -1)
        assert (of_gold <= 1e-6).all()
        assert of_gold.min() < -0.1


def test_loss_is_0_if_only_gold_is_possible():
    logits = np.full((1, 4, len(TAGS)), -1e4, "float32")
    logits[0, np.arange(4), [2, 3, 1, 4]] = 0
    logits[..., 0] = FORBIDDEN
    value, gradient = value_and_gradient(losses.ConstrainedCrfLoss(TAGS), np.array([[2, 3, 1, 4]]), logits)
    assert value == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(gradient, 0, atol=1e-6)


def test_loss_is_the_mean_over_tokens_without_padding():
    golds = [[2, 3, 3, 1], [4], [1, 2]]
    logits = tagger_logits((4, 7))
    expected = sum(enumerated(gold, row) for gold, row in zip(golds, logits, strict=False)) / 7
    # The fourth row is padding only.
    assert float(losses.ConstrainedCrfLoss(TAGS)(padded(golds, 7, 4), logits)) == pytest.approx(expected, rel=1e-4)


def test_a_window_with_an_unseen_tag_is_ignored():
    logits = tagger_logits((2, 3))
    loss = losses.ConstrainedCrfLoss(TAGS)
    alone = float(loss(np.array([[2, 3, 1]]), logits[:1]))
    assert float(loss(np.array([[2, 3, 1], [1, -1, 1]]), logits)) == pytest.approx(alone, rel=1e-6)
    assert float(loss(np.zeros((2, 3), int), logits)) == 0.0


def test_a_step_on_long_sequences_lowers_the_loss():
    gold = np.array([[2, *[3] * 126, 1], [1] * 100 + [0] * 28])
    logits = keras.Variable(tagger_logits((2, 128)) * 20)
    before = float(losses.ConstrainedCrfLoss(TAGS)(gold, logits))

    class Fixed(keras.Model):
        def __init__(self):
            super().__init__()
            self.logits = self.add_weight(shape=(2, 128, 6), initializer="zeros")

        def call(self, inputs):
            return self.logits + 0 * inputs

    model = Fixed()
    model.build((2, 128, 6))
    model.logits.assign(logits)
    model.compile(keras.optimizers.SGD(10.0), losses.ConstrainedCrfLoss(TAGS))
    model.train_on_batch(np.zeros((2, 128, 6), "float32"), gold)
    after = keras.ops.convert_to_numpy(model.logits)
    assert np.isfinite(after).all()
    assert 0 < float(losses.ConstrainedCrfLoss(TAGS)(gold, after)) < before


@pytest.mark.extended
def test_low_precision_logits_are_summed_in_float32():
    logits = tagger_logits((1, 40))
    gold = np.ones((1, 40), int)
    low = keras.ops.cast(logits, "bfloat16")
    same = keras.ops.convert_to_numpy(keras.ops.cast(low, "float32"))
    loss = losses.ConstrainedCrfLoss(TAGS)
    assert float(loss.call(gold, low)) == pytest.approx(float(loss.call(gold, same)), rel=1e-6)


def test_config_round_trip():
    loss = losses.ConstrainedCrfLoss(TAGS, (0.5, 0.0), name="sequences")
    copy = keras.losses.deserialize(keras.losses.serialize(loss))
    assert copy.get_config() == loss.get_config()
    assert (copy.name, copy.token_weights) == ("sequences", (0.5, 0.0))
    logits = tagger_logits((2, 1, 2))
    assert float(copy(np.array([[1, 2]]), logits)) == float(loss(np.array([[1, 2]]), logits))


def test_token_loss_ignores_tokens_without_tag():
    logits = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    loss = losses.MaskedTokenLoss()
    full = float(loss(np.array([[1, 2, 0], [3, -1, 0]]), logits))
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    expected = -(log_probs[0, 0, 1] + log_probs[0, 1, 2] + log_probs[1, 0, 3]) / 3
    assert full == pytest.approx(expected, rel=1e-5)
    assert float(loss(np.zeros((2, 3), int), logits)) == 0.0
    assert losses.MaskedTokenLoss.from_config(loss.get_config()).get_config() == loss.get_config()
