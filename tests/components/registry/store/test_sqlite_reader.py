from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.repository import ROOT

from components.registry.errors import RegistryError
from components.registry.store.mlflow_reader import MlflowReader
from components.registry.store.mlflow_store import MlflowStore
from components.registry.store.model_registry import ModelRegistry
from components.registry.store.sqlite_reader import SqliteReader


@pytest.fixture
def readers(three_champions, register):
    """Both readers of one registry with all that can be in it: tags, aliases, a deleted version, another model."""
    register("candidate")
    register("gone")
    register("é'\n", name="other-model")
    three_champions.set_alias("ner", "candidate", 4)
    with three_champions._store.client() as client:
        client.delete_model_version("ner", "5")
        client.set_model_version_tag("ner", "2", "note", "é'\n\u2028")
        client.create_model_version("ner", "s3://bucket/model")  # without a run, as others may register
        yield SqliteReader(three_champions.database), MlflowReader(client)


@pytest.mark.parametrize("name", ["ner", "ner.history", "other-model", "absent"])
def test_sqlite_reader_reads_what_mlflow_reads(readers, name):
    quick, thorough = readers
    assert quick.aliases(name) == thorough.aliases(name)
    assert quick.versions(name) == thorough.versions(name)
    for number in range(8):
        assert quick.version(name, number) == thorough.version(name, number)


def test_sqlite_reader_finds_by_tags_what_mlflow_finds(readers):
    quick, thorough = readers
    digest = quick.version("ner", 2).tree_hash
    for tags in ({"tree_hash": digest}, {"tree_hash": digest, "run_fingerprint": "model 2"}, {"tree_hash": "0"}):
        assert quick.versions("ner", tags) == thorough.versions("ner", tags)
    assert [version.version for version in quick.versions("ner", {"tree_hash": digest})] == [2]


def test_sqlite_reader_supports_what_mlflow_creates(migrated_database):
    assert SqliteReader(migrated_database).supports()


@pytest.mark.parametrize("change", ["DROP TABLE model_version_tags", "ALTER TABLE model_versions RENAME source TO x"])
def test_sqlite_reader_supports_no_other_tables(registry, change):
    with sqlite3.connect(registry.database) as connection:
        connection.execute(change)
    assert not SqliteReader(registry.database).supports()


def test_a_registry_with_other_tables_is_read_through_mlflow(three_champions, monkeypatch):
    monkeypatch.setattr(SqliteReader, "supports", lambda self: False)
    slow = ModelRegistry(three_champions.uri)
    monkeypatch.setattr(SqliteReader, "versions", lambda *_: pytest.fail("the quick reader was asked"))
    assert [version.version for version in slow.versions("ner")] == [1, 2, 3]


def test_sqlite_reader_never_writes(registry):
    with SqliteReader(registry.database)._connection() as connection, pytest.raises(sqlite3.OperationalError):
        connection.execute("DELETE FROM model_versions")


def test_a_registry_that_breaks_while_it_is_read_is_a_user_error(registry):
    store = MlflowStore(registry.uri)
    with pytest.raises(RegistryError, match="cannot be read"), store.reader():
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


def test_sqlite_reader_sees_the_state_before_a_writer_that_was_killed(three_champions):
    before = three_champions.versions("ner")
    database = three_champions.database
    writer = subprocess.Popen([sys.executable, "-c", _WRITES_AND_HANGS, str(database)], stdout=subprocess.PIPE)
    assert writer.stdout.readline() == b"ready\n"
    journal = Path(f"{database}-journal")
    assert journal.stat().st_size > 0
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert ModelRegistry(three_champions.uri).versions("ner") == before


_LIST = """
import sys
from components.registry.store.model_registry import ModelRegistry
registry = ModelRegistry(sys.argv[1])
assert [version.version for version in registry.versions("ner")] == [1, 2, 3]
assert registry.get("ner", "champion").version == 3
assert len(registry.champions("ner").history()) == 3
heavy = {"mlflow", "sqlalchemy", "pandas", "numpy", "tensorflow"} & set(sys.modules)
assert not heavy, heavy
"""


def test_reading_a_registry_file_imports_nothing_heavy(three_champions):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", _LIST, three_champions.uri], env=environment, check=True)


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
