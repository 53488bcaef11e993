from __future__ import annotations

import getpass

import pytest

from components.registry.champions.champion_changes import settle_aliases
from components.registry.errors import RegistryError
from components.registry.origin import acting_user
from components.registry.store.mlflow_store import MlflowStore


@pytest.mark.extended
def test_acting_user_is_a_user_at_a_machine(monkeypatch):
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    assert acting_user().startswith("ada@")


@pytest.mark.extended
def test_acting_user_of_a_container_without_user_names(monkeypatch):
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr(getpass, "getuser", nobody)
    monkeypatch.setattr("os.getuid", lambda: 1234)
    assert acting_user().startswith("uid 1234@")


def test_settle_aliases_corrects_a_concurrent_change(three_champions):
    """On a server a slower writer may move an alias back; the last writer corrects it."""
    store = MlflowStore(three_champions.uri)
    with store.client() as client, store.reader() as reader:
        client.set_registered_model_alias("ner", "champion", "1")
        set_alias, calls = client.set_registered_model_alias, []

        def set_and_lose(name, alias, version):
            set_alias(name, alias, version)
            calls.append(version)
            if len(calls) == 1:
                set_alias(name, alias, "2")

        client.set_registered_model_alias = set_and_lose
        try:
            settle_aliases(client, reader, "ner")
        finally:
            del client.set_registered_model_alias
    assert calls == ["3", "3"]
    assert three_champions.champions("ner").moved_aliases() == {}


@pytest.mark.extended
def test_settle_aliases_gives_up_if_aliases_keep_changing(three_champions):
    store = MlflowStore(three_champions.uri)
    with store.client() as client, store.reader() as reader:
        client.set_registered_model_alias("ner", "champion", "1")
        client.set_registered_model_alias = lambda *_: None
        try:
            with pytest.raises(RegistryError, match="aliases keep changing"):
                settle_aliases(client, reader, "ner")
        finally:
            del client.set_registered_model_alias
