"""The Exporter's executor: artifacts in, a validated model out, and what stops it."""

from __future__ import annotations

import json
import types as python_types

import pytest
import tensorflow as tf
from tfx import types
from tfx.types import artifact_utils, standard_artifacts

from components.common.hashing import tree_hash
from components.exporter.component import Exporter
from components.exporter.errors import ContractError
from components.exporter.executor import Executor
from components.exporter.saved_model.embedded_metadata import embedded_contract, embedded_manifest, embedded_provenance
from components.exporter.settings import ExportSettings
from components.exporter.validator import ExportInvalidError


@pytest.fixture
def run(trained, transformed, tmp_path):
    """Runs the executor on the tiny tagger; gives the folder of the artifact."""
    artifacts = python_types.SimpleNamespace(
        model=standard_artifacts.Model(),
        transform_graph=standard_artifacts.TransformGraph(),
        examples=standard_artifacts.Examples(),
    )
    artifacts.model.uri = str(tmp_path / "trained")
    trained.save(artifacts.model.uri)
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

    def do(name, settings=None, champion=None, **changes):
        settings = settings or ExportSettings("plain", {"source": "string"}, decoding="constrained")
        channels = [types.Channel(type=type(a)) for a in vars(artifacts).values()]
        properties = {**Exporter(*channels, settings=settings).exec_properties, **changes}
        exported = standard_artifacts.Model()
        exported.uri = str(tmp_path / name)
        inputs = {key: [value] for key, value in vars(artifacts).items()}
        if champion:
            inputs["champion"] = [standard_artifacts.Model()]
            inputs["champion"][0].uri = str(tmp_path / champion)
        Executor().Do(inputs, {"exported_model": [exported]}, properties)
        return tmp_path / name

    return do


def test_the_artifact_holds_model_contract_and_validation(run):
    folder = run("exported")
    saved_model = folder / "Format-Serving"
    report = json.loads((folder / "validation.json").read_text(encoding="utf-8"))
    assert report["passed"]
    assert report["tree_hash"] == tree_hash(saved_model)
    assert embedded_contract(saved_model).to_json() == (folder / "contract.json").read_text(encoding="utf-8")
    assert "saved_model.pb" in embedded_manifest(saved_model)
    assert set(embedded_provenance(saved_model)) == {"code", "corpus", "trained model", "transform graph"}


def test_a_change_that_breaks_callers_of_the_champion_is_refused_unless_allowed(run):
    run("champion")
    narrower = ExportSettings("keyed", {}, decoding="constrained")
    with pytest.raises(ContractError, match=r"signature feature_forward is gone.*allow_breaking_changes=true"):
        run("refused", narrower, "champion")
    run("allowed", narrower, "champion", allow_breaking_changes=1)
    run(
        "wider",
        ExportSettings("plain", {"source": "string", "tax": "int64"}, decoding="constrained"),
        "nothing there yet",
    )


def test_a_model_that_disagrees_with_the_training_graph_stops_here(run, monkeypatch):
    monkeypatch.setattr(
        "components.exporter.serving.golden.training_graph_tags",
        lambda trained, graph, sentences, decoding: [["B-NAME"] * 5, ["OUT"] * 4],
    )
    with pytest.raises(ExportInvalidError, match="golden"):
        run("wrong")
