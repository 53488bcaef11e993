from __future__ import annotations

import sys
from pathlib import Path

import pytest
from google.protobuf import text_format
from support.processes import run
from support.repository import python_environment

from components.common.hashing import tree_hash
from components.registry.errors import RegistryError
from components.registry.serving_directory import serving_directory
from components.registry.serving_directory.serving_directory import publish, published_versions, write_models_config


def test_publish_creates_the_folder_that_tensorflow_serving_loads(model_dir, tmp_path):
    path = publish(model_dir, tmp_path / "serving", "ner", 3)
    assert path == tmp_path / "serving" / "ner" / "3"
    assert tree_hash(path) == tree_hash(model_dir)
    assert path.stat().st_mode & 0o777 == 0o755
    assert published_versions(tmp_path / "serving", "ner") == (3,)


def test_publish_copies_saved_model_pb_last(model_dir, tmp_path, monkeypatch):
    present_before = []
    copy2 = serving_directory.shutil.copy2

    def recording(source: Path, target: Path) -> None:
        present_before.append({path.name for path in target.parent.rglob("*") if path.is_file()})
        copy2(source, target)

    monkeypatch.setattr(serving_directory.shutil, "copy2", recording)
    publish(model_dir, tmp_path / "serving", "ner", 1)
    others = {path.name for path in model_dir.rglob("*") if path.is_file()} - {"saved_model.pb"}
    assert present_before == [others]


@pytest.mark.extended
def test_a_repeated_publish_changes_nothing(model_dir, tmp_path):
    path = publish(model_dir, tmp_path, "ner", 1)
    inode = path.stat().st_ino
    assert publish(model_dir, tmp_path, "ner", 1).stat().st_ino == inode


def test_publish_never_changes_a_version(model_dir, make_model, tmp_path):
    path = publish(model_dir, tmp_path, "ner", 1)
    before = tree_hash(path)
    with pytest.raises(RegistryError, match="1: this version is already published with other content"):
        publish(make_model("other"), tmp_path, "ner", 1)
    assert tree_hash(path) == before


def test_a_failed_publish_leaves_nothing(model_dir, tmp_path, monkeypatch):
    for step in (
        "_copy",
        "fsync_tree",
        "rename_into_place",
    ):

        def full_disk(*_: object) -> None:
            raise OSError("disk full")

        with monkeypatch.context() as patch:
            patch.setattr(serving_directory, step, full_disk)
            with pytest.raises(OSError, match="disk full"):
                publish(model_dir, tmp_path, "ner", 1)
        assert list((tmp_path / "ner").iterdir()) == []
    assert publish(model_dir, tmp_path, "ner", 1).is_dir()


_KILLED_BEFORE_THE_LAST_FILE = """
import os, signal, sys
from pathlib import Path
from components.registry.serving_directory import serving_directory
serving_directory.shutil.copy2 = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
serving_directory.publish(Path(sys.argv[1]), Path(sys.argv[2]), "ner", 1)
"""


def test_a_killed_publish_shows_no_version_and_the_next_one_cleans_up(model_dir, tmp_path):
    serving = tmp_path / "serving"
    command = [sys.executable, "-c", _KILLED_BEFORE_THE_LAST_FILE, str(model_dir), str(serving)]
    ended = run(command, env=python_environment())
    assert ended.returncode == -9
    (leftover,) = (serving / "ner").iterdir()
    assert leftover.name.startswith(".incoming-")
    assert (leftover / "variables" / "variables.index").is_file()
    assert published_versions(serving, "ner") == ()
    publish(model_dir, serving, "ner", 1)
    assert [path.name for path in (serving / "ner").iterdir()] == ["1"]


@pytest.mark.extended
def test_publish_refuses_a_folder_without_saved_model_pb(model_dir, tmp_path):
    (model_dir / "saved_model.pb").unlink()
    with pytest.raises(RegistryError, match=r"not a SavedModel, saved_model\.pb is missing"):
        publish(model_dir, tmp_path / "serving", "ner", 1)


@pytest.mark.extended
def test_publish_detects_a_model_that_changes_meanwhile(model_dir, tmp_path, monkeypatch):
    copy = serving_directory._copy

    def copy_and_change(source: Path, target: Path) -> None:
        copy(source, target)
        (target / "saved_model.pb").write_bytes(b"half")

    monkeypatch.setattr(serving_directory, "_copy", copy_and_change)
    with pytest.raises(RegistryError, match="changed while it was copied"):
        publish(model_dir, tmp_path, "ner", 1)
    assert published_versions(tmp_path, "ner") == ()


@pytest.mark.extended
def test_published_versions_are_numbers_in_order(tmp_path):
    for name in ("10", "9", ".incoming-x", "assets", "²"):
        (tmp_path / "ner" / name).mkdir(parents=True)
    assert published_versions(tmp_path, "ner") == (9, 10)
    assert published_versions(tmp_path, "other") == ()


def _read(path: Path):
    from tensorflow_serving.config import model_server_config_pb2

    return text_format.Parse(path.read_text(), model_server_config_pb2.ModelServerConfig()).model_config_list.config


def test_write_models_config_names_versions_and_labels(model_dir, tmp_path):
    for version in (2, 3, 10):
        publish(model_dir, tmp_path, "ner", version)
    path = write_models_config(tmp_path, "ner", [10, 3], {"champion": 10, "previous": 3})
    assert path == tmp_path / "models.config"
    (entry,) = _read(path)
    assert (entry.name, entry.base_path, entry.model_platform) == ("ner", str(tmp_path / "ner"), "tensorflow")
    assert list(entry.model_version_policy.specific.versions) == [3, 10]
    assert dict(entry.version_labels) == {"champion": 10, "previous": 3}


def test_write_models_config_replaces_its_own_entry_and_keeps_others(model_dir, tmp_path):
    for name in ("ner", "other"):
        publish(model_dir, tmp_path, name, 1)
    write_models_config(tmp_path, "other", [1], {"champion": 1}, base_path="/models/other")
    write_models_config(tmp_path, "ner", [1], {})
    publish(model_dir, tmp_path, "ner", 2)
    entries = {entry.name: entry for entry in _read(write_models_config(tmp_path, "ner", [2], {"champion": 2}))}
    assert set(entries) == {"ner", "other"}
    assert entries["other"].base_path == "/models/other"
    assert dict(entries["other"].version_labels) == {"champion": 1}
    assert list(entries["ner"].model_version_policy.specific.versions) == [2]


def test_versions_that_tensorflow_serving_cannot_load_are_refused(model_dir, tmp_path):
    for versions, labels, message in (
        ([1, 2], {}, r"versions \[2\] are missing"),
        ([1], {"champion": 2}, "label 'champion' of ner: version 2"),
    ):
        publish(model_dir, tmp_path, "ner", 1)
        with pytest.raises(RegistryError, match=message):
            write_models_config(tmp_path, "ner", versions, labels)
        assert not (tmp_path / "models.config").exists()


def test_an_unreadable_models_config_is_not_overwritten(model_dir, tmp_path):
    publish(model_dir, tmp_path, "ner", 1)
    (tmp_path / "models.config").write_text("model_config_list {\n  nonsense\n}\n")
    with pytest.raises(RegistryError, match=r"models\.config:.*2:3.*Not a model config of TensorFlow Serving"):
        write_models_config(tmp_path, "ner", [1], {})
    assert "nonsense" in (tmp_path / "models.config").read_text()


@pytest.mark.extended
def test_serving_directory_imports_no_tensorflow():
    script = (
        "import sys; from components.registry.serving_directory import serving_directory; from pathlib import Path\n"
        "serving_directory._read_config(Path('absent')); assert 'tensorflow' not in sys.modules"
    )
    run([sys.executable, "-c", script], env=python_environment(), check=True)
