"""Paths in the metadata of a work folder that was moved or copied."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading

import pytest

from components.common.errors import NerError
from components.common.files import locked
from configs.loading import load_config
from pipeline.run.relocation import Relocation, metadata_file, rewrite_metadata
from pipeline.run.work_lock import no_run, run_lock


def config_of(folder):
    return load_config(None, [f"work_dir={folder}"])


def rows(config):
    with contextlib.closing(sqlite3.connect(metadata_file(config))) as connection:
        uris = [uri for (uri,) in connection.execute("SELECT uri FROM Artifact ORDER BY id")]
        values = [value for (value,) in connection.execute("SELECT string_value FROM ExecutionProperty ORDER BY rowid")]
    return uris, values


@pytest.fixture
def used(tmp_path):
    """A work folder with the metadata of one execution; its path is a prefix of another folder's."""
    config = config_of(tmp_path / "work")
    metadata_file(config).parent.mkdir(parents=True)
    root = config.root
    with contextlib.closing(sqlite3.connect(metadata_file(config))) as connection, connection:
        connection.execute("CREATE TABLE Artifact (id INTEGER PRIMARY KEY, uri TEXT)")
        connection.executescript(
            "CREATE TABLE ArtifactProperty (string_value TEXT); CREATE TABLE ExecutionProperty (string_value TEXT);"
        )
        uris = [f"{root}/artifacts/Trainer/model/8", f"{root}/artifacts/Exporter/exported_model/9", "s3://corpus/a", ""]
        connection.executemany("INSERT INTO Artifact (uri) VALUES (?)", [(uri,) for uri in uris])
        values = [
            f'{{"uri":"sqlite:///{root}/registry/mlflow.db","serving_dir":"{root}/serving","keep_versions":2}}',
            f"{root}/checkpoints",
            f"{root}-2/checkpoints",
            f"/backup{root}/registry/mlflow.db",
            f"{root}/corpus",
        ]
        connection.executemany("INSERT INTO ExecutionProperty VALUES (?)", [(value,) for value in values])
    return config


def test_a_run_after_a_move_rewrites_the_paths_of_the_work_folder_only(used, tmp_path):
    before = rows(used)
    moved = config_of(tmp_path / "moved")
    (tmp_path / "work").rename(tmp_path / "moved")
    assert Relocation.of(moved).former == (str(used.root),)
    with run_lock(moved, "1"):
        assert Relocation.of(moved).former == ()
    old, new = str(used.root), str(moved.root)
    assert rows(moved)[0] == [uri.replace(old, new) for uri in before[0]]
    settings, checkpoints, *others = before[1]
    assert rows(moved)[1] == [settings.replace(old, new), checkpoints.replace(old, new), *others]
    assert not (tmp_path / "work").exists()


def test_readers_translate_paths_and_write_nothing(used, tmp_path):
    (tmp_path / "work").rename(tmp_path / "moved")
    moved = config_of(tmp_path / "moved")
    before = metadata_file(moved).read_bytes()
    assert Relocation.of(moved).text(f"{used.root}/artifacts/Trainer/model/8") == (
        f"{moved.root}/artifacts/Trainer/model/8"
    )
    assert metadata_file(moved).read_bytes() == before


def test_a_link_to_the_work_folder_is_the_same_folder(used, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "work")
    linked = config_of(tmp_path / "link")
    assert Relocation.of(linked).former == ()
    assert (linked.registry_uri, linked.serving_dir) == (used.registry_uri, used.serving_dir)


def test_a_folder_that_a_run_uses_under_another_path_is_refused(used, tmp_path):
    shutil.copytree(tmp_path / "work", tmp_path / "copy")
    copy = config_of(tmp_path / "copy")
    with (
        locked(tmp_path / "copy" / ".run.lock", shared=True),
        pytest.raises(NerError, match=rf"it was {used.root}, and a run or `ner clean` uses it\. Wait"),
        run_lock(copy, "1"),
    ):
        pass
    with run_lock(copy, "1"), run_lock(copy, "2"):  # two runs of one folder
        assert Relocation.of(copy).former == ()


def test_a_run_that_begins_while_another_rewrites_waits_and_runs_side_by_side(used, tmp_path):
    shutil.copytree(tmp_path / "work", tmp_path / "copy")
    copy = config_of(tmp_path / "copy")
    begun, finish = threading.Event(), threading.Event()

    def run():
        with run_lock(copy, "1"):
            begun.set()
            finish.wait()

    other = threading.Thread(target=run)
    with no_run(copy):
        other.start()
        assert not begun.wait(0.2)
        rewrite_metadata(copy)
    assert begun.wait(60)
    with run_lock(copy, "2"):
        assert Relocation.of(copy).former == ()
    finish.set()
    other.join()


def test_new_and_damaged_metadata(tmp_path):
    config = config_of(tmp_path)
    assert Relocation.of(config) == Relocation(str(config.root))
    metadata_file(config).parent.mkdir()
    metadata_file(config).touch()
    assert Relocation.of(config) == Relocation(str(config.root))
    metadata_file(config).write_bytes(b"not a database, but long enough to be read as one" * 40)
    with pytest.raises(
        NerError, match=r"ner\.sqlite: the metadata of the runs cannot be read or written \(file is not"
    ):
        Relocation.of(config)
