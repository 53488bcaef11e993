"""Checks of machine and corpus before a run."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import namedtuple

import pytest
from support.processes import run
from support.repository import python_environment

from components.common import faults
from components.common.errors import NerError
from components.common.faults import MachineError
from components.corpus_example_gen.errors import CorpusError
from configs.loading import load_config
from pipeline.run.inputs import prepare_inputs
from pipeline.run.preflight import (
    ReadingLimits,
    read_beginnings,
    require_machine,
    require_readable_corpus,
    require_space,
)
from pipeline.run.sound_metadata import require_sound_metadata

_Space = namedtuple("_Space", "f_bavail f_frsize f_blocks")


def config_of(work_dir, *settings):
    return load_config(None, [f"work_dir={work_dir}", *settings])


def test_a_new_work_folder_passes_and_is_not_created(tmp_path):
    require_machine(config_of(tmp_path / "new" / "work"))
    assert list(tmp_path.iterdir()) == []


def test_a_work_folder_that_is_a_file_or_below_one_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "work"):
        with pytest.raises(MachineError, match=rf"^work_dir: {path}: a part of the path is a file"):
            require_machine(config_of(path))


@pytest.mark.parametrize("setting", ["registry.serving_dir", "trainer.checkpoint_dir", "registry.uri"])
def test_every_folder_of_a_run_is_checked(tmp_path, setting):
    (tmp_path / "file").touch()
    value = tmp_path / "file" / "x"
    address = f"sqlite:///{value}/mlflow.db" if setting == "registry.uri" else value
    with pytest.raises(MachineError, match=rf"^{setting}: {value}: a part of the path is a file"):
        require_machine(config_of(tmp_path / "work", f"{setting}={address}"))


def in_own_mounts(script, *arguments):
    """Runs a script in a namespace where it may mount; the system may forbid it."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("the system forbids mounts in a namespace")
    command = ["unshare", "-rm", "sh", "-ec", script, "sh", sys.executable, *map(str, arguments)]
    return run(command, env=python_environment(), capture_output=True, text=True)


_NER = '"$1" -c "from pipeline.cli.main import main; main()"'


def test_run_names_a_read_only_work_folder_and_list_still_works(tmp_path):
    script = (
        f'mount --bind "$2" "$2"; mount -o remount,ro,bind "$2"; {_NER} registry list --set work_dir="$2"; '
        f'{_NER} run --set work_dir="$2"'
    )
    result = in_own_mounts(script, tmp_path)
    expected = f"error: work_dir: {tmp_path}: cannot be written (read-only file system)."
    assert result.returncode == 1
    assert expected in result.stderr
    assert "defect" not in result.stderr
    assert result.stderr.count("error:") == 1, "registry list reads only"


def test_run_names_a_full_disk(tmp_path):
    script = (
        'mount -t tmpfs -o size=64k tmpfs "$2"; head -c 64k /dev/zero > "$2/zero" || true; '
        f'{_NER} run --set work_dir="$2/work"'
    )
    result = in_own_mounts(script, tmp_path)
    assert result.returncode == 1
    assert f"error: work_dir: {tmp_path}/work: the disk is full (0 MB free at {tmp_path}/work)" in result.stderr


@pytest.mark.parametrize(("free", "outcome"), [(100, "error"), (200, "warning"), (1000, "nothing")])
def test_space_is_compared_with_an_estimate(tmp_path, monkeypatch, caplog, free, outcome):
    monkeypatch.setattr(os, "statvfs", lambda _: _Space(free, 10**6, 10**6))
    (tmp_path / "train.conll").write_text("a O\n" * 1000)
    expected = pytest.raises(MachineError, match=r"^work_dir: .* has 100 MB free, and the run needs about 150 MB")
    with expected if outcome == "error" else contextlib.nullcontext():
        require_space(config_of(tmp_path / "work"), tmp_path.iterdir())
    assert ("has 200 MB free" in caplog.text) == (outcome == "warning")


def test_file_systems_that_report_no_size_are_not_judged(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "statvfs", lambda _: _Space(0, 4096, 0))
    assert faults.free_space(tmp_path) is None
    require_space(config_of(tmp_path / "work"), [tmp_path])


@pytest.fixture
def store(tmp_path):
    """A work folder with a sound metadata store and an artifact."""
    path = tmp_path / "metadata" / "ner.sqlite"
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as database:
        for table in ("Artifact", "Context", "Event", "Execution", "MLMDEnv", "Type"):
            database.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT)")
        database.executemany("INSERT INTO Type (name) VALUES (?)", [("x" * 100,)] * 1000)
        database.commit()
    (tmp_path / "artifacts" / "Trainer").mkdir(parents=True)
    return path


def damaged(path, kind):
    content = path.read_bytes()
    path.unlink()
    match kind:
        case "empty":
            path.touch()
        case "truncated":
            path.write_bytes(content[: len(content) // 2])
        case "text":
            path.write_text("a text\n" * 1000)
        case "garbage":
            path.write_bytes(content[:4096] + os.urandom(len(content) - 4096))
        case "folder":
            path.mkdir()
        case "another program":
            with contextlib.closing(sqlite3.connect(path)) as database:
                database.execute("CREATE TABLE t (a)")
        case "missing table":
            path.write_bytes(content)
            with contextlib.closing(sqlite3.connect(path)) as database:
                database.execute("DROP TABLE Event")


@pytest.mark.parametrize(
    "kind", ["empty", "truncated", "text", "garbage", "folder", "another program", "missing table"]
)
def test_a_damaged_metadata_store_is_refused_and_its_cure_works(store, kind):
    work = store.parents[1]
    require_machine(config_of(work))
    damaged(store, kind)
    with pytest.raises(MachineError, match=rf"^{store}: the metadata of the runs is damaged: ") as caught:
        require_machine(config_of(work))
    assert "registry and the served versions are not affected" in str(caught.value)
    subprocess.run(str(caught.value).split("`")[1], shell=True, check=True)
    require_machine(config_of(work))
    assert not (work / "artifacts").exists()


def test_artifacts_without_metadata_are_refused(store):
    store.unlink()
    with pytest.raises(MachineError, match=r"is missing, but .*artifacts holds artifacts\. New artifacts would mix"):
        require_sound_metadata(store, store.parents[1] / "artifacts")


def test_another_name_is_told_that_its_runs_would_overwrite_artifacts(store):
    with pytest.raises(MachineError, match=r"^name: .* holds the runs of ner, and those of other would overwrite"):
        require_sound_metadata(store.with_name("other.sqlite"), store.parents[1] / "artifacts")


def test_a_store_that_a_killed_process_left_empty_is_a_new_one(store):
    store.write_bytes(b"")
    shutil.rmtree(store.parents[1] / "artifacts")
    require_sound_metadata(store, store.parents[1] / "artifacts")


def test_a_locked_store_is_sound(store):
    with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        require_sound_metadata(store, store.parents[1] / "artifacts")
        writer.execute("ROLLBACK")


def test_a_job_server_that_does_not_respond_is_named_before_the_run(tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"localhost:{server.getsockname()[1]}"
        settings = [f"beam.args=[--runner=PortableRunner, --job_endpoint={endpoint}]"]
        require_machine(config_of(tmp_path / "work", *settings))
    with pytest.raises(
        MachineError, match=rf"^beam.args: --job_endpoint={endpoint}: no job server responds \(.*refused"
    ):
        require_machine(config_of(tmp_path / "work", *settings))
    require_machine(config_of(tmp_path / "work", "beam.args=[--runner=PortableRunner, --job_endpoint=embed]"))


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("--runner=no_such.Runner", r"--runner=no_such\.Runner: No module named 'no_such'\. Correct the name, install"),
        ("--runner=json.Runner", r"--runner=json\.Runner: module 'json' has no attribute 'Runner'\. Correct"),
        ("--runner=DataflowRunner", "--runner=DataflowRunner: .*(Missing required option: project|apache_beam.gcp)"),
        ("--runner=PortableRunner", "--runner=PortableRunner: needs --job_endpoint"),
        ("--runner=FlinkRunner, --parallelism=2", ""),  # its job server adds options
        ("--runner=DirectRunner, --direct_num_wokers=2", "neither ner nor Beam .* Is --direct_num_workers meant"),
        (
            "--runner=DirectRunner, --direct_num_workers=x",
            r"an option has a wrong value \(argument --direct_num_workers: ",
        ),
    ],
)
def test_arguments_that_beam_cannot_use_are_named_before_the_run(tmp_path, arguments, problem):
    config = config_of(tmp_path / "work", f"beam.args=[{arguments}]")
    expected = pytest.raises(NerError, match=f"^beam.args: {problem}") if problem else contextlib.nullcontext()
    with expected:
        require_machine(config)
    assert not list(tmp_path.iterdir())


def readable_corpus(tmp_path, name, data, *settings):
    """Checks a corpus of one file."""
    (tmp_path / name).write_bytes(data)
    config = config_of(tmp_path / "work", f"corpus.path={tmp_path / name}", *settings)
    require_readable_corpus(config, prepare_inputs(config))


_ROWS = b"Ida\tB-PER\nleft\tO\n\n"


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("a.conll", b"", r"a\.conll: has no sentence"),
        ("a.csv", b"a,b\nfoo,bar\n", r"a\.csv:1: found 'b', expected a tag"),
        ("a.conll", b"left\tO\n\n", "in the training split, no sentence has an entity"),
        ("a.conll", _ROWS + b"left\tB-\n" + _ROWS * 50_000, r"a\.conll:4: found 'B-'"),
        ("a.json", b'[{"text": "Ida", "spans": [{"start": 0, "end": 9, "label": "PER"}]}]', r"a\.json"),
    ],
)
def test_a_corpus_that_cannot_be_read_is_an_error_before_tfx_is_loaded(tmp_path, name, data, problem):
    with pytest.raises(CorpusError, match=problem):
        readable_corpus(tmp_path, name, data)


def test_an_error_that_the_rest_of_a_large_file_resolves_is_none(tmp_path):
    # A beginning of bare types without any outside token is refused.
    rows = b"Ida\tPERSON\n\n" * 6_000 + b"left\tO\n\n" * 20_000
    with pytest.raises(CorpusError, match="found 'PERSON'"):
        readable_corpus(tmp_path, "a.conll", rows[:60_000])
    readable_corpus(tmp_path, "b.conll", rows)


def test_only_the_beginning_of_a_large_corpus_is_read(tmp_path):
    readable_corpus(tmp_path, "a.conll", _ROWS * 10_000 + b"left\tB-\n")
    record = b'{"text": "Ida left", "spans": [{"start": 0, "end": 3, "label": "PER"}]}'
    readable_corpus(tmp_path, "a.json", b"[" + b",".join([record] * 20_000) + b", 1]")


def test_the_limits_hold_for_files_without_a_beginning_of_their_own_and_for_confirmations(tmp_path):
    record = b'{"text": "Ida left", "spans": [{"start": 0, "end": 3, "label": "PER"}]}'
    readable_corpus(tmp_path, "a.jsonl", b"[" + b",".join([record] * 20_000) + b", 1]")  # a list, in spite of its name
    readable_corpus(tmp_path, "one_line.conll", b"Ida " * 500_000)
    readable_corpus(tmp_path, "a.conll", _ROWS + b"left\tB-\n" + _ROWS * 800_000)


@pytest.mark.parametrize("separator", [",", "\n"])
def test_a_training_file_that_is_not_read_may_decide_on_the_tokenizer(tmp_path, separator):
    record = '{"text": "王磊来了北京", "spans": [{"start": 0, "end": 2, "label": "PER"}]}'
    train, dev = (separator.join([record] * number) for number in (20_000, 50))
    array = separator == ","
    (tmp_path / "train.json").write_text(f"[{train}]" if array else train)
    (tmp_path / "dev.jsonl").write_text(dev.replace("},{", "}\n{"))
    config = config_of(tmp_path / "work", f"corpus.path={tmp_path}")
    require_readable_corpus(config, prepare_inputs(config))
    (tmp_path / "dev.jsonl").write_text(record.replace("2", "9"))
    with pytest.raises(CorpusError, match="dev"):
        require_readable_corpus(config, prepare_inputs(config))


@pytest.mark.parametrize(
    "rows", [b"B-PER Ida\nO left the house\nB-LOC New York\nO sat\n", b"Ida B-PER\nNew York City B-LOC\n"]
)
def test_rows_of_different_widths_with_tags_are_not_taken_for_text(tmp_path, rows):
    with pytest.raises(CorpusError) as caught:
        readable_corpus(tmp_path, "a.conll", rows * 3 + b"it was so\n")
    assert "without labels" not in str(caught.value)


def test_the_limit_of_bytes_holds_for_all_files_together(tmp_path):
    record = b'[{"text": "Ida left", "spans": [{"start": 0, "end": 3, "label": "PER"}]}]'
    (tmp_path / "corpus").mkdir()
    for name, content in (("train", record), ("dev", record), ("test", b"{}")):
        (tmp_path / "corpus" / f"{name}.json").write_bytes(content)
    config = config_of(tmp_path / "work", f"corpus.path={tmp_path / 'corpus'}")
    inputs, size = prepare_inputs(config), 2 * len(record)
    assert read_beginnings(config, inputs, ReadingLimits(total=size)).endswith("1 large file was not read")
    with pytest.raises(CorpusError, match=r"test\.json"):
        read_beginnings(config, inputs, ReadingLimits(total=size + 2))


def test_the_limit_of_confirmations_holds_for_all_files_together(tmp_path):
    # The beginning of each file is refused, and so is the third file as a whole.
    rows = b"Ida\tPERSON\n\n" * 6_000
    for number, rest in enumerate((20_000, 20_000, 0)):
        folder = tmp_path / "corpus" / "train"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.conll").write_bytes(rows + b"left\tO\n\n" * rest)
    config = config_of(tmp_path / "work", f"corpus.path={tmp_path / 'corpus'}")
    limits = ReadingLimits(sentences=300, size=50_000, confirmed=536_000)
    with pytest.raises(CorpusError, match=r"2\.conll"):
        read_beginnings(config, prepare_inputs(config), limits)
    read_beginnings(config, prepare_inputs(config), limits._replace(confirmed=535_999))
