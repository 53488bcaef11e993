"""A file is there whole, or as it was before."""

from __future__ import annotations

import gzip
import subprocess
import sys

import pytest

from components.common import files
from components.common.files import read_json_lines, write_atomically
from components.evaluator.errors import EvaluationError
from components.registry.errors import LockHeldError


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_locked_keeps_another_process_out_until_the_block_ends(tmp_path):
    lock = tmp_path / "new folder" / "x.lock"
    script = (
        "import fcntl, sys; handle = open(sys.argv[1], 'a')\n"
        "try: fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "except BlockingIOError: sys.exit(7)"
    )
    command = [sys.executable, "-c", script, str(lock)]
    with files.locked(lock):
        assert subprocess.run(command, check=False).returncode == 7
    assert subprocess.run(command, check=False).returncode == 0


def test_who_does_not_want_to_wait_for_a_lock_is_told(tmp_path):
    lock = tmp_path / "x.lock"
    held = pytest.raises(LockHeldError, match=r"x\.lock is held")
    with files.locked(lock, wait=False), held, files.locked(lock, wait=False):
        pass
    with files.locked(lock, wait=False):
        pass


def test_incoming_folder_is_gone_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), files.incoming_folder(tmp_path / "parent") as folder:
        (folder / "file").write_text(str(1 / 0))
    assert list((tmp_path / "parent").iterdir()) == []


def test_rename_into_place_leaves_a_folder_that_others_can_read(tmp_path):
    with files.incoming_folder(tmp_path) as folder:
        (folder / "file").write_text("x")
        files.rename_into_place(folder, tmp_path / "target")
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    assert (tmp_path / "target").stat().st_mode & 0o777 == 0o755


def test_fsync_tree_reaches_every_file_and_folder(model_dir, monkeypatch):
    seen = []
    monkeypatch.setattr(files, "fsync_path", seen.append)
    files.fsync_tree(model_dir)
    assert set(seen) == {model_dir, *model_dir.rglob("*")}
    assert seen[-1] == model_dir


def test_replace_text_keeps_the_old_file_when_writing_fails(tmp_path, monkeypatch):
    path = tmp_path / "models.config"
    files.replace_text(path, "old")

    def full_disk(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(files.os, "fsync", full_disk)
    with pytest.raises(OSError, match="disk full"):
        files.replace_text(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["models.config"]


def test_replace_text_replaces(tmp_path):
    files.replace_text(tmp_path / "a" / "file", "old")
    files.replace_text(tmp_path / "a" / "file", "new é")
    assert (tmp_path / "a" / "file").read_text(encoding="utf-8") == "new é"


def test_objects_are_read_with_their_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n\n  \n{"a": "é"}', encoding="utf-8")
    assert list(read_json_lines(path)) == [(1, {"a": 1}), (4, {"a": "é"})]


def test_gzip_is_unpacked(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n'))
    assert list(read_json_lines(path)) == [(1, {"a": 1})]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'{"a": 1}\n{"a"', r"a\.jsonl:2: is no whole JSON value"),
        (b"[1]\n", r"a\.jsonl:1: is a JSON list; write one object a line"),
        (b'{"a": "\xff"}\n', r"a\.jsonl:1: is no whole JSON value"),
    ],
)
def test_other_lines_are_named(tmp_path, content, text):
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(EvaluationError, match=text):
        list(read_json_lines(path))


@pytest.mark.parametrize("name", ["absent.jsonl", "plain.gz"])
def test_file_that_cannot_be_read_is_named(tmp_path, name):
    (tmp_path / "plain.gz").write_text("no gzip")
    with pytest.raises(EvaluationError, match=f"{name}: cannot be read"):
        list(read_json_lines(tmp_path / name))
