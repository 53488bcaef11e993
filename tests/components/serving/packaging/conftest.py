"""A tiny exported tagger with its contract, as the pipeline pushes one, and how to ask a packaged model."""

from __future__ import annotations

import types

import numpy as np
import pytest

from components.exporter.contract.contract import build_contract
from components.exporter.saved_model.embedded_metadata import embed_metadata
from components.exporter.saved_model.exporting import export
from components.exporter.saved_model.scrub import scrub_build_paths
from components.exporter.settings import ExportSettings
from components.exporter.validator.probe.c_api import numpy_dtype
from components.exporter.validator.probe.json_values import from_json
from components.exporter.validator.probe.saved_graph import SavedGraph
from components.exporter.validator.probe.served_model import ServedModel
from components.serving.saved_model_tagger import SavedModelTagger


@pytest.fixture(scope="session")
def exported(trained, transformed, tmp_path_factory):
    """Folders of the same tagger: `plain` and `keyed`, after the signature that is the default."""
    made = {}
    for default in ("plain", "keyed"):
        settings = ExportSettings(default, {"source": "string"})
        folder = tmp_path_factory.mktemp(default) / "model"
        export(trained, transformed.graph, str(folder), settings)
        scrub_build_paths(folder)
        embed_metadata(folder, build_contract(settings))
        made[default] = folder
    return types.SimpleNamespace(**made)


@pytest.fixture(scope="session")
def tags_as_before(exported):
    """Asserts that a model tags as the one that was packaged."""
    sentences = ["Justin Trudeau went to New Delhi India", "", "Joe Biden visited Paris France 😳"]
    wanted = SavedModelTagger(exported.plain).tag(sentences)
    assert wanted[0].tags == ("B-NAME", "I-NAME", "OUT", "OUT", "B-LOCATION", "I-LOCATION", "I-LOCATION")

    def check(folder):
        assert SavedModelTagger(folder).tag(sentences) == wanted

    return check


@pytest.fixture(scope="session")
def ask():
    """Sends the body of a REST request, or a `PredictRequest`, to a model; returns outputs by name."""

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


def pytest_collection_modifyitems(items):
    """What a layout does to a model hardly depends on the tagger in it: one is enough for the default run."""
    for item in items:
        if "packaging" in item.path.parts and "transformer" in item.name:
            item.add_marker(pytest.mark.slow)
