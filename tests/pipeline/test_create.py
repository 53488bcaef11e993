"""The wiring."""

from __future__ import annotations

import pytest

from configs.loading import load_config
from pipeline.create import create_pipeline
from pipeline.inputs import prepare_inputs


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    config = load_config(None, [f"work_dir={tmp_path_factory.mktemp('work')}"])
    return create_pipeline(config, prepare_inputs(config), "none")


def test_every_node_is_there_once(pipeline):
    assert sorted(node.id for node in pipeline.components) == [
        "ChampionSource", "CorpusExampleGen", "DataValidator", "DriftGate", "Evaluator", "Exporter", "ImportSchemaGen",
        "RegistryPusher", "StatisticsGen", "Trainer", "Transform",
    ]  # fmt: skip


def test_nothing_is_learned_from_data_that_was_not_checked(pipeline):
    nodes = {node.id: node for node in pipeline.components}
    assert nodes["DataValidator"] in nodes["Transform"].upstream_nodes
    assert nodes["DriftGate"] in nodes["Transform"].upstream_nodes
    assert nodes["Transform"] in nodes["Trainer"].upstream_nodes


def test_what_is_evaluated_and_pushed_is_the_exported_model(pipeline):
    nodes = {node.id: node for node in pipeline.components}
    exported = nodes["Exporter"].outputs["exported_model"]
    assert nodes["Evaluator"].inputs["model"] is exported
    assert nodes["RegistryPusher"].inputs["model"] is exported


def test_the_profile_of_the_data_is_registered_with_the_model(pipeline):
    nodes = {node.id: node for node in pipeline.components}
    assert nodes["RegistryPusher"].inputs["data_profile"] is nodes["DriftGate"].outputs["profile"]
    assert nodes["DriftGate"].inputs["champion"] is nodes["ChampionSource"].outputs["trained"]
