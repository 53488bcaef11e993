"""Beam on a portable job server with a worker pool: the node submits, other processes compute.

Beam's own job server has the portability API of Flink, Spark and Dataflow. Both sides need the artifacts and the code.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A job server and a worker pool, with their logs."""

    beam_args: list[str]
    job_log: Path
    pool_log: Path

    def jobs_done(self) -> int:
        return len(re.findall(r"Completed job in [\d.]+ seconds with state DONE", self.job_log.read_text()))

    def workers_started(self) -> int:
        return self.pool_log.read_text().count("Starting worker with command")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    pool_port, port_file = _free_port(), folder / "port"
    commands = {
        "job": ["local_job_service_main", f"--port_file={port_file}", f"--staging_dir={folder / 'staging'}"],
        "pool": ["worker_pool_main", f"--service_port={pool_port}"],
    }
    # The pool starts its workers with the `python` of the PATH.
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    processes = []
    try:
        for name, (module, *options) in commands.items():
            where = "portability" if name == "job" else "worker"
            with (folder / f"{name}.log").open("w") as log:
                command = [sys.executable, "-m", f"apache_beam.runners.{where}.{module}", *options]
                processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder))
        _wait_for(port_file, folder)
        # Without sdk_container_image TFX packs itself for the workers, which already have it.
        beam_args = ["--runner=PortableRunner", f"--job_endpoint=localhost:{port_file.read_text().strip()}"]
        beam_args += ["--environment_type=EXTERNAL", f"--environment_config=localhost:{pool_port}"]
        yield Cluster([*beam_args, "--sdk_container_image=ours"], folder / "job.log", folder / "pool.log")
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def _wait_for(file: Path, folder: Path) -> None:
    end = time.monotonic() + 120
    while not (file.exists() and file.read_text().strip()):
        output = "".join(log.read_text() for log in folder.glob("*.log"))
        assert time.monotonic() < end, f"no job server after two minutes: {output}"
        time.sleep(0.1)


@dataclasses.dataclass(frozen=True)
class Pod:
    """A node's mirror of the object store, and a folder that workers also reach."""

    mirror: Path
    shared: Path

    def artifact(self, kind: type, name: str):
        artifact = kind()
        artifact.uri = str(self.mirror / "minio/bucket" / name)
        os.makedirs(artifact.uri, exist_ok=True)
        return artifact


@pytest.fixture
def pod(tmp_path, monkeypatch) -> Pod:
    monkeypatch.setenv("NER_MIRROR_ROOT", str(tmp_path / "pod"))
    monkeypatch.setattr(sys, "argv", sys.argv[:1])  # TFX passes pytest's arguments to absl
    (tmp_path / "shared").mkdir()
    return Pod(tmp_path / "pod", tmp_path / "shared")


def _context(tmp_path: Path, beam_args: list[str]):
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor

    return BaseBeamExecutor.Context(beam_pipeline_args=list(beam_args), tmp_dir=str(tmp_path), unique_id="1")


def _ingest(tmp_path: Path, corpus, examples, beam_args: list[str]) -> None:
    from support.settings import corpus_settings
    from tfx import types

    from components.artifacts import Corpus
    from components.corpus_example_gen.component import CorpusExampleGen
    from components.corpus_example_gen.executor import Executor

    component = CorpusExampleGen(settings=corpus_settings(), corpus=types.Channel(type=Corpus))
    properties = {name: value for name, value in component.spec.exec_properties.items() if value is not None}
    Executor(_context(tmp_path, beam_args)).Do({"corpus": [corpus]}, {"examples": [examples]}, properties)


def _statistics(tmp_path: Path, examples, statistics, beam_args: list[str]) -> None:
    from tfx.components.statistics_gen.executor import Executor

    Executor(_context(tmp_path, beam_args)).Do(
        {"examples": [examples]}, {"statistics": [statistics]}, {"exclude_splits": "[]", "sharded_stats_output": 0}
    )


def _records(examples, split: str) -> Counter[bytes]:
    import tensorflow as tf

    files = sorted(Path(examples.uri).glob(f"Split-{split}/*.gz"))
    records = tf.data.TFRecordDataset([*map(str, files)], compression_type="GZIP")
    # Protobuf writes the features in any order.
    return Counter(tf.train.Example.FromString(one.numpy()).SerializeToString(deterministic=True) for one in records)


def _numbers(examples) -> dict[str, object]:
    """Returns the counts of the ingest, without paths."""
    return {
        name: value.int_value
        for name, value in examples.mlmd_artifact.custom_properties.items()
        if value.WhichOneof("value") == "int_value"
    }


def test_workers_read_and_count_the_corpus_as_one_process_does(cluster, pod, tmp_path) -> None:
    from tfx.types import standard_artifacts

    from components.artifacts import Corpus
    from pipeline.kubeflow.container.shared_folder import through_shared_folder
    from pipeline.samples import write_sample

    corpus = pod.artifact(Corpus, "corpus")
    write_sample(corpus.uri)
    local, remote = (pod.artifact(standard_artifacts.Examples, name) for name in ("local", "remote"))
    _ingest(tmp_path, corpus, local, ["--direct_num_workers=1"])
    with through_shared_folder({"corpus": [corpus]}, {"examples": [remote]}, str(pod.shared)):
        _ingest(tmp_path, corpus, remote, cluster.beam_args)
    assert remote.split_names == local.split_names
    for split in ("train", "eval", "test"):
        assert _records(remote, split) == _records(local, split) != Counter()
    assert _numbers(remote) == _numbers(local)

    statistics = pod.artifact(standard_artifacts.ExampleStatistics, "statistics")
    with through_shared_folder({"examples": [remote]}, {"statistics": [statistics]}, str(pod.shared)):
        _statistics(tmp_path, remote, statistics, cluster.beam_args)
    folders = sorted(path.parent.name for path in Path(statistics.uri).glob("Split-*/FeatureStats.pb"))
    assert folders == ["Split-eval", "Split-test", "Split-train"]
    assert cluster.jobs_done() == 2
    assert cluster.workers_started() == 2


def test_an_error_of_the_corpus_comes_back_from_the_worker(cluster, pod, tmp_path) -> None:
    from tfx.types import standard_artifacts

    from components.artifacts import Corpus
    from components.corpus_example_gen.errors import CorpusError
    from pipeline.kubeflow.container.shared_folder import through_shared_folder

    corpus = pod.artifact(Corpus, "corpus")
    for name in ("train", "dev"):
        (Path(corpus.uri) / f"{name}.tsv").write_text("Peru won\tB-LOC O\nOslo won\tB-LOC\n")
    examples = pod.artifact(standard_artifacts.Examples, "examples")
    with (
        pytest.raises(CorpusError, match=r"dev\.tsv:2: found 2 tokens and 1 tags"),
        through_shared_folder({"corpus": [corpus]}, {"examples": [examples]}, str(pod.shared)),
    ):
        _ingest(tmp_path, corpus, examples, cluster.beam_args)


def test_a_compiled_pipeline_runs_beam_on_the_workers(cluster, tmp_path) -> None:
    """Runs the nodes up to the statistics of `ner compile --set beam.args=...` in the emulator."""
    import yaml
    from support.kfp_emulator.emulator import Emulator
    from support.kfp_emulator.pipeline_file import read_pipeline

    from configs.cluster_loading import load_cluster
    from configs.loading import load_config
    from pipeline.kubeflow.compile.compiling import compile_pipeline, settings_for
    from pipeline.kubeflow.container.shared_folder import FOLDER_VARIABLE
    from pipeline.samples import write_sample

    before = cluster.jobs_done()
    (tmp_path / "shared").mkdir()
    where = f"nodes.default.env={json.dumps({FOLDER_VARIABLE: str(tmp_path / 'shared')})}"
    settings = load_cluster("kubeflow", None, [where, "data=minio://mlpipeline/corpus"])
    registry = f"registry.uri=sqlite:///{tmp_path}/registry.db"
    config = load_config(None, [*settings_for(settings), registry, f"beam.args={json.dumps(cluster.beam_args)}"])
    spec, *_ = compile_pipeline(config, settings, "kubeflow", tmp_path / "whole.yaml")
    tasks = spec["root"]["dag"]["tasks"]
    spec["root"]["dag"]["tasks"] = {
        name: tasks[name] for name in ("Corpus", "RunPlanner", "CorpusExampleGen", "StatisticsGen")
    }
    (tmp_path / "part.yaml").write_text(yaml.safe_dump(spec))

    write_sample(tmp_path / "corpus")
    emulator = Emulator(tmp_path / "work", print)
    emulator.store.put("minio://mlpipeline/corpus", tmp_path / "corpus")
    result = emulator.run(read_pipeline(tmp_path / "part.yaml"))
    assert result.succeeded, result.tasks
    folders = sorted(path.parent.name for path in emulator.store.path(result.root).rglob("FeatureStats.pb"))
    assert folders == ["Split-eval", "Split-test", "Split-train"]
    assert cluster.jobs_done() == before + 2
    assert list((tmp_path / "shared").iterdir()) == []
