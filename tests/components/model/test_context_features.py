"""The linear expert, compared with hashes and sums computed feature by feature."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from support.lazy import LazyModule

from components.model.feature_templates import GAZETTEER_TEMPLATES, TEMPLATES, reach

keras = LazyModule("keras")
ops = LazyModule("keras.ops")
context_features = LazyModule("components.model.context_features")

COLUMNS = 12
LARGEST = (1 << 32) - 1


def bits():
    """Returns the random bits of the hash function: ints [slots of the longest template + 1, templates]."""
    slots = max(len(template) for template in TEMPLATES)
    raw = [int(word) & LARGEST for word in np.random.PCG64(20170907).random_raw((slots + 1) * len(TEMPLATES))]
    return [raw[begin : begin + len(TEMPLATES)] for begin in range(0, len(raw), len(TEMPLATES))]


def expected_hash(number, sentence, token):
    """Computes the hash of one template at a token with Python integers, reduced to 32 bits."""
    *factors, salts = bits()
    mixed = salts[number]
    for slot, (column, distance) in enumerate(TEMPLATES[number]):
        inside = 0 <= token + distance < len(sentence)
        value = int(sentence[token + distance][column]) if inside else 0
        mixed += value * (factors[slot][number] | 1)
    mixed &= LARGEST
    mixed = ((mixed ^ (mixed >> 15)) * 0x2C1B3C6D) & LARGEST
    mixed = ((mixed ^ (mixed >> 12)) * 0x297A2D39) & LARGEST
    return (mixed ^ (mixed >> 15)) | 1


def sentences(shape=(2, 6), seed=0, largest=1 << 15):
    return np.random.default_rng(seed).integers(1, largest, (*shape, COLUMNS)).astype("int32")


def built(rows=64, width=5, **options):
    """Builds a layer with random weights whose rows belong to features of `sentences()`."""
    layer = context_features.ContextFeatures(rows, width, **options)
    layer.build()
    hashes, counts = np.unique(numpy_hashes(layer, sentences()), return_counts=True)
    layer.choose_owners(hashes, counts)
    layer.table.embeddings.assign(np.random.default_rng(1).normal(size=layer.table.embeddings.shape))
    return layer


def numpy_hashes(layer, columns):
    return ops.convert_to_numpy(layer.hashes(columns))


def row_of(layer, feature):
    per_part = layer.rows // layer.parts
    return (int(feature) >> 16) * layer.parts // (1 << 16) * per_part + (int(feature) >> 1) % per_part


def sums(layer, columns, table):
    """Sums the owned rows of the features of each token: float [batch, tokens, width]."""
    owners = ops.convert_to_numpy(layer.owners)
    hashes = numpy_hashes(layer, columns)
    total = np.zeros((*hashes.shape[:2], table.shape[-1]))
    for index in np.ndindex(*hashes.shape):
        row = row_of(layer, hashes[index])
        if owners[row] == hashes[index]:
            total[index[:2]] += table[row]
    return total


def test_the_layer_saves_loads_and_trains(check_layer):
    for members in [1, 3]:
        layer = check_layer(
            lambda members=members, **kw: built(members=members, rate=0.5, seed=1, **kw), sentences(), (2, 6, 5)
        )
        assert ops.convert_to_numpy(layer(sentences())).any()


def test_hashes_agree_with_python_integers():
    for largest in [5, 1 << 15, (1 << 31) - 1]:
        for dtype in ["int32", "int64"]:
            columns = sentences((2, 5), largest=largest).astype(dtype)
            hashes = numpy_hashes(context_features.ContextFeatures(8, 3), columns)
            assert (hashes.shape, hashes.dtype) == ((2, 5, len(TEMPLATES)), np.uint32)
            for batch, token, number in np.ndindex(*hashes.shape):
                assert hashes[batch, token, number] == expected_hash(number, columns[batch], token)


def test_hashes_never_change_because_saved_models_contain_them():
    [hashes] = numpy_hashes(context_features.ContextFeatures(8, 3), np.arange(3 * COLUMNS).reshape(1, 3, COLUMNS))
    assert hashes[1, [0, 8, -1]].tolist() == [820062255, 3411290133, 3278090903]


def test_hashes_are_distinct_and_uniform_over_the_rows():
    for rows in [1 << 8, 300, 200]:
        layer = context_features.ContextFeatures(rows, 3)
        words = np.zeros((1000, 1, COLUMNS), "int32")
        words[:, 0] = np.arange(1, 1001)[:, None]  # equal columns: only the templates differ
        # Templates that read neighbours are excluded: the neighbours are all padding.
        inside = [number for number, template in enumerate(TEMPLATES) if all(at == 0 for _, at in template)]
        hashes = numpy_hashes(layer, words)[:, 0, inside]
        assert len(np.unique(hashes)) > 0.999 * hashes.size
        rows = ops.convert_to_numpy(layer.rows_of(ops.convert_to_tensor(hashes))).reshape(-1)
        counts = np.bincount(rows, minlength=layer.rows)
        assert len(counts) == layer.rows
        chi_square = ((counts - counts.mean()) ** 2 / counts.mean()).sum()
        assert chi_square < layer.rows - 1 + 5 * (2 * (layer.rows - 1)) ** 0.5


@pytest.mark.extended
def test_a_table_without_rows_is_rejected():
    for rows in [0, -4]:
        with pytest.raises(ValueError, match=f"1 or more, got {rows}"):
            context_features.ContextFeatures(rows, 3)


@pytest.mark.extended
def test_number_of_rows_is_close_to_the_maximum():
    for rows in [1, 7, 255, 256, 57_894, 275_000, 2_200_000]:
        layer = context_features.ContextFeatures(rows, 3)
        assert rows * 127 / 128 <= layer.rows <= rows
        assert context_features.ContextFeatures.from_config(layer.get_config()).rows == layer.rows
        largest = np.array([LARGEST, 1], np.uint32)
        assert ops.convert_to_numpy(layer.rows_of(ops.convert_to_tensor(largest))).tolist() == [layer.rows - 1, 0]


def test_missing_columns_are_rejected():
    with pytest.raises(ValueError, match=f"read {COLUMNS} columns of a token, got 5"):
        context_features.ContextFeatures(8, 3).hashes(np.ones((1, 2, 5), "int32"))


@pytest.mark.extended
def test_further_columns_are_ignored():
    layer, columns = context_features.ContextFeatures(8, 3), sentences()
    more = np.concatenate([columns, columns[..., :2]], -1)
    np.testing.assert_array_equal(numpy_hashes(layer, more), numpy_hashes(layer, columns))


def test_a_row_belongs_to_its_most_frequent_feature():
    rng = np.random.default_rng(0)
    layer = context_features.ContextFeatures(16, 3)
    layer.build()
    hashes = np.unique(rng.integers(0, 1 << 32, 200, dtype=np.uint32) | np.uint32(1))
    counts = rng.integers(2, 9, len(hashes))  # with ties
    layer.choose_owners(hashes, counts)
    owners = ops.convert_to_numpy(layer.owners)
    for row in range(16):
        counted = {int(feature): int(count) for feature, count in zip(hashes, counts, strict=True)
                   if row_of(layer, feature) == row}  # fmt: skip
        assert counted[int(owners[row])] == max(counted.values())
    order = rng.permutation(len(hashes))
    layer.choose_owners(hashes[order], counts[order])
    np.testing.assert_array_equal(ops.convert_to_numpy(layer.owners), owners)


@pytest.mark.extended
def test_choose_owners_replaces_all_owners():
    layer = built()
    layer.choose_owners(np.empty(0, np.uint32), np.empty(0, np.int64))
    assert not ops.convert_to_numpy(layer.owners).any()
    assert not ops.convert_to_numpy(layer(sentences())).any()


def test_output_is_the_sum_over_owned_rows():
    for members in [1, 4]:
        layer = built(members=members)
        table = ops.convert_to_numpy(layer.table.embeddings).reshape(64, members, 5).mean(1)
        expected = sums(layer, sentences(), table)
        assert expected.any(-1).all()
        np.testing.assert_allclose(layer(sentences()), expected, atol=1e-5)


def test_a_feature_without_a_row_is_ignored():
    layer = built()
    others = sentences(seed=5) + (1 << 15)  # only features at both ends, which read padding, have rows
    owners = set(ops.convert_to_numpy(layer.owners).tolist())
    known = np.isin(numpy_hashes(layer, others), list(owners))
    assert not known[:, reach() : -reach()].any()
    assert not ops.convert_to_numpy(layer(others))[:, reach() : -reach()].any()


def test_in_training_each_member_uses_a_subset_of_the_templates():
    layer = built(members=3)
    together = ops.convert_to_numpy(layer(sentences(), training=True))
    assert together.shape == (3, 2, 6, 5)
    table = ops.convert_to_numpy(layer.table.embeddings).reshape(64, 3, 5)
    whole = np.stack([sums(layer, sentences(), table[:, member]) for member in range(3)])
    assert not np.allclose(together, whole, atol=1e-3)  # other members have the remaining templates
    alone = ops.convert_to_numpy(built(members=1)(sentences(), training=True))
    np.testing.assert_allclose(alone[0], built(members=1)(sentences()), atol=1e-6)


def test_templates_are_distributed_over_members():
    for members in [2, 3, 5]:
        owned = context_features.member_templates(members)
        assert owned.shape == (len(TEMPLATES), members)
        assert owned.any(axis=1).all()
        assert (~owned.all(axis=1)).mean() > 0.3
        assert len({tuple(column) for column in owned.T}) == members


def test_folded_table_equals_the_mean_of_trained_members():
    for members in [1, 3]:
        layer = context_features.ContextFeatures(64, 5, members, 0.3, seed=0)
        layer.build()
        hashes, counts = np.unique(numpy_hashes(layer, sentences()), return_counts=True)
        layer.choose_owners(hashes, counts)
        train(layer, sentences())
        one = context_features.ContextFeatures(64, 5)
        one.build()
        one.owners.assign(layer.owners)
        one.table.embeddings.assign(layer.folded())
        assert ops.convert_to_numpy(one(sentences())).any(-1).all()
        np.testing.assert_allclose(one(sentences()), layer(sentences()), atol=1e-5)


def train(layer, columns):
    """Trains some steps with ones as the target."""
    import tensorflow as tf

    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = ops.sum((layer(columns, training=True) - 1) ** 2)
        [gradient] = tape.gradient(loss, [layer.table.embeddings.value])
        layer.table.embeddings.assign_sub(0.1 * tf.convert_to_tensor(gradient))


def test_only_owned_rows_are_trained():
    layer = built()
    owners = ops.convert_to_numpy(layer.owners).copy()
    owners[::2] = 0
    layer.owners.assign(owners)
    before = ops.convert_to_numpy(layer.table.embeddings).copy()
    train(layer, sentences())
    changed = (ops.convert_to_numpy(layer.table.embeddings) != before).any(-1)
    assert not changed[owners == 0].any()
    assert changed[owners != 0].all()


@pytest.mark.extended
def test_dropout_drops_features_in_training_only_and_scales_the_others():
    for rate in [0.25, 0.5]:
        layer = context_features.ContextFeatures(8, 1, rate=rate, seed=3)
        layer.build()
        words = sentences((1, 1)).repeat(4000, axis=0)
        feature = numpy_hashes(layer, words)[0, 0, 0]
        layer.choose_owners(np.array([feature], np.uint32), np.array([2]))
        layer.table.embeddings.assign(np.ones((8, 1)))
        assert (ops.convert_to_numpy(layer(words)) == 1).all()
        values = ops.convert_to_numpy(layer(words, training=True)).reshape(-1)
        assert set(np.round(values, 4)) == {0, np.round(np.float32(1 / (1 - rate)), 4)}
        assert values.mean() == pytest.approx(1, abs=0.06)
        again = ops.convert_to_numpy(layer(words, training=True)).reshape(-1)
        assert (values != again).any()


def test_sentences_in_one_row_with_padding_are_independent():
    for members in [1, 3]:
        layer, (one, other) = built(members=members), sentences()
        padding = np.zeros((reach(), COLUMNS), "int32")
        [together] = ops.convert_to_numpy(layer(np.concatenate([one, padding, other, padding])[None]))
        alone = ops.convert_to_numpy(layer(sentences()))
        np.testing.assert_allclose(together[:6], alone[0], atol=1e-6)
        np.testing.assert_allclose(together[6 + reach() : 12 + reach()], alone[1], atol=1e-6)
        nearer = np.concatenate([one, padding[1:], other])[None]
        assert (numpy_hashes(layer, nearer)[0, 5] != numpy_hashes(layer, sentences())[0, 5]).any()


@pytest.mark.extended
def test_batches_may_be_empty_or_of_padding_only():
    for shape in [(0, 4), (2, 0), (1, 1), (3, 1)]:
        for training in [False, True]:
            layer = built(members=2, rate=0.5)
            output = ops.convert_to_numpy(layer(np.zeros((*shape, COLUMNS), "int32"), training=training))
            assert output.shape == ((2, *shape, 5) if training else (*shape, 5))
            assert np.isfinite(output).all()


@pytest.mark.extended
def test_graphs_of_unknown_shapes_and_compiled_ones_are_equivalent():
    for training in [False, True]:
        for shape in [(2, 6, COLUMNS), (None, None, COLUMNS), (None, None, None)]:
            import tensorflow as tf

            layer = built(members=3)
            graph = tf.function(
                functools.partial(layer, training=training),
                input_signature=[tf.TensorSpec(shape, tf.int32)],
                autograph=False,
                jit_compile=None not in shape,
            )
            np.testing.assert_allclose(graph(sentences()), layer(sentences(), training=training), atol=1e-5)


@pytest.mark.extended
def test_mixed_precision_is_close_to_float32():
    for training in [False, True]:
        layer, low = built(members=3), built(members=3, dtype="mixed_bfloat16")
        answer = ops.cast(low(sentences(), training=training), "float32")
        np.testing.assert_allclose(answer, layer(sentences(), training=training), atol=0.3)
        assert keras.backend.standardize_dtype(low.table.embeddings.dtype) == "float32"


def test_a_saved_layer_keeps_owners_beyond_31_bits(tmp_path):
    layer = built(rows=1 << 12)
    assert (ops.convert_to_numpy(layer.owners) > (1 << 31)).any()
    ids = keras.Input((6, COLUMNS), dtype="int32")
    keras.Model(ids, layer(ids)).save(tmp_path / "layer.keras")
    loaded = keras.saving.load_model(tmp_path / "layer.keras").layers[-1]
    np.testing.assert_array_equal(loaded.owners, layer.owners)


def test_gazetteers_add_features_whose_hashes_depend_on_their_type_only():
    layers = [context_features.ContextFeatures(64, 5, gazetteers=types) for types in ([], ["CITY"], ["A", "CITY"])]
    plain, one, two = sentences(), *(sentences((2, 6), count, 6)[..., :count] for count in (1, 2))
    none, city, both = (
        numpy_hashes(layer, np.concatenate([plain, codes], -1))
        for layer, codes in zip(layers, (one[..., :0], one, np.concatenate([two[..., :1], one], -1)), strict=True)
    )
    count = len(TEMPLATES)
    np.testing.assert_array_equal(city[..., :count], none)
    np.testing.assert_array_equal(both[..., :count], none)
    own = len(GAZETTEER_TEMPLATES)
    np.testing.assert_array_equal(both[..., count + own :], city[..., count:])
    assert city.shape[-1] == count + own
    assert len({*both[0, 0].tolist()}) == count + 2 * own


def test_gazetteers_contract(check_layer):
    columns = np.concatenate([sentences(), sentences(seed=2, largest=6)[..., :2]], -1)

    def make(**kwargs):
        layer = context_features.ContextFeatures(64, 5, gazetteers=["A", "B"], **kwargs)
        layer.build()
        layer.choose_owners(*np.unique(numpy_hashes(layer, columns), return_counts=True))
        return layer

    check_layer(make, columns, (2, 6, 5))
    with pytest.raises(ValueError, match="read 14 columns of a token, got 13"):
        context_features.ContextFeatures(64, 5, gazetteers=["A", "B"]).hashes(columns[..., :13])
