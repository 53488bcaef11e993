"""Both readers return the same versions. The sqlite reader reads MLflow's own tables: see docs/decisions/0008."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.processes import popen, run
from support.repository import python_environment
from support.snapshot import snapshot

from components.registry.champions.lookup import find_version
from components.registry.errors import RegistryError
from components.registry.model_registry import ModelRegistry
from components.registry.store.mlflow_store import MlflowStore
from components.registry.store.readers import MLFLOW_SCHEMAS, MlflowReader, SqliteReader


@pytest.fixture
def readers(three_champions, register):
    """Both readers of a registry with tags, aliases, a deleted version, and another model."""
    register("candidate")
    register("gone")
    register("é'\n", name="other-model")
    three_champions.set_alias("ner", "candidate", 4)
    with three_champions.client() as client:
        client.delete_model_version("ner", "5")
        client.set_model_version_tag("ner", "2", "note", "é'\n\u2028")
        client.create_model_version("ner", "s3://bucket/model")  # without a run, as other programs may register
        yield SqliteReader(three_champions.database), MlflowReader(client)


def test_both_readers_return_the_same_versions_and_aliases(readers):
    sqlite, mlflow = readers
    for name in ("ner", "ner.history", "other-model", "absent"):
        assert sqlite.aliases(name) == mlflow.aliases(name)
        assert sqlite.versions(name) == mlflow.versions(name)
        for number in range(8):
            assert sqlite.version(name, number) == mlflow.version(name, number)
    for name in ("ner", "Default", "absent"):
        assert sqlite.experiment(name) == mlflow.experiment(name)
        assert sorted(sqlite.names()) == sorted(mlflow.names()) == ["ner", "ner.history", "other-model"]
        assert sqlite.has_model(name) == mlflow.has_model(name) == (name == "ner")
    digest = sqlite.version("ner", 2).tree_hash
    for tags in ({"tree_hash": digest}, {"tree_hash": digest, "run_fingerprint": "model 2"}, {"tree_hash": "0"}):
        assert sqlite.versions("ner", tags) == mlflow.versions("ner", tags)
    assert [version.version for version in sqlite.versions("ner", {"tree_hash": digest})] == [2]


def test_sqlite_reader_supports_the_tables_of_the_installed_mlflow(migrated_database):
    """If this fails after an upgrade, add the new revision, provided that the comparisons above pass with it."""
    assert SqliteReader(migrated_database).supports()
    minor = ".".join(installed_version("mlflow").split(".")[:2])
    assert minor in MLFLOW_SCHEMAS.values()


def test_sqlite_reader_supports_no_other_tables(registry):
    with sqlite3.connect(registry.database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0'")
    assert not SqliteReader(registry.database).supports()


def test_a_registry_with_unknown_tables_is_read_through_mlflow(three_champions, monkeypatch):
    monkeypatch.setattr(SqliteReader, "supports", lambda self: False)
    slow = ModelRegistry(three_champions.uri)
    monkeypatch.setattr(SqliteReader, "versions", lambda *_: pytest.fail("the quick reader was asked"))
    assert [version.version for version in slow.versions("ner")] == [1, 2, 3]


@pytest.mark.extended
def test_sqlite_reader_never_writes(registry):
    with SqliteReader(registry.database).connection() as connection, pytest.raises(sqlite3.OperationalError):
        connection.execute("DELETE FROM model_versions")


def test_a_registry_with_a_write_ahead_log_is_read_in_a_folder_that_cannot_be_written(three_champions, monkeypatch):
    with closing(sqlite3.connect(three_champions.database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    monkeypatch.setattr("components.registry.store.readers.is_writable", lambda path: False)
    before = snapshot(three_champions.database.parent)
    reader = SqliteReader(three_champions.database)
    with reader.connection():
        assert snapshot(three_champions.database.parent) == before
    assert [version.version for version in reader.versions("ner")] == [1, 2, 3]


@pytest.mark.extended
def test_a_database_error_becomes_a_registry_error(registry):
    store = MlflowStore(registry.uri)
    with pytest.raises(RegistryError, match="is damaged"), store.reader():
        raise sqlite3.DatabaseError("database disk image is malformed")


_WRITES_AND_HANGS = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")  # spills into the database file before the commit
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE model_version_tags SET value = 'half'")
connection.executemany(
    "INSERT INTO model_version_tags (workspace, name, version, key, value) VALUES ('default', 'ner', 1, ?, ?)",
    ((f"key {number}", "x" * 5000) for number in range(200)),
)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.mark.extended
def test_sqlite_reader_ignores_the_transaction_of_a_killed_writer(three_champions):
    before = three_champions.versions("ner")
    database = three_champions.database
    with popen([sys.executable, "-c", _WRITES_AND_HANGS, str(database)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"ready\n"
        assert Path(f"{database}-journal").stat().st_size > 0
    assert ModelRegistry(three_champions.uri).versions("ner") == before


_LIST = """
import sys
from components.registry.model_registry import ModelRegistry
registry = ModelRegistry(sys.argv[1])
assert [version.version for version in registry.versions("ner")] == [1, 2, 3]
assert registry.get("ner", "champion").version == 3
assert len(registry.champions("ner").history()) == 3
heavy = {"mlflow", "sqlalchemy", "pandas", "numpy", "tensorflow"} & set(sys.modules)
assert not heavy, heavy
"""


def test_reading_a_registry_file_imports_nothing_heavy(three_champions):
    run([sys.executable, "-c", _LIST, three_champions.uri], env=python_environment(), check=True)


@pytest.mark.extended
def test_a_thousand_versions_are_read_in_a_fraction_of_a_second(three_champions):
    with sqlite3.connect(three_champions.database) as connection:
        for table in ("model_versions", "model_version_tags"):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "version"]
            names = ", ".join(columns)
            connection.execute(
                "WITH RECURSIVE n(i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
                f"INSERT INTO {table} ({names}, version) SELECT {names}, i FROM {table}, n "
                "WHERE name = 'ner' AND version = 1"
            )
    begin = time.process_time()
    assert len(three_champions.versions("ner")) == 1000
    assert time.process_time() - begin < 1


def _client_over_rest() -> SimpleNamespace:
    """An MLflow client over REST, which returns numbers as text."""

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


def test_mlflow_reader_returns_numbers_over_every_transport():
    reader = MlflowReader(_client_over_rest())
    for version_or_alias in (12, "12", "champion"):
        version = find_version(reader, "ner", version_or_alias)
        assert version.version == 12
        assert type(version.version) is int
        assert version.aliases == ("best", "champion")
        assert version.tree_hash == "ab"
        assert version.run_id == ""
        assert version.created == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    for unknown in ("candidate", "9" * 20, "9" * 5000, 10**30):
        assert find_version(reader, "ner", unknown) is None


@pytest.mark.extended
def test_mlflow_reader_reads_past_one_page(registry, model_dir):
    registry.register(model_dir, "ner")
    with registry.client() as client:
        for _ in range(3):
            client.create_model_version("ner", "s3://bucket/model", run_id="x")
        search = client.search_model_versions
        client.search_model_versions = lambda query, max_results, page_token: search(query, 2, page_token=page_token)
        try:
            assert [version.version for version in MlflowReader(client).versions("ner")] == [1, 2, 3, 4]
        finally:
            del client.search_model_versions


def test_a_missing_file_is_named_as_missing(tmp_path):
    with pytest.raises(RegistryError, match=r"mlflow\.db: file not found\. Give the registry"):
        SqliteReader(tmp_path / "mlflow.db").revision()
