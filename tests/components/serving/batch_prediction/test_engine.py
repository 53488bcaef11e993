"""The same job as a Beam pipeline."""

from __future__ import annotations

import json

import pytest
from support.lazy import LazyModule

from components.common.errors import NerError
from components.serving.batch_prediction.fields import Fields
from components.serving.batch_prediction.job import BatchJob, run_batch

engine = LazyModule("components.serving.batch_prediction.engine")
DIRECT = ["--runner=DirectRunner", "--direct_running_mode=in_memory"]
TEXTS = ["Joe Biden visited Paris France", "", "Xi Jinping went Kyiv"]


def jobs(tiny, tmp_path, name, errors, output="jsonl", forward=("more",), **options):
    return [
        BatchJob(
            str(tmp_path / name),
            str(tmp_path / f"{place}.{output}"),
            tiny,
            Fields("text", "id", forward),
            errors=errors and tmp_path / errors,
            with_tokens=output != "csv",
            **options,
        )
        for place in ("local", "engine")
    ]


def lines_of(pattern, folder):
    return [line for shard in folder.glob(pattern) for line in shard.read_text().splitlines()]


@pytest.mark.extended
@pytest.mark.parametrize("name", ["a.jsonl", "a.tsv", "a.csv"])
def test_an_engine_gives_the_rows_and_errors_of_a_local_job_by_key(tiny, tmp_path, name):
    if name == "a.tsv":
        lines = ["id\ttext\tmore", *(f'{i}\t{TEXTS[i % 3]}\t"x{i}' for i in range(40)), "40\ttoo\tmany\tcells"]
    elif name == "a.csv":
        lines = ["id;text;more", *(f"{i};{TEXTS[i % 3]};x, {i}" for i in range(40)), "40;too;many;cells"]
    else:
        lines = [f'{{"id": {2**60 + i}, "text": "{TEXTS[i % 3]}", "more": 1.{i}0}}' for i in range(40)]
        lines.append('{"id": 1, "text": null}')
    (tmp_path / name).write_text("\n".join(lines) + "\n")
    local, on_engine = jobs(tiny, tmp_path, name, "bad.jsonl")
    result = engine.run_on_engine(on_engine, DIRECT)
    bad = [json.loads(line) for line in lines_of("bad.jsonl", tmp_path)]
    run_batch(local, show_progress=False)
    assert (result.rows, result.bad, result.absent) == (40, 1, ())
    assert sorted(lines_of("engine-*-of-*.jsonl", tmp_path)) == sorted(lines_of("local.jsonl", tmp_path))
    assert [{"file": str(tmp_path / name), **json.loads(line)} for line in lines_of("bad.jsonl", tmp_path)] == bad
    assert (bad[0]["line"], bad[0]["row"]) == (len(lines), lines[-1])
    with pytest.raises(NerError, match=r"there are shards of an earlier job, such as .*engine-00000-of-"):
        engine.run_on_engine(on_engine, DIRECT)


@pytest.mark.extended
def test_an_engine_writes_the_table_of_a_local_job_with_a_header_in_each_file(tiny, tmp_path):
    rows = [{"id": i, "text": text} for i, text in enumerate(["Joe Biden visited Paris", "", "nothing, else"])]
    (tmp_path / "a.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    local, on_engine = jobs(tiny, tmp_path, "a.jsonl", "bad.jsonl", "csv", ("text",))
    assert engine.run_on_engine(on_engine, DIRECT).empty == 1
    run_batch(local, show_progress=False)
    header, *written = lines_of("local.csv", tmp_path)
    shards = [path.read_text().splitlines() for path in tmp_path.glob("engine-*-of-*.csv")]
    assert {shard[0] for shard in shards} == {header} == {"id,text,entity,label,start,end,score"}
    assert sorted(line for shard in shards for line in shard[1:]) == sorted(written)
    assert len(written) == 4


@pytest.mark.extended
@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.parquet"])
def test_an_engine_writes_the_parquet_columns_of_a_local_job(tiny, tmp_path, name):
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    import gzip

    if name == "a.parquet":
        forward = ("when", "kind")
        times = pa.array([10**18 + i for i in range(40)], pa.timestamp("ns"))
        kinds = pa.array([f"k{i % 3}" for i in range(40)]).dictionary_encode()
        texts = [None if i == 33 else TEXTS[i % 3] for i in range(40)]
        table = pa.table({"id": pa.array(range(40), pa.int16()), "text": texts, "when": times, "kind": kinds})
        parquet.write_table(table, tmp_path / name, row_group_size=15, version="2.6")
    else:
        forward = ("more", "never")
        rows = [{"id": i, "text": None if i == 33 else TEXTS[i % 3], "more": [i]} for i in range(40)]
        (tmp_path / name).write_bytes(gzip.compress("".join(f"{json.dumps(row)}\n" for row in rows).encode()))
    local, on_engine = jobs(tiny, tmp_path, name, "bad.jsonl", "parquet", forward)
    result = engine.run_on_engine(on_engine, DIRECT)
    (bad,) = (json.loads(line) for line in lines_of("bad.jsonl", tmp_path))
    assert (result.rows, result.bad, bad["line"]) == (39, 1, 34)
    assert result.absent == (("never",) if "never" in forward else ())
    run_batch(local, show_progress=False)
    shards = [parquet.read_table(path) for path in sorted(tmp_path.glob("engine-*-of-*.parquet"))]
    written, expected = pa.concat_tables(shards), parquet.read_table(local.output)
    assert written.schema.equals(expected.schema)
    assert sorted(written.to_pylist(), key=lambda row: row["id"]) == expected.to_pylist()
    assert not list(tmp_path.glob("beam-temp-*"))


@pytest.fixture
def store(tmp_path):
    """Scheme of an object store, whose objects are files below `store`."""
    from apache_beam.io.filesystem import FileMetadata
    from apache_beam.io.localfilesystem import LocalFileSystem

    root = tmp_path / "store"

    class Store(LocalFileSystem):
        @classmethod
        def scheme(cls):
            return "store"

        def path(self, address):
            return str(root / address.removeprefix("store://"))

        def join(self, base, *parts):
            return "/".join([base.rstrip("/"), *parts])

        def split(self, address):
            head, _, tail = address.rpartition("/")
            return head, tail

        def _list(self, address):
            for file in sorted(root.rglob("*")):
                if file.is_file():
                    yield FileMetadata(f"store://{file.relative_to(root)}", file.stat().st_size)

        def has_dirs(self):
            return False

        def mkdirs(self, address):
            (root / address.removeprefix("store://")).mkdir(parents=True)

        def exists(self, address):
            return super().exists(self.path(address))

        def create(self, address, *arguments, **options):
            return super().create(self.path(address), *arguments, **options)

        def open(self, address, *arguments, **options):
            return super().open(self.path(address), *arguments, **options)

        def rename(self, old, new):
            return super().rename([*map(self.path, old)], [*map(self.path, new)])

        def delete(self, addresses):
            for address in addresses:
                super().delete([self.path(address)])

    (root / "bucket").mkdir(parents=True)
    yield root / "bucket"
    del Store
    import gc

    gc.collect()  # Beam knows file systems as subclasses


@pytest.mark.extended
@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_an_engine_reads_and_writes_an_object_store(tiny, store, kind):
    for part in range(2):
        rows = [{"id": f"{part}-{i}", "text": TEXTS[i]} for i in range(3)]
        (store / f"day-{part}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows) + "[\n")
    address = "store://bucket"
    job = BatchJob(
        f"{address}/day-*.jsonl", f"{address}/out.{kind}", tiny, Fields("text", "id"), errors=f"{address}/bad.jsonl"
    )
    result = engine.run_on_engine(job, DIRECT)
    assert (result.rows, result.bad) == (6, 2)
    places = {(row["file"], row["line"]) for row in map(json.loads, lines_of("bad.jsonl", store))}
    assert places == {(f"{address}/day-{part}.jsonl", 4) for part in range(2)}
    if kind == "jsonl":
        assert len(lines_of("out-*-of-*.jsonl", store)) == 6
    else:
        parquet = pytest.importorskip("pyarrow.parquet")
        assert sum(parquet.read_table(path).num_rows for path in store.glob("out-*-of-*.parquet")) == 6
    assert not [path for path in store.rglob("beam-temp*") if path.is_file()]
    with pytest.raises(NerError, match=r"store://bucket/day-\d\.jsonl:4: .*--errors FILE"):
        engine.run_on_engine(BatchJob(job.input, f"{address}/other.{kind}", tiny, job.fields), DIRECT)
    assert not [path for path in store.rglob("beam-temp*") if path.is_file()]
    assert not list(store.glob("other*"))
    with pytest.raises(NerError, match=r"--output other://b/out\.jsonl: cannot be written .*Correct the address"):
        engine.run_on_engine(BatchJob(job.input, "other://b/out.jsonl", tiny, job.fields), DIRECT)


@pytest.mark.extended
@pytest.mark.parametrize("name", ["a.txt", "a.tsv.gz"])
def test_an_engine_refuses_labelled_files_as_a_local_job_does(tiny, tmp_path, name):
    import gzip

    content = b"Joe\tB-PER\nBiden\tI-PER\nleft\tO\n\n" * 3
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    job = BatchJob(str(tmp_path / name), str(tmp_path / "out.jsonl"), tiny, Fields("sentence", None, ()))
    with pytest.raises(
        NerError, match=rf"{name}: has labels that would be read as text, such as a tag at each token\. `ner evaluate"
    ):
        engine.run_on_engine(job, DIRECT)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.extended
def test_an_engine_stops_at_a_bad_row_without_a_file_for_errors_and_leaves_nothing(tiny, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": 0, "text": ""}\n{"id": 1, "text": 5}\n')
    for output in ("jsonl", "parquet"):
        _, job = jobs(tiny, tmp_path, "a.jsonl", None, output)
        with pytest.raises(NerError, match=r"a\.jsonl:2: 'text': 5 is not a text.*without such rows\.$"):
            engine.run_on_engine(job, DIRECT)
        assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.jsonl"]
        assert not list(tmp_path.glob("beam-temp-*"))


@pytest.mark.extended
@pytest.mark.parametrize(
    ("changes", "arguments", "problem"),
    [
        ({"name": "b*.jsonl"}, DIRECT, r"b\*\.jsonl: no file has such a name"),
        ({}, ["--runner=Nope"], r"ner predict: --runner=Nope: .*Correct the name"),
        ({}, [*DIRECT, "--direct_num_workers=2x"], r"wrong value \(argument --direct_num_workers: invalid"),
        ({}, [*DIRECT, "--errros=x"], "neither ner nor Beam has the option --errros"),
        ({}, [*DIRECT, "--num_wokers", "3"], "Is --num_workers meant"),
        ({"errors": "a.jsonl"}, DIRECT, "--errors .*a.jsonl: is also --input"),
        ({"output": "ann", "format": "brat"}, DIRECT, "--format brat: is one document"),
        ({"resume": True}, DIRECT, "--resume: a runner repeats"),
    ],
    ids=str,
)
def test_what_an_engine_cannot_do_is_refused_before_it_starts(tiny, tmp_path, changes, arguments, problem):
    (tmp_path / "a.jsonl").write_text('{"id": 1, "text": "Joe"}\n')
    options = {"name": "a.jsonl", "errors": None, **changes}
    job = jobs(tiny, tmp_path, **options)[1]
    if "format" in options:
        import dataclasses

        job = dataclasses.replace(job, with_tokens=False)
    with pytest.raises(NerError, match=problem):
        engine.run_on_engine(job, arguments)
