from __future__ import annotations

from support.lazy import LazyModule

component = LazyModule("components.registry.champion_source.component")
standard_artifacts = LazyModule("tfx.types.standard_artifacts")


def test_champion_source_declares_its_outputs_and_parameters():
    source = component.ChampionSource(registry_uri="sqlite:////data/mlflow.db", model_name="ner")
    assert {name: channel.type for name, channel in source.outputs.items()} == {
        "champion_model": standard_artifacts.Model,
        "champion_trained_model": standard_artifacts.Model,
    }
    assert source.inputs == {}
    assert source.exec_properties == {
        "registry_uri": "sqlite:////data/mlflow.db",
        "model_name": "ner",
        "version": "champion",
        "content": "",
        "code_version": "",
    }
