"""Identity of model folders and of files that are too large to read."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from components.common.errors import NerError
from components.common.hashing import content_version, file_hashes, require_content, tree_hash


def test_tree_hash_is_the_sha256_of_length_prefixed_names_and_contents(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").write_bytes(b"12")
    (tmp_path / "a").write_bytes(b"")
    size = int.to_bytes
    stream = size(1, 8, "big") + b"a" + size(0, 8, "big") + size(3, 8, "big") + b"b/x" + size(2, 8, "big") + b"12"
    assert tree_hash(tmp_path) == hashlib.sha256(stream).hexdigest()


def test_tree_hash_ignores_times_modes_empty_folders_and_the_folders_path(model_dir, tmp_path):
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


def test_tree_hash_changes_with_every_change_of_a_file(model_dir):
    seen = {tree_hash(model_dir)}
    for change in (_append, _rename, _move_a_byte_between_files, _add_an_empty_file):
        change(model_dir)
        assert tree_hash(model_dir) not in seen, change
        seen.add(tree_hash(model_dir))


def test_tree_hash_of_a_missing_folder_names_it(tmp_path):
    with pytest.raises(NerError, match="absent: there is no such folder"):
        tree_hash(tmp_path / "absent")


@pytest.mark.parametrize("target", ["outside", "nowhere"])
def test_tree_hash_refuses_links_that_are_not_copied_with_the_model(model_dir, tmp_path, target):
    (tmp_path / "outside").mkdir()
    (model_dir / "link").symlink_to(tmp_path / target)
    with pytest.raises(NerError, match="link: neither a file nor a folder of the model"):
        tree_hash(model_dir)


def test_file_hashes_cover_all_files_but_the_skipped_ones(model_dir):
    hashes = file_hashes(model_dir, skip=["assets"])
    names = ["saved_model.pb", "variables/variables.data-00000-of-00001", "variables/variables.index"]
    assert list(hashes) == names
    assert hashes == {name: hashlib.sha256((model_dir / name).read_bytes()).hexdigest() for name in names}


def test_a_path_without_a_file_has_no_version():
    for name in ("gs://bucket/glove.txt", "bert_base_en", "/nowhere/at/all"):
        assert content_version(name) == ""


def test_a_changed_file_has_another_version(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("a 1")
    first = content_version(str(path))
    assert first == content_version(str(path)) != ""
    os.utime(path, ns=(1, 1))
    assert content_version(str(path)) == first
    path.write_text("a 2")
    os.utime(path, ns=(1, 1))
    assert content_version(str(path)) != first


def test_content_that_changed_during_a_run_is_an_error(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("a 1")
    version = content_version(str(path))
    for known in (version, ""):
        require_content("a.path", str(path), known)
    path.write_text("a 2")
    with pytest.raises(NerError, match=r"a\.path: .*vectors\.txt changed during the run\. Run again"):
        require_content("a.path", str(path), version)


def test_a_folder_has_the_version_of_all_its_files(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "vocabulary.txt").write_text("a")
    first = content_version(str(tmp_path))
    (tmp_path / "assets" / "vocabulary.txt").write_text("ab")
    second = content_version(str(tmp_path))
    (tmp_path / "assets" / "vocabulary.txt").rename(tmp_path / "vocabulary.txt")
    assert len({first, second, content_version(str(tmp_path))}) == 3
