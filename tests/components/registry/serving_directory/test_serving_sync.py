from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest
from support.processes import run
from support.repository import python_environment
from support.snapshot import snapshot

from components.common.hashing import tree_hash
from components.exporter.errors import UnsafeModelError
from components.registry.errors import RegistryError
from components.registry.model_registry import ModelRegistry
from components.registry.serving_directory import serving_sync
from components.registry.serving_directory.serving_directory import models_config, published_versions
from components.registry.serving_directory.serving_sync import check_directory, sync


@pytest.fixture
def serving(tmp_path: Path) -> Path:
    return tmp_path / "serving"


def _state(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_sync_publishes_versions_with_an_alias(three_champions, register, serving):
    register("four", "2")
    three_champions.set_alias("ner", "candidate", 4)
    report = sync(three_champions, "ner", serving)
    assert report.labels == {"candidate": 4, "champion": 3, "previous": 2}
    assert report.published == published_versions(serving, "ner") == (2, 3, 4)
    assert (report.pruned, report.unknown) == ((), ())
    assert models_config(serving, "ner") == ((2, 3, 4), report.labels)
    for version in (2, 3, 4):
        assert tree_hash(report.folder(version)) == three_champions.get("ner", version).tree_hash


def test_a_repeated_sync_changes_nothing(three_champions, serving):
    sync(three_champions, "ner", serving)
    before = _state(serving)
    report = sync(three_champions, "ner", serving)
    assert (report.published, report.pruned) == ((), ())
    assert _state(serving) == before


@pytest.mark.extended
def test_sync_without_a_champion_creates_nothing(registry, register, serving):
    register("one")
    assert sync(registry, "ner", serving).labels == {}
    assert not serving.exists()


@pytest.mark.extended
def test_sync_changes_nothing_if_the_champion_was_deleted(three_champions, serving):
    sync(three_champions, "ner", serving)
    before = _state(serving)
    with three_champions.client() as client:
        client.delete_model_version("ner", "3")
    sync(three_champions, "ner", serving)
    assert _state(serving) == before


def test_sync_follows_a_rollback_and_prunes_by_policy(three_champions, serving):
    champions = three_champions.champions("ner")
    sync(three_champions, "ner", serving)
    champions.rollback()
    report = sync(three_champions, "ner", serving, keep=1)
    assert report.labels == {"champion": 2, "previous": 1}
    assert published_versions(serving, "ner") == (1, 2, 3)
    report = sync(three_champions, "ner", serving, keep=0)
    assert report.pruned == (3,)
    assert published_versions(serving, "ner") == (1, 2)
    assert models_config(serving, "ner") == ((1, 2), report.labels)


def test_a_version_that_was_registered_without_a_check_does_not_reach_a_server(registry, make_model, serving):
    model = make_model("one")
    version = registry.register(model, "ner")
    registry.champions("ner").promote(version.version, None, "trust me", force=True)
    # Someone with access to the registry adds a graph that servers load, and corrects the hash.
    stored = Path(version.uri) / "data" / "Format-Serving"
    (stored / "saved_model.pb").rename(stored / "saved_model.pbtxt")
    with sqlite3.connect(registry.database) as connection:
        query = "UPDATE model_version_tags SET value = ? WHERE key = 'tree_hash'"
        connection.execute(query, (tree_hash(stored),))
    with pytest.raises(UnsafeModelError, match=r"no saved_model\.pb"):
        sync(registry, "ner", serving)
    assert published_versions(serving, "ner") == ()
    assert not (serving / "models.config").exists()


def test_sync_removes_only_versions_that_the_registry_can_restore(three_champions, model_dir, serving):
    sync(three_champions, "ner", serving)
    for name in ("1", "99"):
        (serving / "ner" / name).mkdir()
        (serving / "ner" / name / "saved_model.pb").write_bytes(b"of another registry")
    report = sync(three_champions, "ner", serving, keep=0)
    assert (report.pruned, report.unknown) == ((), (1, 99))
    assert published_versions(serving, "ner") == (1, 2, 3, 99)


def test_sync_refuses_another_model_under_the_number_of_the_champion(three_champions, serving):
    (serving / "ner" / "3").mkdir(parents=True)
    (serving / "ner" / "3" / "saved_model.pb").write_bytes(b"other")
    with pytest.raises(RegistryError, match="differs from ner version 3 in the registry"):
        sync(three_champions, "ner", serving)
    assert not (serving / "models.config").exists()


DAMAGES = {
    "changed": "assets/vocabulary.txt has other content",
    "truncated": "variables/variables.index has other content",
    "missing": "variables/variables.data-00000-of-00001 is missing",
    "extended": "assets/more.txt was added",
    "linked": "neither a file nor a folder of the model",
}


def damage_copy(folder: Path, kind: str) -> None:
    """Damages one file; changed files keep their size and time."""
    if kind == "changed":
        file = folder / "assets" / "vocabulary.txt"
        before = file.stat()
        file.write_bytes(b"x" + file.read_bytes()[1:])
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif kind == "truncated":
        with (folder / "variables" / "variables.index").open("r+b") as file:
            file.truncate(500)
    elif kind == "missing":
        (folder / "variables" / "variables.data-00000-of-00001").unlink()
    elif kind == "linked":
        (folder / "assets" / "more").symlink_to(folder / "variables")
    else:
        (folder / "assets" / "more.txt").write_text("more")


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_copy_is_named_and_a_repair_sets_it_aside(three_champions, serving, kind):
    report = sync(three_champions, "ner", serving)
    damage_copy(report.folder(2), kind)
    before = _state(serving)
    problem = rf"{report.folder(2)}: differs .*{DAMAGES[kind]}\. `ner registry sync --repair`"
    for check in (sync, check_directory):
        with pytest.raises(RegistryError, match=problem):
            check(three_champions, "ner", serving)
    assert _state(serving) == before
    repaired = sync(three_champions, "ner", serving, repair=True)
    assert repaired.set_aside == (serving / "ner" / ".damaged-2-1",)
    assert repaired.set_aside[0].is_dir()
    assert published_versions(serving, "ner") == (2, 3)
    check_directory(three_champions, "ner", serving)
    assert sync(three_champions, "ner", serving, repair=True).set_aside == ()


def test_a_repair_keeps_the_damaged_copy_if_the_registry_has_no_other(three_champions, serving):
    report = sync(three_champions, "ner", serving)
    damage_copy(report.folder(3), "changed")
    damage_copy(Path(three_champions.get("ner", 3).uri) / "data" / "Format-Serving", "truncated")
    before = snapshot(serving)
    with pytest.raises(
        RegistryError, match=r"version 3: the files of the registry .*variables.index has other content"
    ):
        sync(three_champions, "ner", serving, repair=True)
    assert snapshot(serving) == before


def test_a_repair_reports_damaged_files_of_the_registry(three_champions, serving):
    sync(three_champions, "ner", serving)
    damage_copy(Path(three_champions.get("ner", 2).uri) / "data" / "Format-Serving", "missing")
    with pytest.raises(RegistryError, match=r"version 2: the files of the registry .*is missing"):
        sync(three_champions, "ner", serving, repair=True)
    check_directory(three_champions, "ner", serving)


@pytest.mark.extended
def test_a_repair_covers_versions_without_an_alias_and_files_in_place_of_folders(three_champions, serving):
    sync(three_champions, "ner", serving)
    three_champions.champions("ner").rollback(1)
    sync(three_champions, "ner", serving)
    shutil.rmtree(serving / "ner" / "2")
    (serving / "ner" / "2").write_text("a file")
    damage_copy(serving / "ner" / "3", "extended")
    repaired = sync(three_champions, "ner", serving, repair=True)
    assert [path.name for path in repaired.set_aside] == [".damaged-2-1", ".damaged-3-1"]
    for number in (1, 2, 3):
        assert tree_hash(serving / "ner" / str(number)) == three_champions.get("ner", number).tree_hash


def test_labels_move_only_to_versions_that_the_server_has_loaded(three_champions, serving):
    """TensorFlow Serving refuses a label of a version that it has not loaded, and must keep the one that has it."""
    champions = three_champions.champions("ner")
    champions.rollback(1)
    sync(three_champions, "ner", serving)
    champions.rollback(3)
    seen = []
    report = sync(
        three_champions,
        "ner",
        serving,
        wait_until_loaded=lambda v: seen.append((list(v), models_config(serving, "ner"))),
    )
    assert seen == [([1, 3], ((1, 3), {"champion": 1}))]
    assert models_config(serving, "ner") == ((1, 3), {"champion": 3, "previous": 1}) == ((1, 3), report.labels)
    sync(three_champions, "ner", serving, wait_until_loaded=lambda _: pytest.fail("there is nothing to wait for"))


@pytest.mark.extended
def test_a_new_server_gets_the_versions_before_the_labels(three_champions, serving):
    seen = []
    sync(three_champions, "ner", serving, wait_until_loaded=lambda _: seen.append(models_config(serving, "ner")))
    assert seen == [((2, 3), {})]


def test_labels_stay_if_the_server_does_not_load_the_versions(three_champions, serving):
    def never(_: object) -> None:
        raise RegistryError("not loaded")

    sync(three_champions, "ner", serving)
    three_champions.champions("ner").rollback()
    with pytest.raises(RegistryError, match="not loaded"):
        sync(three_champions, "ner", serving, wait_until_loaded=never)
    assert models_config(serving, "ner") == ((1, 2, 3), {"champion": 3, "previous": 2})
    assert sync(three_champions, "ner", serving).labels == {"champion": 2, "previous": 1}


_KILLED = """
import os, signal, sys, types
from pathlib import Path
from components.registry.serving_directory import serving_sync
from components.registry.model_registry import ModelRegistry
serving_sync.shutil = types.SimpleNamespace(rmtree=lambda _: os.kill(os.getpid(), signal.SIGKILL))
serving_sync.sync(ModelRegistry(sys.argv[1]), "ner", Path(sys.argv[2]), keep=0)
"""


def test_a_sync_killed_while_removing_shows_no_incomplete_version(three_champions, serving):
    sync(three_champions, "ner", serving)
    three_champions.champions("ner").rollback()
    command = [sys.executable, "-c", _KILLED, three_champions.uri, str(serving)]
    ended = run(command, env=python_environment())
    assert ended.returncode == -9
    assert published_versions(serving, "ner") == (1, 2)
    assert (serving / "ner" / ".removed-3").is_dir()
    assert sync(three_champions, "ner", serving, keep=0).pruned == ()
    assert {path.name for path in (serving / "ner").iterdir()} == {"1", "2"}


@pytest.mark.extended
def test_sync_keeps_the_entries_of_other_models(three_champions, registry: ModelRegistry, make_model, serving):
    registry.register(make_model("other"), "other")
    registry.champions("other").promote(1, None, "a test", force=True)
    sync(registry, "other", serving, base_path="/models/other")
    sync(registry, "ner", serving)
    before = (serving / "models.config").read_text()
    sync(registry, "other", serving, base_path="/models/other")
    assert (serving / "models.config").read_text() == before
    assert models_config(serving, "other") == ((1,), {"champion": 1})
    assert serving_sync.models_config(serving, "ner")[0] == (2, 3)
