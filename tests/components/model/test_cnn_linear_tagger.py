"""The cnn_linear tagger."""

from __future__ import annotations

import numpy as np
import pytest
from support.lazy import LazyModule

from components.model import feature_templates
from components.text.transitions import FORBIDDEN
from components.transform.features import SUBWORD_COLUMNS

keras = LazyModule("keras")
cnn_linear_tagger = LazyModule("components.model.cnn_linear_tagger")
taggers = LazyModule("components.model.taggers")

SIZES = {
    "num_tags": 5, "vocab_size": 11, "num_cases": 7, "num_subwords": 31, "embed_dim": 8, "width": 12,
    "dilations": (1, 2), "input_dropout": 0.2, "dropout": 0.2, "word_dropout": 0.2, "subword_dropout": 0.2,
    "linear_weights": 5 << 8, "linear_members": 3, "linear_dropout": 0.2,
}  # fmt: skip
STILL = {name: 0.0 for name in SIZES if name.endswith("dropout")}


def features(lengths, width):
    rng = np.random.default_rng(3)
    real = np.arange(width)[None] < np.array(lengths)[:, None]
    values = {
        "word_ids": np.where(real, rng.integers(1, 11, real.shape), 0),
        "case_ids": np.where(real, rng.integers(1, 7, real.shape), 0),
        "subword_ids": np.where(real[..., None], rng.integers(1, 31, (*real.shape, SUBWORD_COLUMNS)), 0),
    }
    return {name: ids.astype("int32") for name, ids in values.items()}


def with_owners(*batches, **options):
    """Builds a tagger whose linear expert has random weights for all features of the batches."""
    model = taggers.build_tagger("cnn_linear", **{**SIZES, **options})
    hashes = [
        keras.ops.convert_to_numpy(model.linear.hashes(cnn_linear_tagger.columns(batch))).reshape(-1)
        for batch in batches
    ]
    model.linear.choose_owners(*np.unique(np.concatenate(hashes), return_counts=True))
    table = model.linear.table.embeddings
    table.assign(np.random.default_rng(1).normal(size=table.shape))
    return model


def logits(model, batch, **kwargs):
    return keras.ops.convert_to_numpy(model(batch, **kwargs))


def test_a_linear_expert_of_lbfgs_has_no_part_in_the_training_of_the_network():
    batch = features([4, 1], 4)
    model = with_owners(batch, linear_optimizer="lbfgs")
    assert not any("linear/" in weight.path for weight in model.trainable_variables)
    assert logits(model, batch, training=True).shape == (1, 2, 4, 5)
    np.testing.assert_allclose(logits(model.folded(), batch), logits(model, batch), rtol=1e-6)


def test_the_tagger_saves_loads_and_trains_in_every_precision(check_layer):
    batch = features([4, 1], 4)
    check_layer(lambda **kw: with_owners(batch, **kw), batch, (2, 4, 5))


def test_the_tagger_saves_loads_and_trains_with_gazetteers_and_clusters(check_layer):
    batch = features([4, 1], 4)
    batch |= {f"gazetteer_{name}": np.clip(batch["word_ids"], 0, 5) for name in ("CITY", "TEAM")}
    batch["cluster_ids"] = np.stack([batch["word_ids"]] * 2, -1)
    files = {"gazetteers": ["CITY", "TEAM"], "clusters": {"ids": 11, "columns": 2, "version": "c0de"}}
    check_layer(lambda **kw: with_owners(batch, **files, **kw), batch, (2, 4, 5))


def test_columns_are_word_case_and_subwords():
    batch = features([3, 2], 3)
    concatenated = keras.ops.convert_to_numpy(
        cnn_linear_tagger.columns({name: ids.astype("int64") for name, ids in batch.items()})
    )
    assert (concatenated.shape, concatenated.dtype) == ((2, 3, 2 + SUBWORD_COLUMNS), np.int32)
    np.testing.assert_array_equal(concatenated[..., 0], batch["word_ids"])
    np.testing.assert_array_equal(concatenated[..., 1], batch["case_ids"])
    np.testing.assert_array_equal(concatenated[..., 2:], batch["subword_ids"])


def test_training_returns_logits_per_expert():
    for members in [1, 3]:
        batch = features([4, 2], 4)
        model = with_owners(batch, linear_members=members, **STILL)
        experts = logits(model, batch, training=True)
        assert experts.shape == (1 + members, 2, 4, 5)
        assert (experts[..., 0] <= FORBIDDEN / 2).all()
        without_linear = taggers.build_tagger("cnn_linear", **{**SIZES, "linear_members": members, **STILL})
        for one, other in zip(without_linear.weights, model.weights, strict=True):
            if one is not without_linear.linear.table.embeddings:
                one.assign(other)
        silent = logits(without_linear, batch, training=True)
        np.testing.assert_allclose(silent[0], experts[0], atol=1e-5)  # the network is independent of them
        assert not silent[1:, ..., 1:].any()
        assert len({member.tobytes() for member in experts[1:, ..., 1:]}) == members


def test_logits_are_a_weighted_mean_of_the_experts():
    batch = features([4, 2], 4)
    model = with_owners(batch, linear_members=1, **STILL)
    network, linear = logits(model, batch, training=True)[..., 1:]
    answer = logits(model, batch)[..., 1:]
    shares = (answer - linear) / (network - linear)
    assert 0 < np.median(shares) < 1
    np.testing.assert_allclose(answer, linear + np.median(shares) * (network - linear), atol=1e-4)


def test_folded_is_equivalent_with_one_member():
    for precision in ["float32", "mixed_bfloat16"]:
        batch = features([4, 2], 4)
        model = with_owners(batch, dtype=precision)
        folded = model.folded()
        assert model.linear.table.embeddings.shape == (256, 15)
        assert folded.linear.table.embeddings.shape == (256, 5)
        np.testing.assert_allclose(logits(folded, batch), logits(model, batch), atol=1e-4)
        np.testing.assert_array_equal(logits(folded.folded(), batch), logits(folded, batch))


@pytest.mark.extended
def test_linear_weights_is_the_maximum_but_one_row():
    for types, most, rows in [(2, 10**6, 165_888), (16, 2 * 10**6, 58_624), (18, 2 * 10**6, 52_480), (18, 30, 1)]:
        tags = 2 + 2 * types
        model = taggers.build_tagger(
            "cnn_linear", **{**SIZES, "num_tags": tags, "linear_weights": most, "linear_members": 1}
        )
        assert model.linear.table.embeddings.shape == (rows, tags)
        assert most * 127 / 128 - tags <= rows * tags <= most or rows == 1
        batch = features([3], 3)
        assert logits(model, batch).shape == (1, 3, tags)
        assert logits(model, batch, training=True).shape == (2, 1, 3, tags)


def test_no_weight_is_int32():
    # TensorFlow places int32 variables on the CPU, where XLA on a GPU cannot read them.
    assert "int32" not in {weight.dtype for weight in taggers.build_tagger("cnn_linear", **SIZES).weights}


@pytest.mark.extended
def test_logits_are_float32_and_finite_in_each_precision():
    for training in [False, True]:
        for precision in ["float32", "mixed_bfloat16"]:
            batch = features([5, 0], 5)
            model = with_owners(batch, dtype=precision)
            output = logits(model, batch, training=training)
            assert output.dtype == np.float32
            assert np.isfinite(output).all()


@pytest.mark.extended
def test_a_compiled_tagger_is_equivalent():
    for training in [False, True]:
        import tensorflow as tf

        batch = features([5, 2], 5)
        model = with_owners(batch, **STILL)
        compiled = tf.function(model, autograph=False, jit_compile=True)
        np.testing.assert_allclose(
            compiled(batch, training=training)[..., 1:], logits(model, batch, training=training)[..., 1:], atol=1e-4
        )


@pytest.mark.extended
def test_batches_may_be_empty_or_of_padding_only():
    for shape in [(0, 3), (2, 0), (1, 1), (2, 3)]:
        for training in [False, True]:
            model = with_owners(features([3], 3))
            output = logits(model, features([0] * shape[0], shape[1]), training=training)
            assert output.shape == ((4, *shape, 5) if training else (*shape, 5))
            assert np.isfinite(output).all()


def test_a_word_and_its_vector_are_dropped_independently():
    model = taggers.build_tagger("cnn_linear", **SIZES, vectors={"ids": 9, "rows": 9, "dim": 4, "rate": 0.2}, seed=7)
    ids = np.full((1, 10_000), 2, "int32")
    words, vectors = (
        keras.ops.convert_to_numpy(layer(ids, training=True)) != ids
        for layer in (model.word_dropout, model.word_vectors.dropout)
    )
    assert 0.03 < (words & vectors).mean() < 0.05  # 0.2 * 0.2


def test_logits_do_not_depend_on_the_batch():
    batch = features([7, 3, 0, 12], 12)
    model = with_owners(batch)
    together = logits(model, batch)
    for row, length in enumerate([7, 3, 0, 12]):
        alone = {name: ids[row : row + 1, : max(length, 1)] for name, ids in batch.items()}
        np.testing.assert_allclose(model(alone)[0, :length], together[row, :length], atol=1e-4)


def concatenate(batch, lengths, padding):
    """Concatenates the sentences of a batch into one row with padding after each; returns it and their begins."""
    rows = {
        name: np.concatenate([np.pad(ids[row, :length], [(0, padding)] + [(0, 0)] * (ids.ndim - 2))
                              for row, length in enumerate(lengths)])[None]
        for name, ids in batch.items()
    }  # fmt: skip
    return rows, np.cumsum([0, *(length + padding for length in lengths[:-1])])


def test_sentences_in_one_row_with_padding_are_independent():
    for dilations in [(1,), (1, 2, 4), (5, 1)]:
        lengths = [7, 1, 12]
        batch = features(lengths, 12)
        model = with_owners(batch, dilations=dilations)
        alone = logits(model, batch)
        row, begins = concatenate(batch, lengths, max(feature_templates.reach(), *dilations))
        [together] = logits(model, row)
        for number, (begin, length) in enumerate(zip(begins, lengths, strict=True)):
            np.testing.assert_allclose(together[begin : begin + length], alone[number, :length], atol=1e-4)
        row, begins = concatenate(batch, lengths, max(dilations) - 1)
        [nearer] = logits(model, row)
        assert np.abs(nearer[begins[1]] - alone[1, 0]).max() > 1e-3


def test_padding_is_never_predicted():
    batch = features([16] * 8, 16)
    model = with_owners(batch)
    assert (np.argmax(logits(model, batch), -1) > 0).all()
    assert (np.argmax(logits(model, batch, training=True), -1) > 0).all()


def test_all_weights_exist_before_the_first_call():
    built = taggers.build_tagger("cnn_linear", **SIZES)
    count = len(built.weights)
    built(features([2], 2))
    assert len(built.weights) == count > 0
