"""Reader of transformed examples."""

from __future__ import annotations

import numpy as np
import pytest

from components.transform.features import MODEL_FEATURES, SUBWORD_COLUMNS, SUBWORD_IDS, TAG_IDS


@pytest.fixture(scope="module")
def spec(transformed):
    import tensorflow_transform as tft

    return tft.TFTransformOutput(transformed.graph).transformed_feature_spec()


def read(transformed, spec, size, context=0):
    from components.text.windows import Windows
    from components.trainer.data.dataset import read_windows

    chunks = list(read_windows(transformed.files, spec, Windows(size, context)))
    lengths = np.concatenate([lengths for lengths, _ in chunks])
    return lengths, {name: np.concatenate([columns[name] for _, columns in chunks]) for name in chunks[0][1]}


def test_every_token_is_read_once_when_sentences_fit(transformed, spec):
    lengths, columns = read(transformed, spec, 16)
    assert len(lengths) == 300
    assert {*MODEL_FEATURES, TAG_IDS} <= set(columns)
    assert {len(values) for values in columns.values()} == {lengths.sum()}
    assert columns[SUBWORD_IDS].shape[1:] == (SUBWORD_COLUMNS,)
    assert (columns[TAG_IDS] > 0).all()


def test_long_sentences_become_several_windows_without_loss(transformed, spec):
    whole, columns = read(transformed, spec, 16)
    cut, cut_columns = read(transformed, spec, 3)
    assert cut.max() <= 3
    assert cut.sum() == whole.sum()
    for name, values in columns.items():
        np.testing.assert_array_equal(cut_columns[name], values)


def test_windows_overlap_by_twice_the_context(transformed, spec):
    alone, _ = read(transformed, spec, 3, 0)
    overlapping, _ = read(transformed, spec, 3, 1)
    assert overlapping.sum() > alone.sum()
