from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from components.common.errors import NerError
from components.common.hashing import tree_hash


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    """A small folder in the shape of a SavedModel."""
    folder = tmp_path / "exported" / "Format-Serving"
    for name in (
        "saved_model.pb",
        "variables/variables.index",
        "variables/variables.data-00000-of-00001",
        "assets/vocabulary.txt",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode() * 100)
    return folder


def test_tree_hash_is_the_sha256_of_length_prefixed_names_and_contents(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").write_bytes(b"12")
    (tmp_path / "a").write_bytes(b"")
    size = int.to_bytes
    stream = size(1, 8, "big") + b"a" + size(0, 8, "big") + size(3, 8, "big") + b"b/x" + size(2, 8, "big") + b"12"
    assert tree_hash(tmp_path) == hashlib.sha256(stream).hexdigest()


def test_tree_hash_ignores_times_modes_empty_folders_and_where_the_folder_is(model_dir, tmp_path):
    copy = tmp_path / "elsewhere"
    shutil.copytree(model_dir, copy)
    os.utime(copy / "saved_model.pb", (0, 0))
    (copy / "saved_model.pb").chmod(0o600)
    (copy / "assets.extra").mkdir()
    assert tree_hash(copy) == tree_hash(str(model_dir))


def _append(folder: Path) -> None:
    with (folder / "saved_model.pb").open("ab") as handle:
        handle.write(b"x")


def _rename(folder: Path) -> None:
    (folder / "assets" / "vocabulary.txt").rename(folder / "assets" / "vocabulary2.txt")


def _move_a_byte_between_files(folder: Path) -> None:
    first, second = folder / "variables" / "variables.data-00000-of-00001", folder / "variables" / "variables.index"
    content = first.read_bytes()
    first.write_bytes(content[:-1])
    second.write_bytes(content[-1:] + second.read_bytes())


def _add_an_empty_file(folder: Path) -> None:
    (folder / "fingerprint.pb").touch()


@pytest.mark.parametrize("change", [_append, _rename, _move_a_byte_between_files, _add_an_empty_file])
def test_tree_hash_changes_with(change, model_dir):
    before = tree_hash(model_dir)
    change(model_dir)
    assert tree_hash(model_dir) != before


def test_tree_hash_of_a_missing_folder_names_it(tmp_path):
    with pytest.raises(NerError, match="absent: there is no such folder"):
        tree_hash(tmp_path / "absent")


def test_tree_hash_refuses_what_would_not_travel_with_the_model(model_dir, tmp_path):
    (tmp_path / "outside").mkdir()
    (model_dir / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(NerError, match="only files and folders"):
        tree_hash(model_dir)


def test_tree_hash_refuses_a_dangling_link(model_dir, tmp_path):
    (model_dir / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(NerError, match="only files and folders"):
        tree_hash(model_dir)
