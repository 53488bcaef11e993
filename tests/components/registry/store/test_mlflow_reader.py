from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from components.registry.store.mlflow_reader import MlflowReader
from components.registry.store.version_lookup import find_version


def _client_over_rest() -> SimpleNamespace:
    """An MLflow client as it is over REST, where numbers come as text."""

    class Page(list):
        token = None

    entry = SimpleNamespace(
        name="ner",
        version="12",
        tags={"tree_hash": "ab"},
        source="s3://b/1/model",
        run_id=None,
        creation_timestamp=1_700_000_000_000,
    )
    return SimpleNamespace(
        get_registered_model=lambda name: SimpleNamespace(aliases={"champion": "12", "best": "12"}),
        get_model_version=lambda name, version: {"12": entry}[version],
        search_model_versions=lambda query, max_results, page_token: Page(),
    )


@pytest.mark.parametrize("wanted", [12, "12", "champion"])
def test_mlflow_reader_has_whole_numbers_whatever_the_transport_gives(wanted):
    found = find_version(MlflowReader(_client_over_rest()), "ner", wanted)
    assert found.version == 12
    assert type(found.version) is int
    assert found.aliases == ("best", "champion")
    assert found.tree_hash == "ab"
    assert found.run_id == ""
    assert found.created == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_find_version_without_the_alias_is_none():
    assert find_version(MlflowReader(_client_over_rest()), "ner", "candidate") is None


def test_mlflow_reader_reads_past_one_page(registry, model_dir):
    registry.register(model_dir, "ner")
    with registry._store.client() as client:
        for _ in range(3):
            client.create_model_version("ner", "s3://bucket/model", run_id="x")
        search = client.search_model_versions
        client.search_model_versions = lambda query, max_results, page_token: search(query, 2, page_token=page_token)
        try:
            assert [version.version for version in MlflowReader(client).versions("ner")] == [1, 2, 3, 4]
        finally:
            del client.search_model_versions
