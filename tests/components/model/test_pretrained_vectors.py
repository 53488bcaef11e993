"""Pretrained vectors in the cnn_linear tagger."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from support.lazy import LazyModule

from components.transform.features import SUBWORD_COLUMNS
from configs.loading import load_config

keras = LazyModule("keras")
layers = LazyModule("components.model.layers")
taggers = LazyModule("components.model.taggers")

IDS = np.array([[2, 4, 1, 0], [3, 2, 0, 0]], "int32")
ROW_OF = np.array([0, 1, 2, 3, 2, 1])
TABLE = np.array([[0, 0, 0], [0, 0, 0], [1, 2, 3], [-1, 0, 1]], "float32")
SIZES = {"num_tags": 5, "vocab_size": 11, "num_cases": 7, "num_subwords": 31}
VECTORS = {"ids": 6, "rows": 4, "dim": 3, "frozen": True, "rate": 0.0}
FEATURES = {
    "word_ids": np.array([[2, 1, 1, 0]]), "case_ids": np.array([[1, 1, 1, 0]]),
    "subword_ids": np.array([[[1] * SUBWORD_COLUMNS] * 3 + [[0] * SUBWORD_COLUMNS]]),
    "vector_ids": np.array([[2, 3, 1, 0]]),
}  # fmt: skip


def tagger(**vectors):
    """Builds a small cnn_linear tagger without dropout and linear features."""
    options = load_config(None).trainer.for_windows(9000).cnn_linear.model_dump(exclude={"vectors"})
    no_dropout = {name: 0.0 for name in options if name.endswith("dropout")}
    sizes = {"vectors": {**VECTORS, **vectors}} if vectors else {}
    return taggers.build_tagger(
        "cnn_linear", {**SIZES, **sizes}, **{**options, **no_dropout, "embed_dim": 8, "width": 12, "linear_weights": 1}
    )


def filled(**options):
    layer = layers.PretrainedVectors(ids=6, rows=4, dim=3, width=5, **options)
    layer.build()
    layer.assign(ROW_OF, TABLE)
    return layer


def test_frozen_and_trained_vectors_save_load_and_train(check_layer):
    for frozen in [True, False]:
        check_layer(functools.partial(filled, frozen=frozen, rate=0.5), IDS, (2, 4, 5))


def test_ids_share_vectors_by_row_and_missing_vectors_are_0():
    vectors = keras.ops.convert_to_numpy(filled()(IDS))
    np.testing.assert_array_equal(vectors[0, 0], vectors[0, 1])
    assert (vectors[0, 0] != vectors[1, 0]).all()
    assert not vectors[0, 2:].any()


def test_training_drops_vectors():
    ids = np.full((1, 4000), 2, "int32")
    kept = keras.ops.convert_to_numpy(filled(rate=0.3, seed=1)(ids, training=True)).any(axis=-1).mean()
    assert 0.65 < kept < 0.75


@pytest.mark.extended
def test_frozen_vectors_are_not_trained():
    for frozen in [True, False]:
        model = tagger(frozen=frozen)
        model.word_vectors.assign(ROW_OF, TABLE)
        model.compile(keras.optimizers.SGD(1.0), "mse")
        model.train_on_batch(FEATURES, np.ones(model(FEATURES, training=True).shape, "float32"))
        table = keras.ops.convert_to_numpy(model.word_vectors.table)
        assert (table == TABLE).all() == frozen
        np.testing.assert_array_equal(model.word_vectors.row_of, ROW_OF)


def test_vectors_are_saved_with_the_tagger(tmp_path):
    model = tagger(frozen=True)
    model.word_vectors.assign(ROW_OF, TABLE)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(loaded(FEATURES), model(FEATURES))
    np.testing.assert_array_equal(loaded.word_vectors.table, TABLE)


def test_logits_of_an_unseen_word_depend_on_its_vector():
    model = tagger(frozen=True)
    model.word_vectors.assign(ROW_OF, TABLE)
    unseen = {**FEATURES, "word_ids": np.array([[1, 1, 1, 0]])}
    logits = keras.ops.convert_to_numpy(model(unseen))
    other = keras.ops.convert_to_numpy(model({**unseen, "vector_ids": np.array([[3, 2, 1, 0]])}))
    assert (logits[0, 0] != other[0, 0])[1:].all()


def test_vectors_are_optional():
    plain = tagger()
    assert plain.word_vectors is None
    with_vectors = tagger(frozen=True)
    assert len(with_vectors.weights) == len(plain.weights) + 3  # two tables and a projection


@pytest.mark.extended
def test_vectors_generalize_to_unseen_words():
    """Two kinds of artificial words differ only in their vectors."""
    for has_vectors in [True, False]:
        keras.utils.set_random_seed(0)
        words, dim = 200, 8
        rng = np.random.default_rng(0)
        kind = rng.integers(0, 2, words)
        table = np.zeros((words + 2, dim), "float32")
        table[2:] = 0.3 * (rng.normal(size=(2, dim))[kind] + 0.3 * rng.normal(size=(words, dim)))
        model = tagger(ids=words + 2, rows=words + 2, dim=dim)
        model.word_vectors.assign(np.arange(words + 2), table * has_vectors)
        tags = ["[PAD]", "O", "B-X", "B-Y", "I-Y"]
        model.compile(keras.optimizers.Adam(0.01), taggers.tagger_loss("cnn_linear", tags), jit_compile=False)
        seen, unseen = np.arange(words // 2), np.arange(words // 2, words)

        def features(numbers, word_ids, rng=rng):
            columns = rng.integers(1, 31, (len(numbers), 1, SUBWORD_COLUMNS))
            return {"word_ids": word_ids[:, None], "case_ids": np.ones_like(word_ids)[:, None],
                    "subword_ids": columns, "vector_ids": (numbers + 2)[:, None]}  # fmt: skip

        for _ in range(60):
            # A training word is unknown half of the time, as with word dropout.
            ids = np.where(rng.random(len(seen)) < 0.5, seen % 9 + 2, 1)
            model.train_on_batch(features(seen, ids), kind[seen][:, None] + 2)
        logits = keras.ops.convert_to_numpy(model(features(unseen, np.ones_like(unseen))))[:, 0]
        accuracy = (np.argmax(logits, -1) == kind[unseen] + 2).mean()
        assert (accuracy > 0.9) if has_vectors else (accuracy < 0.7), accuracy
