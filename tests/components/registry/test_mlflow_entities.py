from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from components.registry.errors import RegistryError
from components.registry.mlflow_entities import find_version, version_tags


def _client_over_rest() -> SimpleNamespace:
    """An MLflow client as it is over REST, where numbers come as text."""
    entry = SimpleNamespace(
        name="ner",
        version="12",
        tags={"tree_hash": "ab"},
        source="s3://b/1/model",
        creation_timestamp=1_700_000_000_000,
    )
    return SimpleNamespace(
        get_registered_model=lambda name: SimpleNamespace(aliases={"champion": "12", "previous": "3", "best": "12"}),
        get_model_version=lambda name, version: {"12": entry}[version],
    )


@pytest.mark.parametrize("wanted", [12, "12", "champion"])
def test_find_version_has_whole_numbers_whatever_the_transport_gives(wanted):
    found = find_version(_client_over_rest(), "ner", wanted)
    assert found.version == 12
    assert type(found.version) is int
    assert found.aliases == ("best", "champion")
    assert found.tree_hash == "ab"
    assert found.created == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_find_version_without_the_alias_is_none():
    assert find_version(_client_over_rest(), "ner", "candidate") is None


def test_version_tags_hold_metrics_exactly():
    tags = version_tags({"run_fingerprint": "r"}, {"entity_f1": 1 / 3}, "digest")
    assert tags == {"run_fingerprint": "r", "metric.entity_f1": repr(1 / 3), "tree_hash": "digest"}


@pytest.mark.parametrize(
    ("tags", "metrics", "message"),
    [
        ({"tree_hash": "x"}, {}, "tag 'tree_hash': the registry writes"),
        ({"replaces": "1"}, {}, "tag 'replaces': the registry writes"),
        ({"metric.f1": "1"}, {}, "tag 'metric.f1': the registry writes"),
        ({"long": "x" * 100_001}, {}, "tag 'long': 100001 characters"),
        ({}, {"f1": float("nan")}, "metric 'f1': nan"),
    ],
)
def test_version_tags_refuse(tags, metrics, message):
    with pytest.raises(RegistryError, match=message):
        version_tags(tags, metrics, "digest")
