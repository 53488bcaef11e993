"""Beam by a portable job server and a pool of workers, as on a cluster: the node submits, other processes compute.

What Flink, Spark and Dataflow have in common is Beam's portability API, and Beam's own job server speaks it: what runs
here needs nothing but artifacts that both sides reach, and code that both have installed.
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
    """A job server and a worker pool, with what they say."""

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
    # The pool starts its workers by `python` of the PATH.
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    processes = []
    try:
        for name, (module, *options) in commands.items():
            where = "portability" if name == "job" else "worker"
            with (folder / f"{name}.log").open("w") as log:
                command = [sys.executable, "-m", f"apache_beam.runners.{where}.{module}", *options]
                processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder))
        _wait_for(port_file, folder)
        # sdk_container_image: without it TFX packs itself for the workers, which have it.
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
        said = "".join(log.read_text() for log in folder.glob("*.log"))
        assert time.monotonic() < end, f"no job server after two minutes: {said}"
        time.sleep(0.1)


@dataclasses.dataclass(frozen=True)
class Pod:
    """Where a node runs: a mirror of the object store, and a folder that workers reach too."""

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
    monkeypatch.setattr(sys, "argv", sys.argv[:1])  # TFX hands our arguments to absl
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
    found = tf.data.TFRecordDataset([*map(str, files)], compression_type="GZIP")
    # Protobuf writes the features in any order it likes.
    return Counter(tf.train.Example.FromString(one.numpy()).SerializeToString(deterministic=True) for one in found)


def _numbers(examples) -> dict[str, object]:
    """The account of what was read, without paths."""
    return {
        name: value.int_value
        for name, value in examples.mlmd_artifact.custom_properties.items()
        if value.WhichOneof("value") == "int_value"
    }


def test_corpus_is_read_and_counted_by_workers_as_it_is_in_one_process(cluster, pod, tmp_path) -> None:
    from tfx.types import standard_artifacts

    from components.artifacts import Corpus
    from pipeline.kubeflow.container.shared_folder import through_shared_folder
    from pipeline.samples import write_sample

    corpus = pod.artifact(Corpus, "corpus")
    write_sample(corpus.uri)
    here, there = (pod.artifact(standard_artifacts.Examples, name) for name in ("here", "there"))
    _ingest(tmp_path, corpus, here, ["--direct_num_workers=1"])
    with through_shared_folder({"corpus": [corpus]}, {"examples": [there]}, str(pod.shared)):
        _ingest(tmp_path, corpus, there, cluster.beam_args)
    assert there.split_names == here.split_names
    for split in ("train", "eval", "test"):
        assert _records(there, split) == _records(here, split) != Counter()
    assert _numbers(there) == _numbers(here)

    statistics = pod.artifact(standard_artifacts.ExampleStatistics, "statistics")
    with through_shared_folder({"examples": [there]}, {"statistics": [statistics]}, str(pod.shared)):
        _statistics(tmp_path, there, statistics, cluster.beam_args)
    found = sorted(path.parent.name for path in Path(statistics.uri).glob("Split-*/FeatureStats.pb"))
    assert found == ["Split-eval", "Split-test", "Split-train"]
    assert cluster.jobs_done() == 2
    assert cluster.workers_started() == 2


def test_error_of_the_corpus_comes_back_from_the_worker_in_words(cluster, pod, tmp_path) -> None:
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


def test_compiled_pipeline_has_workers_do_what_beam_does(cluster, tmp_path) -> None:
    """As `ner compile --set beam.args=...` writes it, run as a cluster runs it; the nodes up to the statistics."""
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
    config = load_config(None, [*settings_for(settings), f"beam.args={json.dumps(cluster.beam_args)}"])
    spec, *_ = compile_pipeline(config, settings, "kubeflow", tmp_path / "whole.yaml")
    tasks = spec["root"]["dag"]["tasks"]
    spec["root"]["dag"]["tasks"] = {name: tasks[name] for name in ("Corpus", "CorpusExampleGen", "StatisticsGen")}
    (tmp_path / "part.yaml").write_text(yaml.safe_dump(spec))

    write_sample(tmp_path / "corpus")
    emulator = Emulator(tmp_path / "work", print)
    emulator.store.put("minio://mlpipeline/corpus", tmp_path / "corpus")
    result = emulator.run(read_pipeline(tmp_path / "part.yaml"))
    assert result.succeeded, result.tasks
    found = sorted(path.parent.name for path in emulator.store.path(result.root).rglob("FeatureStats.pb"))
    assert found == ["Split-eval", "Split-test", "Split-train"]
    assert cluster.jobs_done() == before + 2
    assert list((tmp_path / "shared").iterdir()) == []
