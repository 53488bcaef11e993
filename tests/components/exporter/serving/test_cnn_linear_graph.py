"""The cnn_linear tagger has the same logits in serving, alone and in a batch."""

from __future__ import annotations

import numpy as np
import pytest
from support.lazy import LazyModule

from components.transform.features import SUBWORD_COLUMNS

keras = LazyModule("keras")
tf = LazyModule("tensorflow")
cnn_linear_tagger = LazyModule("components.model.cnn_linear_tagger")

LENGTHS = (9, 0, 1, 4, 1)
SIZES = {
    "num_tags": 5, "vocab_size": 11, "num_cases": 7, "num_subwords": 31, "embed_dim": 8, "width": 12,
    "dilations": (1, 4), "input_dropout": 0.2, "dropout": 0.2, "word_dropout": 0.2, "subword_dropout": 0.2,
    "linear_weights": 5 << 8, "linear_members": 3, "linear_dropout": 0.2,
}  # fmt: skip
EXTRA = {
    "gazetteers": ["CITY", "TEAM"],
    "clusters": {"ids": 11, "columns": 2, "version": "c0de"},
    "vectors": {"ids": 11, "rows": 6, "dim": 3},
}


def features():
    """Returns random features of all tokens: int32 [tokens, ...]."""
    rng, count = np.random.default_rng(3), sum(LENGTHS)
    limits = {
        "word_ids": 11, "case_ids": 7, "gazetteer_CITY": 6, "gazetteer_TEAM": 6, "vector_ids": 11,
        "subword_ids": (31, SUBWORD_COLUMNS), "cluster_ids": (11, 2),
    }  # fmt: skip
    shapes = {name: limit if isinstance(limit, tuple) else (limit,) for name, limit in limits.items()}
    return {name: rng.integers(1, most, (count, *rest)).astype("int32") for name, (most, *rest) in shapes.items()}


def tagger(batch, **options):
    """Returns a tagger with random weights that owns some of the batch's features."""
    model = cnn_linear_tagger.CnnLinearTagger(**SIZES | options)
    model.build()
    rng = np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(size=variable.shape))
    columns = cnn_linear_tagger.columns({name: values[None] for name, values in batch.items()})
    hashes = keras.ops.convert_to_numpy(model.linear.hashes(columns)).reshape(-1)
    model.linear.choose_owners(*np.unique(hashes, return_counts=True))
    return model


def served(model, batch, lengths):
    graph, inputs = inputs_of(model, batch, lengths)
    return tf.function(lambda: graph(inputs))().numpy()


def inputs_of(model, batch, lengths):
    """Returns the graph and the arguments of its call."""
    from components.exporter.serving.cnn_linear_graph import CnnLinearGraph
    from components.text.token_positions import TokenPositions

    splits = np.cumsum([0, *lengths])
    ragged = {name: tf.RaggedTensor.from_row_splits(values, splits) for name, values in batch.items()}
    graph = CnnLinearGraph(model)
    return graph, graph.inputs(ragged, TokenPositions.of(tf.constant(splits, tf.int64)))


@pytest.mark.parametrize("options", [{}, EXTRA, {"linear_weights": 5 << 15}], ids=["plain", "all inputs", "many rows"])
def test_logits_are_those_of_the_tagger_for_each_sentence(options):
    batch = features()
    if not options:
        batch = {name: batch[name] for name in ("word_ids", "case_ids", "subword_ids")}
    model = tagger(batch, **options)
    ends = np.cumsum(LENGTHS)
    sentences = [
        {name: values[end - length : end] for name, values in batch.items()}
        for end, length in zip(ends, LENGTHS, strict=True)
        if length
    ]
    alone = [
        keras.ops.convert_to_numpy(model({name: ids[None] for name, ids in each.items()}))[0] for each in sentences
    ]
    together = served(model, batch, LENGTHS)
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(
        together.argmax(-1),
        np.concatenate([served(model, each, [len(each["word_ids"])]) for each in sentences]).argmax(-1),
    )


def test_a_part_with_its_context_has_the_logits_of_the_whole():
    batch = features()
    graph, inputs = inputs_of(tagger(batch, **EXTRA), batch, LENGTHS)
    whole, count = graph(inputs).numpy(), sum(LENGTHS)
    for begin in range(count):
        first, end = max(begin - graph.receptive_field, 0), begin + 1 + graph.receptive_field
        part = graph(graph.part(inputs, first, end)).numpy()
        np.testing.assert_allclose(part[begin - first], whole[begin], rtol=1e-4, atol=1e-4)
    alone = graph(graph.part(inputs, 2, 3)).numpy()  # without any context
    assert np.abs(alone[0] - whole[2]).max() > 0.01


@pytest.mark.parametrize("rows", [128 << 8, 255 << 8, 128 << 9])
def test_bits_distinguish_the_hashes_of_a_row(rows):
    from components.exporter.serving.cnn_linear_graph import distinct_bits
    from components.model.context_features import ContextFeatures

    layer = ContextFeatures(rows, 5)
    upper, lower = np.meshgrid(np.arange(1 << 16), np.arange(1 << 15 - layer.row_bits))
    hashes = tf.constant((upper << 16 | lower << layer.row_bits + 1 | 1).reshape(-1), tf.uint32)
    bits = distinct_bits(hashes, layer.row_bits).numpy()
    assert bits.dtype == np.int16
    pairs = layer.rows_of(hashes).numpy().astype(np.int64) << 16 | bits.view(np.uint16)
    assert len(np.unique(pairs)) == len(pairs)


def test_a_batch_may_have_no_tokens():
    batch = features()
    assert served(tagger(batch), {name: values[:0] for name, values in batch.items()}, [0, 0]).shape == (0, 5)
