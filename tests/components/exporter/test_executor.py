"""Component and executor of the Exporter: artifacts in, a validated model out, and errors."""

from __future__ import annotations

import json
import types as python_types

import pytest
from support.settings import exporter_settings

from components.common.errors import NerError
from components.common.hashing import tree_hash
from components.exporter import ContractError, ExportInvalidError
from components.exporter.saved_model.embedded_metadata import (
    embedded_contract,
    embedded_golden,
    embedded_manifest,
    embedded_provenance,
)

# Artifacts hardly depend on the tagger: one is enough.
pytestmark = pytest.mark.parametrize("settings", ["cnn_linear"], indirect=True, scope="session")


@pytest.fixture
def run(trained, transformed, tmp_path):
    """Function that runs the executor on the tiny tagger and returns the folder of the artifact."""
    import tensorflow as tf
    from tfx import types
    from tfx.types import artifact_utils, standard_artifacts

    from components.exporter.component import Exporter
    from components.exporter.executor import Executor

    artifacts = python_types.SimpleNamespace(
        trained_model=standard_artifacts.Model(),
        transform_graph=standard_artifacts.TransformGraph(),
        examples=standard_artifacts.Examples(),
    )
    artifacts.trained_model.uri = str(tmp_path / "trained")
    trained.save(artifacts.trained_model.uri)
    (tmp_path / "trained" / "trainer_settings.json").write_text('{"settings": {}, "searched": []}')
    artifacts.transform_graph.uri = transformed.graph
    artifacts.examples.uri = str(tmp_path / "examples")
    artifacts.examples.split_names = artifact_utils.encode_split_names(["train", "eval"])
    (tmp_path / "examples" / "Split-eval").mkdir(parents=True)
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(tmp_path / "examples" / "Split-eval" / "data.gz"), options) as writer:
        for sentence in ("Joe Biden visited Paris France", "Élysée , Kyiv Ukraine"):
            feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[sentence.encode()]))
            writer.write(
                tf.train.Example(features=tf.train.Features(feature={"sentence": feature})).SerializeToString()
            )

    def do(name, champion=None, **changes):
        settings = exporter_settings(**{"forward": {"source": "string"}, "decoding": "constrained", **changes})
        channels = {key: types.Channel(type=type(artifact)) for key, artifact in vars(artifacts).items()}
        properties = Exporter(**channels, settings=settings).exec_properties
        exported = standard_artifacts.Model()
        exported.uri = str(tmp_path / name)
        inputs = {key: [value] for key, value in vars(artifacts).items()}
        if champion:
            inputs["champion_model"] = [standard_artifacts.Model()]
            inputs["champion_model"][0].uri = str(tmp_path / champion)
        Executor().Do(inputs, {"exported_model": [exported]}, properties)
        return tmp_path / name

    return do


def test_the_artifact_holds_model_contract_and_validation(run):
    folder = run("exported")
    saved_model = folder / "Format-Serving"
    report = json.loads((folder / "validation.json").read_text(encoding="utf-8"))
    assert report["passed"]
    assert json.loads((folder / "trained_model.json").read_text())["history"], "the Reporter needs no other artifact"
    assert report["tree_hash"] == tree_hash(saved_model)
    golden = embedded_golden(saved_model)
    assert [(case["signature"], case["rows"]) for case in golden] == [("serving_default", 1), ("serving_default", 8)]
    assert "Élysée" not in str(golden), "a model carries no sentence of its corpus"
    assert embedded_contract(saved_model).to_json() == (folder / "contract.json").read_text(encoding="utf-8")
    assert "saved_model.pb" in embedded_manifest(saved_model)
    assert set(embedded_provenance(saved_model)) == {"code", "corpus", "trained model", "transform graph"}


@pytest.mark.extended
def test_a_change_that_breaks_callers_of_the_champion_is_refused_unless_allowed(run):
    run("champion")
    with pytest.raises(ContractError, match=r"(?s)signature feature_forward is gone.*allow_breaking_changes=true"):
        run("refused", "champion", default="keyed", forward={})
    run("allowed", "champion", default="keyed", forward={}, allow_breaking_changes=True)
    run("wider", "no champion yet", forward={"source": "string", "tax": "int64"})


@pytest.mark.extended
def test_a_model_that_disagrees_with_the_training_graph_stops_here(run, monkeypatch):
    monkeypatch.setattr(
        "components.exporter.serving.golden.training_graph_tags",
        lambda *args, **options: [["B-NAME"] * 5, ["OUT"] * 4],
    )
    with pytest.raises(ExportInvalidError, match="golden"):
        run("wrong")


@pytest.mark.extended
def test_a_signature_in_an_unknown_module_is_refused_before_the_run(run):
    with pytest.raises(NerError, match=r"exporter\.signatures\.mine: there is no module absent"):
        run("never", signatures={"mine": "absent:function"})
