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


def jobs(tiny, tmp_path, name, errors):
    fields = Fields("text", "id", ("more",))
    return [
        BatchJob(
            str(tmp_path / name),
            str(tmp_path / output),
            tiny,
            fields,
            errors=errors and tmp_path / errors,
            with_tokens=True,
        )
        for output in ("local.jsonl", "engine.jsonl")
    ]  # fmt: skip


@pytest.mark.extended
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_an_engine_gives_the_rows_of_a_local_job_by_key(tiny, tmp_path, name):
    texts = ["Joe Biden visited Paris France", "", "Xi Jinping went Kyiv"]
    if name == "a.csv":
        lines = ["id,text,more", *(f"{i},{texts[i % 3]},x{i}" for i in range(40)), "40,too,many,cells"]
    else:
        lines = [f'{{"id": {2**60 + i}, "text": "{texts[i % 3]}", "more": 1.{i}0}}' for i in range(40)]
        lines.append('{"id": 1, "text": null}')
    (tmp_path / name).write_text("\n".join(lines) + "\n")
    local, on_engine = jobs(tiny, tmp_path, name, "bad.jsonl")
    result = engine.run_on_engine(on_engine, DIRECT)
    shards = list(tmp_path.glob("engine-*-of-*.jsonl"))
    written = sorted(line for shard in shards for line in shard.read_text().splitlines())
    bad = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    run_batch(local, show_progress=False)
    assert (result.rows, result.bad) == (40, 1)
    assert written == sorted((tmp_path / "local.jsonl").read_text().splitlines())
    assert len(bad) == 1
    assert bad[0]["row"] == lines[-1]


@pytest.mark.extended
def test_an_engine_stops_at_a_bad_row_without_a_file_for_errors(tiny, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": 1, "text": 5}\n')
    _, job = jobs(tiny, tmp_path, "b*.jsonl", None)
    with pytest.raises(NerError, match=r"b\*\.jsonl: no file has such a name"):
        engine.run_on_engine(job, DIRECT)
    _, job = jobs(tiny, tmp_path, "a.jsonl", None)
    with pytest.raises(NerError, match=r"--runner Nope: .*Correct the name"):
        engine.run_on_engine(job, ["--runner=Nope"])
    with pytest.raises(NerError, match=r"'text': 5 is not a text .*without such rows\.$"):
        engine.run_on_engine(job, DIRECT)
