"""Atomic writes and locks."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import subprocess
import sys

import pytest
from charset_normalizer.constant import IANA_SUPPORTED

from components.common import files
from components.common.errors import LockHeldError, NerError
from components.common.files import link_equal_file, link_or_copy, write_atomically


def test_write_atomically_replaces_a_file_and_leaves_no_other(tmp_path):
    path = tmp_path / "folder" / "file"
    write_atomically(path, b"old")
    write_atomically(str(path), "new é")
    assert path.read_text(encoding="utf-8") == "new é"
    assert list(path.parent.iterdir()) == [path]


def test_a_pipe_or_device_gets_the_content_and_stays(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(path, b"content")
    assert os.read(reader, 100) == b"content"
    os.close(reader)
    assert path.is_fifo()
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_names_the_file_and_not_the_temporary_one(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_incoming_name", lambda parent: parent / "removed" / "temporary")
    with pytest.raises(FileNotFoundError) as caught:
        write_atomically(tmp_path / "page.html", "x")
    assert caught.value.filename == str(tmp_path / "page.html")


def test_failed_write_keeps_the_old_content(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_lock_excludes_other_processes_until_the_block_ends(tmp_path):
    lock = tmp_path / "new folder" / "x.lock"
    script = (
        "import fcntl, sys; handle = open(sys.argv[1], 'a')\n"
        "try: fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "except BlockingIOError: sys.exit(7)"
    )
    command = [sys.executable, "-S", "-c", script, str(lock)]
    with files.locked(lock):
        assert subprocess.run(command, check=False, timeout=60).returncode == 7
    assert subprocess.run(command, check=False, timeout=60).returncode == 0


def test_lock_that_is_held_raises_without_waiting(tmp_path):
    lock = tmp_path / "x.lock"
    held = pytest.raises(LockHeldError, match=r"x\.lock: held by another process")
    with files.locked(lock, wait=False), held, files.locked(lock, wait=False):
        pass
    with files.locked(lock, wait=False):
        pass


def test_incoming_folder_is_deleted_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), files.incoming_folder(tmp_path / "parent" / "target") as folder:
        (folder / "file").write_text(str(1 / 0))
    assert list((tmp_path / "parent").iterdir()) == []


@pytest.fixture
def private():
    """The umask of the command line, for one test."""
    with files.private_files():
        yield


def _mode(path):
    return path.stat().st_mode & 0o777


def test_files_are_private_except_those_for_servers(tmp_path, private):
    write_atomically(tmp_path / "folder" / "report.html", "a sentence")
    write_atomically(tmp_path / "folder" / "models.config", "", shared=True)
    files.make_shared_folder(tmp_path / "serving" / "ner")
    assert _mode(tmp_path / "folder") == 0o750
    assert _mode(tmp_path / "folder" / "report.html") == 0o640
    assert _mode(tmp_path / "folder" / "models.config") == 0o644
    assert _mode(tmp_path / "serving") == _mode(tmp_path / "serving" / "ner") == 0o755


def test_renamed_model_is_readable_by_others(tmp_path, private):
    with files.incoming_folder(tmp_path / "target") as folder:
        (folder / "variables").mkdir()
        (folder / "variables" / "file").write_text("x")
        files.rename_into_place(folder, tmp_path / "target")
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    assert _mode(tmp_path / "target") == _mode(tmp_path / "target" / "variables") == 0o755
    assert _mode(tmp_path / "target" / "variables" / "file") == 0o644


def test_stricter_umask_stays_and_the_variable_overrides_it(monkeypatch):
    before = os.umask(0o077)
    try:
        with files.private_files():
            assert os.umask(0o077) == 0o077
        monkeypatch.setenv("NER_UMASK", "022")
        with files.private_files():
            assert os.umask(0o022) == 0o022
        assert os.umask(0o077) == 0o077
        monkeypatch.setenv("NER_UMASK", "9")
        expected = pytest.raises(NerError, match=r"NER_UMASK: '9' is not a umask\. Give an octal number such as 027")
        with expected, files.private_files():
            pass
    finally:
        os.umask(before)


def test_fsync_tree_syncs_every_file_and_folder(model_dir, monkeypatch):
    seen = []
    monkeypatch.setattr(files, "fsync_path", seen.append)
    files.fsync_tree(model_dir)
    assert set(seen) == {model_dir, *model_dir.rglob("*")}
    assert seen[-1] == model_dir


def test_equal_files_become_hard_links_and_others_stay(tmp_path):
    for name, content in (("a", b"same"), ("b", b"same"), ("c", b"other")):
        (tmp_path / name).write_bytes(content)
    for name in ("b", "c", "absent"):
        link_equal_file(tmp_path / "a", tmp_path / name)
        link_equal_file(tmp_path / "a", tmp_path / name)
    assert {path.name: path.stat().st_nlink for path in tmp_path.iterdir()} == {"a": 2, "b": 2, "c": 1}
    assert (tmp_path / "c").read_bytes() == b"other"


def test_without_hard_links_files_are_copied(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"same")
    link_or_copy(tmp_path / "a", tmp_path / "linked")

    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    link_or_copy(tmp_path / "a", tmp_path / "copied")
    link_equal_file(tmp_path / "a", tmp_path / "copied")
    assert {path.name: path.stat().st_nlink for path in tmp_path.iterdir()} == {"a": 2, "linked": 2, "copied": 1}
    assert (tmp_path / "copied").read_bytes() == b"same"


CROATIAN = "Čović\tB-PER\nživi\tO\nu\tO\nŠibeniku\tB-LOC\n,\tO\nkaže\tO\nđak\tO\n\n"
RUSSIAN = "Москва\tB-LOC\nстала\tO\nстолицей\tO\nРоссии\tB-LOC\n\nИван\tB-PER\nработает\tO\nв\tO\nГазпроме\tB-ORG\n\n"


@pytest.mark.parametrize(
    ("text", "encoding", "command", "word"),
    [
        ("in\tO\nZürich\tB-LOC\n", "cp1252", "WINDOWS-1252", "Zürich"),
        ("Jürgen\tB-PER\nläuft\tO\nnach\tO\nKöln\tB-LOC\n\n" * 9, "cp1252", "WINDOWS-1252", "Jürgen"),
        (
            "Čović\tB-PER\nživi\tO\nu\tO\nŠibeniku\tB-LOC\n,\tO\nkaže\tO\nđak\tO\n\n" * 9,
            "cp1250",
            "WINDOWS-1250",
            "Čović",
        ),
        (RUSSIAN * 9, "cp1251", "CP1251", "Москва"),
        (RUSSIAN * 9, "koi8_r", "KOI8-R", "Москва"),
        ("田中\tB-PER\nさん\tO\nは\tO\n東京\tB-LOC\nに\tO\n住んで\tO\n\n" * 9, "euc_jp", "EUC-JP", "田中"),
        ("东京\tB-LOC\n的\tO\n田中\tB-PER\n先生\tO\n在\tO\n北京\tB-LOC\n工作\tO\n\n" * 9, "gb18030", "GB18030", "东京"),
    ],
)
def test_another_encoding_than_utf8_is_named_with_a_word_that_it_reads(text, encoding, command, word):
    data = text.encode(encoding)
    at = next(at for at, byte in enumerate(data) if byte > 0x7F)
    fix = files.encoding_fix("a.conll", data, at)
    assert fix == f"Convert it, for example with `iconv -f {command} -t UTF-8 a.conll > NEW`, which reads '{word}'."


@pytest.mark.skipif(not shutil.which("iconv"), reason="needs iconv")
def test_iconv_knows_the_encodings_that_errors_name():
    of_unicode = {name for name in IANA_SUPPORTED if name.startswith("utf")}  # found by their marks and NUL bytes
    for name in {*IANA_SUPPORTED} - {*files.UNKNOWN_TO_ICONV, "latin_1"} - of_unicode:
        tool = ["iconv", "-f", name.replace("_", "-").upper(), "-t", "UTF-8"]
        assert subprocess.run(tool, input=b"a", capture_output=True, check=False).returncode == 0, name


@pytest.mark.parametrize("name", ["my corpus.conll", "it's.conll", "-a.conll", "a.conll.gz"])
def test_the_command_converts_a_file_of_any_name(tmp_path, name):
    data = "in\tO\nZürich\tB-LOC\n".encode("cp1252")
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    command = files.encoding_fix(name, data, 6).split("`")[1]
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    assert (tmp_path / "NEW").read_text() == "in\tO\nZürich\tB-LOC\n"


def test_halves_of_characters_are_joined_by_the_command_of_the_error(tmp_path):
    data = b"in \xed\xa0\xbd\xed\xb8\x80 or \xed\xa0\xbd O\n"
    (tmp_path / "a.conll").write_bytes(data)
    fix = files.encoding_fix("a.conll", data, 3)
    command = fix.split("`")[1].replace("NEW", "new.conll")
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    assert (tmp_path / "new.conll").read_text(encoding="utf-8") == "in 😀 or \ufffd O\n"


@pytest.mark.parametrize("data", [bytes(range(1, 256)), "Иван едет в Москву\n".encode("utf-16-le") + b"\x80"])
def test_binary_data_has_no_encoding(data):
    assert files.encoding_fix("a.conll", data, 127 if data[0] == 1 else len(data) - 1).startswith(
        "The file is binary, or"
    )


def test_a_line_in_another_encoding_than_the_text_before_it_is_to_be_corrected():
    data = "Zürich O\n".encode() + "Köln O\n".encode("cp1252")
    assert files.encoding_fix("a.conll", data, 11).startswith("The text before it is UTF-8. Correct the line")


def test_utf16_without_a_byte_order_mark_is_found_by_its_nul_bytes():
    for text in ("Oslo B-LOC", "Zürich\tO\n", "Київ B-LOC\nмісто O\n"):
        assert files.utf16_without_mark(text.encode("utf-16-le")) == "UTF-16LE"
        assert files.utf16_without_mark(text.encode("utf-16-be")) == "UTF-16BE"
    for data in (b"", b"\0", b"ab\0c", b"Oslo B-LOC\0", bytes(100), bytes(range(256)), "Київ".encode()):
        assert files.utf16_without_mark(data) == ""
