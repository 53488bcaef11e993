"""Whole jobs with a tiny model in worker processes."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.lazy import LazyModule
from support.processes import popen

from components.common.errors import NerError
from components.serving.batch_prediction import pool, sources
from components.serving.batch_prediction.any_model import AnyModel
from components.serving.batch_prediction.errors import BatchError
from components.serving.batch_prediction.fields import Fields
from components.serving.batch_prediction.job import BatchJob, describe, run_batch

tf = LazyModule("tensorflow")
SENTENCES = ["Joe Biden visited Paris France", "", "Xi Jinping went Kyiv", "nothing"]
LABELS = [["NAME", "LOCATION"], [], ["NAME", "LOCATION"], []]


@pytest.fixture
def job(tiny, tmp_path, monkeypatch):
    """Returns a function that makes a job in the folder of the test."""
    monkeypatch.setattr(sources, "CHUNK_ROWS", 10)

    def make(lines, name="in.jsonl", output="out.jsonl", key="id", forward=(), model=tiny, text="text", **options):
        path = tmp_path / name
        if lines is not None:
            path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
        fields = Fields(text, key, tuple(forward), all=options.get("signature") is not None)
        return BatchJob(str(path), str(tmp_path / output), model, fields, **options)

    return make


def run(job):
    return run_batch(job, show_progress=False)


def lines_of(path):
    with gzip.open(path, "rt") if str(path).endswith(".gz") else open(path) as file:
        return file.read().splitlines()


def test_rows_keep_order_keys_and_forwarded_values_and_bad_ones_go_to_a_file(job, tmp_path):
    rows = [
        f'{{"id": {2**60 + i}, "text": "{SENTENCES[i % 4]}", "price": 1.{i}0, "at": {{"n": null}}}}' for i in range(35)
    ]
    rows[7] = '{"id": 7, "id": 8, "text": "twice"}'
    batch = job(rows, forward=("price", "at"), errors=tmp_path / "bad.jsonl", workers=2)
    result = run(batch)
    assert (result.rows, result.bad) == (34, 1)
    written = lines_of(batch.output)
    good = [i for i in range(35) if i != 7]
    for i, line in zip(good, written, strict=True):
        assert line.startswith(f'{{"id": {2**60 + i}, "price": 1.{i}0, "at": {{"n": null}}, "entities": [')
        entities = json.loads(line)["entities"]
        assert [entity["label"] for entity in entities] == LABELS[i % 4]
        assert all(SENTENCES[i % 4][e["start"] : e["end"]] == e["text"] and 0 < e["score"] <= 1 for e in entities)
    (bad,) = map(json.loads, lines_of(tmp_path / "bad.jsonl"))
    assert bad == {"line": 8, "reason": "the key 'id' twice in an object", "row": rows[7]}
    assert not batch.state_folder.exists()


def test_without_a_file_for_errors_a_bad_row_stops_the_job_and_a_corrected_file_starts_again(job):
    batch = job([{"id": 1, "text": "Joe"}, {"id": 2, "text": None}])
    with pytest.raises(BatchError, match=r"in\.jsonl:2: 'text': None is not a text\. Correct the row, or add --errors"):
        run(batch)
    assert not os.path.exists(batch.output)
    with pytest.raises(BatchError, match="holds an unfinished job"):
        run(batch)
    assert run(job([{"id": 1, "text": "Joe"}, {"id": 2, "text": "corrected"}])).rows == 2


@pytest.mark.parametrize(
    ("field", "option"),
    [
        ("text", "--text"),
        pytest.param("id", "--key", marks=pytest.mark.extended),
    ],
)
def test_a_field_that_no_row_has_stops_the_job(job, tmp_path, field, option):
    row = {"id": 1, "text": "Joe", "more": 1}
    batch = job([{f"x{name}" if name == field else name: value for name, value in row.items()}] * 3, forward=("more",),
                errors=tmp_path / "bad.jsonl")  # fmt: skip
    with pytest.raises(BatchError, match=rf"no field '{field}', it has .*x{field}.*\. Give one of them with {option}"):
        run(batch)
    assert not batch.state_folder.exists()


def test_a_forwarded_field_may_come_late_and_is_named_at_the_end_if_no_row_has_it(job, capsys):
    rows = [{"id": i, "text": SENTENCES[i % 4]} for i in range(25)]
    rows[24]["late"] = None
    batch = job(rows, forward=("late", "never"))
    result = run_batch(batch)
    assert result.absent == ("never",)
    assert "note: " in (printed := capsys.readouterr().err)
    assert "has no field 'late', it has id, text, as far as row 10. The job goes on." in printed
    written = [json.loads(line) for line in lines_of(batch.output)]
    assert [{*row} - {"id", "entities"} for row in written] == [set()] * 24 + [{"late"}]
    assert "no row has 'never': the output is complete, without it." in describe(result, batch)


@pytest.mark.parametrize("name", ["a.jsonl", "a.txt", "a.csv", "a.tsv", "a.parquet", "a.tfrecord"])
def test_an_input_without_rows_gives_an_empty_output_and_a_warning_with_its_name(job, tmp_path, name):
    lines = {"a.csv": ["id,text"], "a.tsv": ["id\ttext"], "a.txt": ["", " "]}.get(name, [])
    batch = job(lines, name, key=None)
    if name == "a.parquet":
        pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pa.table({"text": pa.array([], pa.string())}), batch.input)
    result = run(batch)
    assert describe(result, batch) == f"warning: {batch.input} has no row, so the output is empty. Check the input."
    assert lines_of(batch.output) == []


@pytest.mark.extended
def test_a_killed_job_continues_and_gives_the_same_bytes(job, tmp_path, tiny):
    rows = [{"id": i, "text": SENTENCES[i % 4]} for i in range(20_000)]
    whole = job(rows, output="whole.jsonl")
    run(whole)
    batch = job(None, resume=True)
    code = f"""
from pathlib import Path
from components.serving.batch_prediction import sources
from components.serving.batch_prediction.fields import Fields
from components.serving.batch_prediction.job import BatchJob, run_batch
sources.CHUNK_ROWS = 10
run_batch(BatchJob({batch.input!r}, {batch.output!r}, Path({str(tiny)!r}), Fields("text", "id")))
"""
    with popen([sys.executable, "-c", code]) as process:
        deadline = time.monotonic() + 60
        while len(list(batch.state_folder.glob("*.shard"))) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    assert not os.path.exists(batch.output)
    half = sorted(batch.state_folder.glob("*.shard"))[2]
    half.write_bytes(half.read_bytes()[:-3])
    result = run(batch)
    assert 0 < result.resumed < 20_000
    assert Path(batch.output).read_bytes() == Path(whole.output).read_bytes()


@pytest.mark.extended
def test_an_interrupted_command_says_how_to_go_on_and_leaves_no_process(job, tiny):
    batch = job([{"id": i, "text": SENTENCES[i % 4] * 20} for i in range(200_000)])
    command = ["predict", "--input", batch.input, "--output", batch.output, "--text", "text", "--model", str(tiny)]
    code = "import sys; from pipeline.cli.main import main; main(sys.argv[1:])"
    with popen([sys.executable, "-c", code, *command], stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not list(batch.state_folder.glob("*.shard")) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        _, printed = process.communicate(timeout=60)
    assert process.returncode == 143
    last = printed.splitlines()[-1]
    assert re.fullmatch(r"interrupted \(SIGTERM\) after [\d,]+ rows\. The same command with --resume continues\.", last)
    assert not os.path.exists(batch.output)
    assert list(batch.state_folder.glob("*.shard"))


def stopped(job, **options):
    """Runs a job that stops at its last row, after other chunks."""
    rows = [{"id": i, "text": SENTENCES[i % 4]} for i in range(30)]
    batch = job([*rows, {"id": 30}], **options)
    with pytest.raises(BatchError, match="no field 'text'"):
        run(batch)
    return batch


def test_a_job_with_another_input_model_or_other_options_is_not_continued(job, tmp_path, doubling):
    batch = stopped(job)
    for changes, what in [({"key": None}, "options changed.*key was id"), ({"model": doubling}, "the model changed")]:
        with pytest.raises(BatchError, match=what):
            run(job(None, resume=True, **changes))
    status = os.stat(batch.input)
    with open(batch.input, "r+b") as file:
        file.seek(6)
        file.write(b"9")
    os.utime(batch.input, ns=(status.st_atime_ns, 1_790_000_000 * 10**9))
    with pytest.raises(BatchError, match="the input changed") as refusal:
        run(job(None, resume=True))
    assert re.search(
        r"input: modified was 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC, is 2026-09-21 14:13:20 UTC\)", str(refusal.value)
    )
    os.utime(batch.input, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(BatchError, match="rows 1 to 10 changed since the job started"):
        run(job(None, resume=True))
    assert not os.path.exists(batch.output)


def test_a_row_that_is_not_utf8_stops_the_job_with_the_command_that_converts_the_file(job, tmp_path):
    own = job(['{"id": 1, "text": "Ida"}'])
    (tmp_path / "in.jsonl").write_bytes('{"id": 1, "text": "Zürich"}\n'.encode("cp1252"))
    with pytest.raises(BatchError, match=r"in\.jsonl:1: .* `iconv -f WINDOWS-1252 .* Or add --errors FILE to go on"):
        run(own)


def test_a_job_that_a_row_stops_does_not_report_that_row_as_done(job, capsys):
    batch = job([{"id": 1, "text": "Joe"}, {"id": 2, "text": None}])
    with pytest.raises(BatchError, match=r"in\.jsonl:2:"):
        run_batch(batch)
    assert "%" not in capsys.readouterr().err


@pytest.mark.extended
def test_a_stopped_job_goes_on_with_a_file_for_errors(job, tmp_path):
    stopped(job)
    result = run(job(None, resume=True, errors=tmp_path / "bad.jsonl.gz"))
    assert (result.rows, result.bad, result.resumed) == (30, 1, 31)
    assert json.loads(lines_of(tmp_path / "bad.jsonl.gz")[0])["line"] == 31


def test_ctrl_c_does_not_reach_the_processes_not_even_while_they_start(job, monkeypatch):
    started = []

    def start(self):
        worker = original(self)
        os.kill(worker.process.pid, signal.SIGINT)
        started.append(worker)
        return worker

    original = pool.Pool._start
    monkeypatch.setattr(pool.Pool, "_start", start)
    assert run(job([{"id": i, "text": SENTENCES[i % 4]} for i in range(4)])).rows == 4
    assert len(started) == 1


def test_a_process_that_is_killed_is_replaced_and_named_if_it_happens_again(job, monkeypatch):
    kills = [1]

    def start(self):
        worker = original(self)
        if kills[0]:
            kills[0] -= 1
            worker.process.kill()
        return worker

    original = pool.Pool._start
    monkeypatch.setattr(pool.Pool, "_start", start)
    rows = [{"id": i, "text": SENTENCES[i % 4]} for i in range(12)]
    assert run(job(rows)).rows == 12
    kills[0] = 2
    with pytest.raises(BatchError, match=r"rows 1 to 10: a process that tags them ended 2 times \(SIGKILL.*--workers"):
        run(job(rows))


@pytest.mark.extended
def test_keys_and_features_through_the_graph_are_those_of_the_row(job):
    rows = [{"id": i, "text": SENTENCES[i % 4], "source": "née", "tax": 0.1 * i} for i in range(4)]
    for signature in ("keyed", "feature_forward", "serving_examples"):
        batch = job(rows, forward=("source", "tax"), signature=signature)
        assert run(batch).rows == 4
        for row, line in zip(rows, map(json.loads, lines_of(batch.output)), strict=True):
            assert {name: line[name] for name in ("id", "source", "tax")} == {
                name: row[name] for name in ("id", "source", "tax")
            }
    with pytest.raises(NerError, match="no signature 'other'"):
        run(job(rows, signature="other"))
    rows[2]["tax"] = "high"
    with pytest.raises(BatchError, match=r"in\.jsonl:3: 'tax': .* is not a float32"):
        run(job(rows, signature="feature_forward"))


def test_values_that_a_signature_cannot_take_are_errors_of_their_rows(job, tmp_path):
    keys = ["a", {"b64": "/w=="}, {"b64": 3}, {"b64": "?"}, ["b"], 7]
    rows = [{"id": key, "text": SENTENCES[0], "source": "s", "tax": 1} for key in keys]
    rows += [{"id": 9, "text": SENTENCES[0], "source": ["s", ["t"]], "tax": tax} for tax in ([1, 2], [[1], [2, 3]], 1)]
    batch = job(rows, forward=("source", "tax"), signature="keyed", errors=tmp_path / "bad.jsonl")
    assert (run(batch).rows, run(batch).bad) == (8, 1)
    assert [json.loads(line)["id"] for line in lines_of(batch.output)] == [*keys[:4], 7, 9, 9, 9]
    (bad,) = map(json.loads, lines_of(tmp_path / "bad.jsonl"))
    assert (bad["line"], bad["reason"]) == (5, """'id': '["b"]' is a list, and the signature takes one value""")
    batch = job(rows, forward=("source", "tax"), signature="feature_forward", errors=tmp_path / "bad.jsonl")
    assert (run(batch).rows, run(batch).bad) == (6, 3)


@pytest.mark.extended
def test_a_model_that_is_not_a_tagger_gives_its_outputs(job, doubling):
    rows = [{"id": i, "text": "", "x": [i, 0.5], "name": "né"} for i in range(3)]
    batch = job(rows, model=doubling)
    run(batch)
    assert [json.loads(line) for line in lines_of(batch.output)] == [
        {"id": i, "outputs": {"length": 3, "name": "né", "twice": [2.0 * i, 1.0]}} for i in range(3)
    ]
    rows[1]["name"] = ["a", "b"]
    with pytest.raises(BatchError, match=r"in\.jsonl:2: `name` has values of shape \[2\]"):
        run(job(rows, model=doubling))
    with pytest.raises(BatchError, match="takes name, x, not texts alone"):
        AnyModel(doubling).run_texts(["Joe"])
    with pytest.raises(NerError, match="--format conll needs a tagger"):
        run(job(rows, model=doubling, format="conll", output="out.conll"))


@pytest.mark.extended
def test_columns_of_parquet_keep_their_types(job, tmp_path):
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    import datetime
    import decimal

    table = pa.table(
        {
            "id": pa.array([2**62 + i for i in range(24)]),
            "text": [None if i == 11 else SENTENCES[i % 4] for i in range(24)],
            "when": pa.array([datetime.datetime(2024, 1, i + 1) for i in range(24)], pa.timestamp("us")),
            "exact": pa.array(range(24), pa.timestamp("ns")),
            "price": pa.array([decimal.Decimal(f"1.{i:02d}") for i in range(24)]),
            "parts": pa.array([[i, None] for i in range(24)], pa.list_(pa.int16())),
        }
    )
    parquet.write_table(table, tmp_path / "in.parquet", row_group_size=7, version="2.6")
    kept = ("when", "exact", "price", "parts")
    options = {"name": "in.parquet", "forward": kept, "errors": tmp_path / "bad.jsonl"}
    batch = job(None, output="out.parquet", with_tokens=True, **options)
    assert (run(batch).rows, run(batch).bad) == (23, 1)
    written = parquet.read_table(batch.output)
    names = ["id", *kept]
    rest = table.take([i for i in range(24) if i != 11])
    assert written.select(names).cast(rest.select(names).schema).equals(rest.select(names))
    assert [written.schema.field(name).type for name in names] == [table.schema.field(name).type for name in names]
    as_lines = job(None, **options)
    run(as_lines)
    first = json.loads(lines_of(as_lines.output)[3])
    assert (first["id"], first["when"], first["price"]) == (2**62 + 3, "2024-01-04T00:00:00", 1.03)


@pytest.mark.extended
def test_json_fields_become_columns_that_hold_them_unchanged(job):
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [
        {"id": 2**60 + 1, "text": "Joe", "a": 1, "b": True, "c": 1.5, "d": "x", "e": None, "f": {"b64": "/w=="}},
        {"id": 2, "text": "Kyiv", "a": 2.5, "b": False, "c": {"y": [1]}, "d": "y", "e": None, "f": "f"},
    ]
    rows = [{**row, "g": {"b64": 3}, "h": {"b64": "/w==", "more": 1}} for row in rows]
    batch = job(rows, output="out.parquet", forward=tuple("abcdefgh"))
    run(batch)
    table = parquet.read_table(batch.output)
    types = {name: str(table.schema.field(name).type) for name in ("id", *"abcde")}
    assert types == {"id": "int64", "a": "double", "b": "bool", "c": "string", "d": "string", "e": "string"}
    first, last = table.to_pylist()
    assert (first["f"], last["f"]) == (b"\xff", b"f")
    assert (first["g"], first["h"]) == ('{"b64": 3}', '{"b64": "/w==", "more": 1}')
    assert (first["id"], first["c"], last["c"], last["entities"][0]["label"]) == (
        2**60 + 1,
        "1.5",
        '{"y": [1]}',
        "LOCATION",
    )


@pytest.mark.extended
def test_features_of_tfrecords_are_values_and_a_changed_byte_is_noticed(job, tmp_path):
    path = tmp_path / "data_tfrecord-00000-of-00001.gz"
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for i in range(12):
            features = {
                "text": [SENTENCES[i % 4].encode()], "id": [b"\xff\xfe" if i == 1 else b"row"], "n": [i, 2**60],
                "tax": [0.1],
            }  # fmt: skip
            example = tf.train.Example()
            for name, values in features.items():
                kind = {bytes: "bytes_list", int: "int64_list", float: "float_list"}[type(values[0])]
                getattr(example.features.feature[name], kind).value.extend(values)
            writer.write(example.SerializeToString())
    batch = job(None, name=path.name, forward=("n", "tax"))
    run(batch)
    written = lines_of(batch.output)
    assert written[1].startswith('{"id": {"b64": "//4="}, "n": [1, 1152921504606846976], "tax": 0.1, "entities"')
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[40] ^= 1
    path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(BatchError, match=r"damaged after row 0 \(wrong checksum of a record"):
        run(job(None, name=path.name))


@pytest.mark.parametrize(
    ("format_name", "output"), [("conll", "o.txt"), ("highlight", "o.txt"), ("brat", "o.ann"), ("doccano", "o.jsonl")]
)
@pytest.mark.extended
def test_other_formats_show_the_same_entities(job, tmp_path, format_name, output):
    batch = job([{"id": f"k{i}", "text": SENTENCES[i % 4]} for i in range(24)], format=format_name, output=output)
    run(batch)
    text = (tmp_path / output).read_text()
    if format_name == "conll":
        assert "# id = k0\nJoe\tB-NAME\nBiden\tI-NAME\nvisited\tOUT\n" in text
    elif format_name == "highlight":
        assert text.splitlines()[0] == "k0\t[Joe Biden NAME] visited [Paris France LOCATION]"
    elif format_name == "doccano":
        assert json.loads(text.splitlines()[2])["label"] == [[0, 10, "NAME"], [16, 20, "LOCATION"]]
    else:
        document = (tmp_path / "o.txt").read_text()
        marks = [line.split("\t") for line in text.splitlines() if line.startswith("T")]
        assert [mark[0] for mark in marks] == [f"T{i}" for i in range(1, 25)]
        for _, where, entity in marks:
            start, end = map(int, where.split()[1:])
            assert document[start:end] == entity


@pytest.mark.parametrize(
    ("name", "lines", "numbers"),
    [
        ("a.txt", ["Joe Biden", "", "  ", "Kyiv"], [1, 4]),
        ("a.jsonl", [{"text": "Joe Biden"}, "", {"text": 3}, {"text": "Kyiv"}], [1, 4]),
        ("a.csv", ["text,n", '"Joe\nBiden",1', "", "Kyiv,2"], [2, 5]),
        ("a.parquet", ["Joe Biden", None, "Kyiv"], [1, 3]),
    ],
)
@pytest.mark.parametrize("output", ["out.jsonl", "out.parquet"])
def test_rows_without_a_key_have_their_line(job, tmp_path, name, lines, numbers, output):
    parquet = pytest.importorskip("pyarrow.parquet")
    batch = job(None if name == "a.parquet" else lines, name, output, key=None, errors=tmp_path / "bad.jsonl")
    if name == "a.parquet":
        import pyarrow

        parquet.write_table(pyarrow.table({"text": lines}), batch.input)
    run(batch)
    as_table = output == "out.parquet"
    rows = parquet.read_table(batch.output).to_pylist() if as_table else [*map(json.loads, lines_of(batch.output))]
    assert [[*row] for row in rows] == [["line", "entities"]] * 2
    assert [row["line"] for row in rows] == numbers
    assert [row["entities"][0]["label"] for row in rows] == ["NAME", "LOCATION"]


@pytest.mark.parametrize(
    ("format_name", "output", "start"),
    [
        ("doccano", "o.jsonl", '{"line": 2, "text": "Joe", '),
        ("conll", "o.conll", "# line = 2\nJoe\tB-NAME\n"),
        ("highlight", "o.txt", "[Joe NAME]\n"),
    ],
)
def test_formats_for_programs_have_the_line_of_a_row_without_a_key(job, tmp_path, format_name, output, start):
    run(job(["", "Joe"], "a.txt", output, key=None, format=format_name))
    assert (tmp_path / output).read_text().startswith(start)
    run(job([{"line": "mine", "text": "Joe"}], output="own.jsonl", key=None, forward=("line",)))
    assert lines_of(tmp_path / "own.jsonl")[0].startswith('{"line": "mine", "entities": ')


@pytest.mark.parametrize("output", ["out.csv", "out.tsv", "out.csv.gz"])
def test_a_table_has_a_row_for_each_entity_and_one_for_a_text_without_any(job, output):
    rows = [
        {"id": "a", "text": 'Joe "Joe"\nBiden, Paris', "n": {"x": 1.10}},
        {"id": "b", "text": "", "n": None},
        {"id": "c", "text": "Kyiv"},
    ]
    batch = job(rows, output=output, forward=("text", "n"))
    assert run(batch).rows == 3
    opened = gzip.open if output.endswith(".gz") else open
    with opened(batch.output, "rt", newline="") as file:
        header, *written = csv.reader(file, delimiter="\t" if ".tsv" in output else ",")
    assert header == ["id", "text", "n", "entity", "label", "start", "end", "score"]
    assert {row[0] for row in written} == {"a", "b", "c"}
    for key, text, _, entity, label, start, end, score in written:
        if key == "b":
            assert (text, entity, label, start, end, score) == ("",) * 6
        else:
            assert (text[int(start) : int(end)], label in ("NAME", "LOCATION")) == (entity, True)
            assert 0 < float(score) <= 1
    assert {row[0]: row[2] for row in written} == {"a": '{"x": 1.1}', "b": "", "c": ""}
    assert len([row for row in written if row[0] == "a"]) > 1


def test_texts_that_are_empty_are_counted(job):
    result = run(batch := job([{"id": i, "text": text} for i, text in enumerate(["Joe", "", " ", "Kyiv"])]))
    assert result.empty == 2
    assert describe(result, batch).splitlines()[-1] == "note: 2 rows with an empty text"


def test_a_table_of_entities_needs_a_tagger(job, doubling):
    row = {"id": 1, "x": [1.0, 2.0], "name": "n"}
    with pytest.raises(NerError, match="--output: a table of entities needs a tagger"):
        run(job([row], output="out.csv", text="name", model=doubling))


def test_options_that_cannot_work_are_refused_before_the_model_is_loaded(job, tmp_path):
    row = [{"id": 1, "text": "Joe"}]
    (tmp_path / "mine.txt").touch()
    for changes, problem in [
        ({"output": "in.jsonl"}, "is also --"),
        ({"output": "none/out.jsonl"}, "its folder does not exist"),
        ({"forward": ("entities",)}, "--forward entities: the answer has a field of this name"),
        ({"forward": ("label",), "output": "o.csv"}, "--forward label: the answer has a field of this name"),
        ({"output": "o.csv", "with_tokens": True}, "--tokens: a table of entities has no place"),
        ({"output": "o.csv", "format": "doccano"}, "doccano has no .csv form"),
        ({"format": "conll", "output": "o.conll", "with_tokens": True}, "--tokens: conll has no place"),
        ({"errors": "-"}, "--errors -: needs a file"),
        ({"format": "brat", "output": "o.ann", "errors": tmp_path / "o.txt"}, "o.txt: is also the text of --output"),
        ({"format": "brat", "output": "mine.ann"}, "mine.txt would be replaced, and is not of an earlier job"),
    ]:
        with pytest.raises(BatchError, match=problem):
            run(job(row, **changes))
