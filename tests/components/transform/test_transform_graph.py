"""Partial evaluation of a transform graph."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule

from components.transform.features import SENTENCE, TAG_IDS, TOKENS

tf = LazyModule("tensorflow")
SENTENCES = ["Joe Biden visited (Kyiv)", "", "in New Delhi"]


@pytest.fixture(scope="module")
def graph(transformed):
    from components.transform.transform_graph import TransformGraph

    return TransformGraph(transformed.graph)


def traced(function):
    """Returns the function's answer and its operations."""
    concrete = tf.function(function).get_concrete_function(tf.TensorSpec([None], tf.string))
    return concrete(tf.constant(SENTENCES)), concrete.graph.get_operations()


def test_a_part_gives_the_same_values_as_the_whole(graph):
    names = graph.names() - {TAG_IDS}
    part, _ = traced(lambda sentences: graph.only(names, {SENTENCE: sentences[:, None]}))
    whole, _ = traced(lambda sentences: graph({SENTENCE: sentences[:, None]}))
    assert set(part) == names
    for name, value in part.items():
        assert type(value) is type(whole[name])
        if isinstance(value, tf.RaggedTensor):
            assert value.to_list() == whole[name].to_list()


def test_other_features_are_not_computed(graph):
    _, few = traced(lambda sentences: graph.only({TOKENS}, {SENTENCE: sentences[:, None]}))
    _, many = traced(lambda sentences: graph.only(graph.names() - {TAG_IDS}, {SENTENCE: sentences[:, None]}))
    assert not any("LookupTable" in operation.type for operation in few)
    assert any("LookupTable" in operation.type for operation in many)
    assert not any("PartitionedCall" in operation.type for operation in few)
