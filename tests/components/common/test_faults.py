"""Faults of the machine: real ones where the system can produce them, otherwise texts of the libraries."""

from __future__ import annotations

import errno
import gzip
import io
import os
import pickle
import re
import resource
import shutil
import sqlite3
import sys
import zipfile
from pathlib import Path

import pytest
from support.processes import run
from support.repository import python_environment

from components.common.errors import NerError
from components.common.faults import MachineError, explain, explained, full_disk, reading, usable_processors
from components.common.files import incoming_folder, rename_into_place, write_atomically


def explanation(action):
    with pytest.raises(Exception) as caught:
        action()
    result = explain(caught.value, {"work_dir": Path("/data/work")})
    return None if result is None else str(result)


def test_real_faults_of_paths_name_path_problem_and_cure(tmp_path):
    file = tmp_path / "file"
    file.touch()
    (tmp_path / "link").symlink_to("link")
    for action, path, problem in [
        (lambda: (file / "x").write_text("x"), file / "x", "a part of the path is a file, not a folder. Move"),
        (lambda: tmp_path.read_text(), tmp_path, "it is a folder, not a file. Move"),
        (lambda: (tmp_path / "none").read_text(), tmp_path / "none", "it does not exist. Check"),
        (lambda: (tmp_path / "link").read_text(), tmp_path / "link", "the link points at itself. Correct"),
        (lambda: (tmp_path / ("x" * 300)).touch(), tmp_path / ("x" * 300), "the name is too long"),
    ]:
        text = explanation(action)
        assert text is not None
        assert text.startswith(f"{path}: {problem}"), text


def test_a_folder_of_the_kernel_takes_no_file_and_the_error_names_the_target():
    target = Path("/proc/model")
    for action in (lambda: write_atomically(target, "x"), lambda: incoming_folder(target).__enter__()):
        assert re.match(r"/proc/model: permission denied \(/proc has mode .*\)\. Give this user", explanation(action))


def test_a_full_disk_names_the_target_and_not_its_temporary_folder(tmp_path):
    with incoming_folder(tmp_path / "model") as folder, pytest.raises(MachineError) as caught, explained():
        raise OSError(errno.ENOSPC, "No space left on device", str(folder / "variables" / "data"))
    assert str(caught.value).startswith(f"{tmp_path / 'model'}: the disk is full (")
    assert ".incoming" not in str(caught.value)
    text = (
        f"Traceback\nResourceExhaustedError: {{node}} {folder}/a.tempstate1; No space left on device [Op:SaveV2]\nend"
    )
    assert str(full_disk(text)).startswith(f"{tmp_path / 'model'}: the disk is full (")


def test_a_folder_that_another_process_has_created_is_named(tmp_path):
    (tmp_path / "target" / "file").mkdir(parents=True)
    (tmp_path / "link").symlink_to("nowhere")
    for name, problem in [("target", "something else exists there"), ("link", "a part of the path is a file")]:
        (tmp_path / "source").mkdir(exist_ok=True)
        text = explanation(lambda name=name: rename_into_place(tmp_path / "source", tmp_path / name))
        assert text.startswith(f"{tmp_path / name}: {problem}"), text


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        (errno.ENOSPC, r"the disk is full \(.* MB free at .*\)\. Free space \(`ner clean` removes"),
        (errno.EDQUOT, r"your disk quota is used up"),
        (errno.EROFS, r"cannot be written \(read-only file system\)\. .*--set work_dir=DIR"),
        (errno.EACCES, r"permission denied \(.* has mode d.* and owner .*; this user is \d+\)\. Give this user"),
        (errno.EPERM, r"permission denied"),
        (errno.EMFILE, r"too many files are open\. .*ulimit -n"),
        (errno.EIO, r"I/O error\. Check the disk"),
        (errno.ESTALE, r"no longer responds\. Mount it again"),
    ],
)
def test_error_numbers_have_sentences_also_as_text_of_a_beam_worker(tmp_path, number, problem):
    error = OSError(number, os.strerror(number), str(tmp_path / "a"))
    for one in (error, RuntimeError(f"OSError: {error} [while running 'Write']")):
        result = explain(one)
        assert isinstance(result, MachineError)
        assert result.args[0].startswith(f"{tmp_path}/a: ")
        with pytest.raises(MachineError, match=problem):
            raise result


def test_full_device_without_a_path_names_the_folders_and_their_space():
    def fill():
        with open("/dev/full", "w", encoding="utf-8") as file:
            file.write("x" * 10**6)

    text = explanation(fill)
    assert text is not None
    assert text.startswith("work_dir /data/work: the disk is full (")
    assert "MB free at" in text


def test_failed_atomic_write_names_its_target(tmp_path):
    code = (
        "import resource, signal, sys; from components.common.files import write_atomically\n"
        "from components.common.faults import explain\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_atomically(sys.argv[1], b'x' * 5000)\n"
        "except OSError as error: print(explain(error))"
    )
    target = tmp_path / "report.html"
    result = run([sys.executable, "-c", code, target], env=python_environment(), capture_output=True, text=True)
    assert result.stdout.startswith(f"{target}: the file exceeds the size that the system permits"), result
    assert list(tmp_path.iterdir()) == []


def test_exhausted_file_descriptors_are_explained(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    handles = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        with pytest.raises(OSError, match=r"Too many open files") as caught:
            handles.extend(open(os.devnull, "rb") for _ in range(100))  # noqa: SIM115
    finally:
        for handle in handles:
            handle.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "too many files are open" in str(explain(caught.value))


def test_failed_copy_of_a_tree_names_the_target():
    text = explanation(lambda: raise_(shutil.Error([("/a/b", "/data/c", "[Errno 28] No space left on device")])))
    assert text is not None
    assert text.startswith("/data/c: the disk is full")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (sqlite3.OperationalError("database or disk is full"), "work_dir /data/work: the disk is full"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "cannot be written (read-only file system"),
        (sqlite3.OperationalError("database is locked"), "another process uses the database"),
        (sqlite3.DatabaseError("file is not a database"), "the database is damaged"),
        (RuntimeError("Error when executing query: database or disk is full query: INSERT"), "the disk is full"),
        (
            RuntimeError("MLMD database version 99 is greater than library version 10."),
            "another version of ML Metadata",
        ),
        (RuntimeError("/data/m; Read-only file system"), "/data/m: cannot be written (read-only file system)"),
        (MemoryError(), "memory: there is not enough memory. Close"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "network: a server cannot be reached"),
    ],
)
def test_errors_of_databases_memory_and_network_are_explained(error, expected):
    assert expected in str(explain(error, {"work_dir": Path("/data/work")}))


def raise_(error):
    raise error


def test_damaged_files_are_not_defects():
    for action in (
        lambda: gzip.decompress(b"xx"),
        lambda: gzip.decompress(gzip.compress(b"x" * 1000)[:20]),
        lambda: zipfile.ZipFile(io.BytesIO(b"xx")),
        lambda: pickle.loads(b"xx"),
    ):
        text = explanation(action)
        assert text is not None
        assert "damaged or incomplete" in text


def test_wrapped_faults_and_errors_for_users_are_found():
    wrapped = RuntimeError("the executor failed")
    wrapped.__cause__ = PermissionError(errno.EACCES, "Permission denied", "/data/x")
    assert "/data/x: permission denied" in str(explain(wrapped))
    beam = RuntimeError(
        "Traceback ...\ncomponents.a.errors.CorpusError: a.conll:3: bad tag. Fix it. [while running 'X']"
    )
    assert str(explain(beam)) == "a.conll:3: bad tag. Fix it."
    own = NerError("trainer.epochs: no")
    assert explain(own) is own


def test_defects_stay_defects():
    for error in (KeyError("No such file or directory"), ValueError("x"), IndexError(3), AssertionError("timed out")):
        assert explain(error) is None
        with pytest.raises(type(error)), explained():
            raise error


def test_passwords_of_library_texts_are_masked():
    text = explanation(
        lambda: raise_(ConnectionError("Max retries exceeded with url: http://me:hidden@host/x?token=hidden"))
    )
    assert text is not None
    assert "hidden" not in text


def test_a_reader_of_a_damaged_file_names_it_and_keeps_errors_for_users(tmp_path):
    expected = pytest.raises(
        MachineError, match=r"model/variables: damaged or incomplete \(IndexError: Read less bytes"
    )
    with expected, reading("model/variables"):
        raise IndexError("Read less bytes than requested")
    with pytest.raises(MachineError, match=r"none: it does not exist"), reading(tmp_path):
        (tmp_path / "none").read_text()
    with pytest.raises(NerError, match=r"^tagger: unknown$"), reading(tmp_path):
        raise NerError("tagger: unknown")


def test_write_to_a_missing_parent_that_is_a_file_is_explained(tmp_path):
    (tmp_path / "file").touch()
    text = explanation(lambda: write_atomically(tmp_path / "file" / "x", b""))
    assert text is not None
    assert f"{tmp_path}/file: something else exists there. Move it away" in text


def test_processors_are_counted_where_the_system_has_no_affinity(monkeypatch):
    from components.serving.server.settings import ServerSettings

    assert usable_processors() == ServerSettings().threads == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity")
    assert usable_processors() == ServerSettings().threads == os.cpu_count()
