"""Linear experts by L-BFGS, compared with the gradient of the objective through the tagger itself."""

from __future__ import annotations

import numpy as np
import pytest
from support.lazy import LazyModule

tf = LazyModule("tensorflow")
linear_expert = LazyModule("components.trainer.initial.linear_expert")
OPTIONS = {
    "num_tags": 5, "vocab_size": 40, "num_cases": 7, "num_subwords": 64, "embed_dim": 8, "width": 8, "dilations": [1],
    "input_dropout": 0.0, "dropout": 0.0, "word_dropout": 0.0, "subword_dropout": 0.0,
    "linear_members": 2, "linear_dropout": 0.5, "network_share": 0.0,
}  # fmt: skip


def tagger(made_up, linear_optimizer="lbfgs"):
    from components.model.taggers import build_tagger
    from components.trainer.initial.linear_features import choose_linear_features

    model = build_tagger("cnn_linear", linear_weights=5 * 4096, linear_optimizer=linear_optimizer, **OPTIONS)
    choose_linear_features(model, made_up.train)
    return model


def supervised(made_up):
    from components.model.taggers import linear_loss
    from components.trainer.loop.training_step import supervised

    return supervised(linear_loss(made_up.tags))


def table(model):
    return model.linear.table.embeddings.numpy()


def slope(model, made_up, start):
    """Gradient of losses and penalty by the logits' weights, from one batch of all windows through the tagger."""
    from components.model.cnn_linear_tagger import LINEAR_STEP
    from components.model.taggers import linear_loss

    [batch] = made_up.batches(size=len(made_up.train)).epoch(0)
    weights = model.linear.table.embeddings
    with tf.GradientTape() as tape:
        tape.watch(weights.value)
        loss = linear_loss(made_up.tags)(batch.tags, model(batch.features)[None]) * made_up.train.tokens
    slope = tf.convert_to_tensor(tape.gradient(loss, weights.value)).numpy() / LINEAR_STEP
    return slope + 0.2 * LINEAR_STEP * (weights.numpy() - start)


def test_no_other_weights_have_a_smaller_loss_with_its_penalty(made_up):
    model = tagger(made_up)
    before = slope(model, made_up, start=0.0)
    linear_expert.fit_linear_expert(model, made_up.train, supervised(made_up))
    assert np.abs(slope(model, made_up, start=0.0)).max() < 0.02 * np.abs(before).max()
    assert not table(model)[model.linear.owners.numpy() == 0].any()


def test_the_fitted_expert_finds_the_entities(made_up):
    model = tagger(made_up)
    linear_expert.fit_linear_expert(model, made_up.train, supervised(made_up))
    [batch] = made_up.batches(size=len(made_up.train)).epoch(0)
    best = model(batch.features).numpy().argmax(-1)
    assert (best == batch.tags)[batch.tags != 0].mean() > 0.98


def test_weights_stay_close_to_those_of_an_earlier_model(made_up):
    model = tagger(made_up)
    earlier = np.random.default_rng(0).normal(size=table(model).shape).astype(np.float32)
    model.linear.table.embeddings.assign(earlier)
    linear_expert.fit_linear_expert(model, made_up.train, supervised(made_up))
    assert np.abs(slope(model, made_up, start=earlier)).max() < 0.2
    unowned = model.linear.owners.numpy() == 0
    np.testing.assert_array_equal(table(model)[unowned], earlier[unowned])
    assert (table(model) != earlier).any()


def test_a_teachers_distributions_count_as_tags_do(made_up, tmp_path):
    from support.made_up_corpus import chunk

    from components.model.taggers import linear_loss
    from components.trainer.data.window_table import WindowTable
    from components.trainer.teacher.soft_labels import SOFT_LABELS, distillation_objective, with_empty_soft_labels

    lengths, columns = chunk(150, 0)
    certain = np.eye(5, dtype=np.float32)[columns["tag_ids"]]
    objective, weights = distillation_objective(linear_loss(made_up.tags)), []
    for name, soft in (("gold", np.zeros_like(certain)), ("soft_labels", certain)):
        [(_, extended)] = with_empty_soft_labels([(lengths, columns)], 5)
        own = WindowTable.write(tmp_path / name, [(lengths, {**extended, SOFT_LABELS: soft})])
        model = tagger(made_up)
        linear_expert.fit_linear_expert(model, own, objective)
        weights.append(table(model))
    assert weights[0].any()
    np.testing.assert_allclose(weights[1], weights[0], atol=1e-5)


@pytest.mark.parametrize("windows", [0, 9])
def test_experts_of_adam_and_splits_without_windows_change_nothing(made_up, tmp_path, windows):
    from support.made_up_corpus import chunk

    from components.trainer.data.window_table import WindowTable

    model = tagger(made_up, "adam" if windows else "lbfgs")
    own = WindowTable.write(tmp_path, [chunk(windows, 0)] if windows else [])
    linear_expert.fit_linear_expert(model, own, supervised(made_up))
    assert not table(model).any()
