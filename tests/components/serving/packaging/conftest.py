"""A tiny exported tagger with its contract, and requests to a packaged model."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from support.lazy import LazyModule
from support.settings import exporter_settings

from components.exporter.saved_model.embedded_metadata import embed_metadata
from components.exporter.validator.probe.c_api import numpy_dtype
from components.exporter.validator.probe.saved_graph import SavedGraph
from components.exporter.validator.probe.served_model import ServedModel
from components.exporter.validator.probe.values import from_json
from components.serving import SavedModelTagger

exporter = LazyModule("components.exporter")


@pytest.fixture(scope="session")
def exported(trained, transformed, tmp_path_factory):
    """Function from the default signature, `plain` or `keyed`, to the folder of an export."""

    @functools.cache
    def make(default):
        folder = tmp_path_factory.mktemp(default) / "model"
        settings = exporter_settings(default=default, forward={"source": "string"})
        embed_metadata(folder, exporter.export(trained, transformed.graph, str(folder), settings))
        return folder

    return make


@pytest.fixture(scope="session")
def tags_as_before(exported):
    """Function that asserts that a model gives the same tags as the original."""
    sentences = ["Justin Trudeau went to New Delhi India", "", "Joe Biden visited Paris France 😳"]
    expected = SavedModelTagger(exported("plain")).tag(sentences)
    assert expected[0].tags == ("B-NAME", "I-NAME", "OUT", "OUT", "B-LOCATION", "I-LOCATION", "I-LOCATION")

    def check(folder):
        assert SavedModelTagger(folder).tag(sentences) == expected

    return check


@pytest.fixture(scope="session")
def ask():
    """Function that sends the body of a REST request, or a `PredictRequest`, to a model and returns outputs by name."""

    def send(folder, request):
        graph, model = SavedGraph(folder), ServedModel(str(folder))
        if isinstance(request, dict):
            name = request["signature_name"]
            rows = request["instances"]
            columns = {key: [row[key] for row in rows] for key in rows[0]}
            inputs = {
                key: from_json(value, numpy_dtype(graph.inputs(name)[key].number)) for key, value in columns.items()
            }
        else:
            import tensorflow as tf

            name = request.model_spec.signature_name
            inputs = {key: np.asarray(tf.make_ndarray(tensor)) for key, tensor in request.inputs.items()}
        assert set(inputs) == set(graph.inputs(name))
        outputs = graph.outputs(name)
        values = model.run(
            {graph.inputs(name)[key].tensor: value for key, value in inputs.items()},
            [info.tensor for info in outputs.values()],
        )
        return dict(zip(outputs, values, strict=True))

    return send
