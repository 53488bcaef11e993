"""Copies of the output, with stand-ins for the registry and the job."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.lazy import LazyModule

from components.common.errors import NerError
from components.serving.batch_prediction.job import BatchResult

MODULE = "components.serving.batch_predictor.executor"
executor = LazyModule(MODULE)
artifacts = LazyModule("components.artifacts")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Returns a function that runs the node and returns the job, or the error before it."""
    version = SimpleNamespace(version=3, tree_hash="abc")
    registry = SimpleNamespace(get=lambda name, alias: version, fetch=lambda version, folder: folder)
    monkeypatch.setattr(f"{MODULE}.ModelRegistry", lambda uri: registry)
    jobs = []

    def job(batch, show_progress):
        jobs.append(batch)
        for suffix in (".txt", ".ann") if batch.format == "brat" else (Path(batch.output).suffix,):
            Path(batch.output).with_suffix(suffix).write_text(f"rows{suffix}")
        return BatchResult(5, 0, 0, 1.0, ("late",))

    monkeypatch.setattr(f"{MODULE}.run_batch", job)
    rows = artifacts.Rows()
    rows.uri = str(tmp_path / "in.tsv")
    Path(rows.uri).touch()

    def node(**parameters):
        predictions = artifacts.Predictions()
        predictions.uri = str(tmp_path / "predictions")
        properties = {"registry_uri": "sqlite://", "model_name": "ner", **parameters}
        executor.Executor().Do({"rows": [rows]}, {"predictions": [predictions]}, properties)
        return jobs[-1]

    return SimpleNamespace(node=node, jobs=jobs)


@pytest.fixture
def bucket(tmp_path):
    """Folder behind addresses of an object store that TFX knows."""
    from tfx.dsl.io import filesystem_registry
    from tfx.dsl.io.plugins.local import LocalFilesystem

    folder = tmp_path / "bucket"
    known = filesystem_registry.DEFAULT_FILESYSTEM_REGISTRY._preferred_filesystem_by_scheme

    def path(address):
        return str(folder / str(address).removeprefix("store://bucket/"))

    class Store(LocalFilesystem):
        @staticmethod
        def open(name, mode="r"):
            return open(path(name), mode)

        @staticmethod
        def makedirs(name):
            Path(path(name)).mkdir(parents=True, exist_ok=True)

        @staticmethod
        def rename(src, dst, overwrite=False):
            Path(path(src)).rename(path(dst))

    known["store://"] = Store
    yield folder
    del known["store://"]


@pytest.mark.extended
def test_the_output_is_copied_to_an_object_store_or_a_volume(run, bucket, tmp_path):
    job = run.node(output="store://bucket/day/out.jsonl", quoting="none")
    assert (bucket / "day" / "out.jsonl").read_text() == "rows.jsonl"
    assert (job.quoting, job.input) == ("none", str(tmp_path / "in.tsv"))
    assert json.loads((tmp_path / "predictions" / "result.json").read_text())["absent"] == ["late"]
    run.node(output=f"{tmp_path}/volume/out.ann", format="brat", output_name="p.ann")
    written = {path.name: path.read_text() for path in (tmp_path / "volume").iterdir()}
    assert written == {"out.ann": "rows.ann", "out.txt": "rows.txt"}


@pytest.mark.extended
@pytest.mark.parametrize(
    ("output", "problem"),
    [
        ("s4://bucket/out.jsonl", r"output: s4://bucket/out\.jsonl: cannot be written \(.*artifact `predictions`"),
        ("out.jsonl", "output: out.jsonl: is lost with the pod. Give a path on a volume"),
        ("/proc/none/out.jsonl", "output: /proc/none/out.jsonl: cannot be written"),
    ],
)
def test_a_wrong_address_is_an_error_before_anything_is_tagged(run, output, problem):
    with pytest.raises(NerError, match=problem):
        run.node(output=output)
    assert not run.jobs
