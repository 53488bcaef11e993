from __future__ import annotations

from tfx.types import standard_artifacts

from components.registry.champion_source.component import ChampionSource


def test_champion_source_declares_its_outputs_and_parameters():
    component = ChampionSource(registry_uri="sqlite:////data/mlflow.db", model_name="ner", version="3")
    assert {name: channel.type for name, channel in component.outputs.items()} == {
        "champion": standard_artifacts.Model,
        "trained": standard_artifacts.Model,
    }
    assert component.inputs == {}
    assert component.exec_properties == {
        "registry_uri": "sqlite:////data/mlflow.db",
        "model_name": "ner",
        "version": "3",
    }


def test_champion_source_asks_for_the_champion_by_default():
    assert ChampionSource(registry_uri="http://r", model_name="ner").exec_properties["version"] == "champion"
