"""Beam on a job server with two worker pools: the nodes submit, other processes compute.

Both sides need the artifacts and the code. Prism, Beam's runner in Go, has the portability API of Flink, Spark and
Dataflow.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.beam_cluster import Cluster, beam_cluster
from support.repository import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LOCAL = ["--direct_num_workers=1", "--sdk_container_image=none"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    with beam_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@dataclasses.dataclass
class Pod:
    """A node's mirror of the object store, and a folder that workers also reach."""

    mirror: Path
    shared: Path
    outputs: dict[str, Any] = dataclasses.field(default_factory=dict)

    def artifact(self, kind: type, name: str) -> Any:
        artifact = kind()
        artifact.uri = str(self.mirror / "minio" / "bucket" / self.shared.name / name)
        os.makedirs(artifact.uri, exist_ok=True)
        return artifact

    def run(self, component: Any, beam_args: list[str], **inputs: Any) -> None:
        """Runs the executor of a component, and adds its outputs to `outputs`."""
        from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor

        from pipeline.kubeflow.container.shared_folder import through_shared_folder

        made = {name: [self.artifact(one.type, f"{component.id}-{name}")] for name, one in component.outputs.items()}
        properties = {name: value for name, value in component.exec_properties.items() if value is not None}
        context = BaseBeamExecutor.Context(beam_pipeline_args=beam_args, tmp_dir=str(self.shared.parent), unique_id="1")
        read = {name: [artifact] for name, artifact in inputs.items()}
        with through_shared_folder(read, made, "" if beam_args is LOCAL else str(self.shared)):
            component.executor_spec.executor_class(context).Do(read, made, properties)
        self.outputs |= {name: artifact for name, [artifact] in made.items()}


@pytest.fixture(scope="module")
def make_pod(tmp_path_factory) -> Iterator[Callable[[str], Pod]]:
    folder = tmp_path_factory.mktemp("pods")

    def make(name: str) -> Pod:
        (folder / name).mkdir()
        return Pod(folder / "mirror", folder / name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", sys.argv[:1])  # TFX passes pytest's arguments to absl
        patch.setenv("NER_MIRROR_ROOT", str(folder / "mirror"))
        yield make


@pytest.fixture(scope="module")
def remote(cluster, make_pod, tiny_model) -> tuple[Pod, dict[str, Any]]:
    """The pod in which the nodes ran on workers, and their results."""
    pod = make_pod("remote")
    # A job has the workers of one pool; the nodes take turns.
    return pod, _run_nodes(pod, tiny_model, [cluster.beam_args(number % 2) for number in range(5)])


def _channel(kind: type) -> Any:
    from tfx import types

    return types.Channel(type=kind)


def _ingest(pod: Pod, corpus: Any, beam_args: list[str]) -> None:
    from support.settings import corpus_settings

    from components.artifacts import Corpus
    from components.corpus_example_gen.component import CorpusExampleGen

    pod.run(CorpusExampleGen(settings=corpus_settings(), corpus=_channel(Corpus)), beam_args, corpus=corpus)


def _run_nodes(pod: Pod, model: Path, jobs: list[list[str]]) -> dict[str, Any]:
    """Runs the Beam nodes, each with its arguments of Beam, and returns their results."""
    from tfx.components import StatisticsGen
    from tfx.types import standard_artifacts as kinds

    from components.artifacts import Corpus
    from components.drift_validator.component import DriftValidator
    from components.transform.component import Transform
    from configs.loading import load_config
    from pipeline.create import PREPROCESSING_FN
    from pipeline.samples import write_sample

    config = load_config(None)
    corpus, schema = pod.artifact(Corpus, "corpus"), pod.artifact(kinds.Schema, "schema")
    champion, tagger = pod.artifact(kinds.Model, "champion"), pod.artifact(kinds.Model, "tagger")
    champion.set_int_custom_property("present", 0)
    write_sample(corpus.uri)
    shutil.copy(ROOT / "schemas" / "schema.pbtxt", schema.uri)
    shutil.copytree(model, Path(tagger.uri, "Format-Serving"))
    read, count, profile, transform, evaluate = jobs
    _ingest(pod, corpus, read)
    examples = pod.outputs["examples"]
    channel, of_model, of_schema = (_channel(kind) for kind in (kinds.Examples, kinds.Model, kinds.Schema))
    pod.run(StatisticsGen(examples=channel), count, examples=examples)
    node = DriftValidator(examples=channel, schema=of_schema, champion=of_model, settings=config.drift)
    pod.run(node, profile, examples=examples, schema=schema, champion=champion)
    settings = {"settings": config.transform.model_dump(mode="json")}
    node = Transform(examples=channel, schema=of_schema, preprocessing_fn=PREPROCESSING_FN, custom_config=settings)
    pod.run(node, transform, examples=examples, schema=schema)
    pod.outputs["tagger"] = tagger
    _evaluate(pod, evaluate)
    return _results(pod, examples)


def _evaluate(pod: Pod, beam_args: list[str], *settings: str) -> None:
    from tfx.types import standard_artifacts as kinds

    from components.evaluator.component import Evaluator
    from configs.loading import load_config

    config = load_config(None, ["evaluator.bootstrap=5", "evaluator.slices=[source]", *settings]).evaluator
    node = Evaluator(examples=_channel(kinds.Examples), model=_channel(kinds.Model), settings=config)
    pod.run(node, beam_args, examples=pod.outputs["examples"], model=pod.outputs["tagger"])


def _results(pod: Pod, examples: Any) -> dict[str, Any]:
    import tensorflow as tf
    from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList

    graph = Path(pod.outputs["transform_graph"].uri)
    scores = json.loads(Path(pod.outputs["evaluation"].uri, "scores.json").read_text(encoding="utf-8"))
    results: dict[str, Any] = {
        "counts": {
            name: value.int_value
            for name, value in examples.mlmd_artifact.custom_properties.items()
            if value.WhichOneof("value") == "int_value"
        },
        "profile": json.loads(Path(pod.outputs["profile"].uri, "data_profile.json").read_text(encoding="utf-8")),
        "vocabularies": {path.name: path.read_bytes() for path in (graph / "transform_fn" / "assets").iterdir()},
        "schema": (graph / "transformed_metadata" / "schema.pbtxt").read_text(encoding="utf-8"),
        "scores": _rounded(scores),
    }
    for split in ("train", "eval", "test"):
        files = sorted(Path(examples.uri).glob(f"Split-{split}/*.gz"))
        results[f"records {split}"] = Counter(tf.data.TFRecordDataset([*map(str, files)], "GZIP").as_numpy_iterator())
        statistics = Path(pod.outputs["statistics"].uri, f"Split-{split}", "FeatureStats.pb")
        [data] = DatasetFeatureStatisticsList.FromString(statistics.read_bytes()).datasets
        results[f"statistics {split}"] = {
            feature.path.step[0]: (feature.string_stats.unique, feature.string_stats.common_stats.num_non_missing)
            for feature in data.features
        }
    return results


def _rounded(value: Any) -> Any:
    """Returns a JSON value without the last digits of floats, which depend on the order of their sum."""
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value


def test_workers_compute_what_one_process_does(cluster, remote, make_pod, tiny_model) -> None:
    local = _run_nodes(make_pod("local"), tiny_model, [LOCAL] * 5)
    pod, results = remote
    assert set(results) == set(local)
    for name, value in local.items():
        assert results[name] == value, name
    assert local["records train"].total() == 600
    assert min(cluster.workers_started(pool) for pool in (0, 1)) >= 2
    assert not [*pod.shared.iterdir()]


def test_an_error_of_the_corpus_comes_back_from_the_worker(cluster, make_pod) -> None:
    from components.artifacts import Corpus
    from components.corpus_example_gen.errors import CorpusError

    pod = make_pod("damaged")
    corpus = pod.artifact(Corpus, "corpus")
    for name in ("train", "dev"):
        (Path(corpus.uri) / f"{name}.tsv").write_text("Peru won\tB-LOC O\nOslo won\tB-LOC\n")
    with pytest.raises(CorpusError, match=r"dev\.tsv:2: found 2 tokens and 1 tags"):
        _ingest(pod, corpus, cluster.beam_args())


def test_a_node_whose_worker_is_killed_fails_and_succeeds_when_repeated(cluster, remote) -> None:
    pod, _ = remote
    evaluation = Path(pod.outputs["evaluation"].uri)
    shutil.rmtree(evaluation)
    metric = "evaluator.metrics={deadly: support.deadly_metric:deadly}"
    with pytest.raises(RuntimeError, match="failed in state FAILED"):
        _evaluate(pod, cluster.beam_args(1), metric)
    assert cluster.pools[1].wait(timeout=60) == -signal.SIGKILL
    assert not [*evaluation.iterdir()]
    assert not [*pod.shared.iterdir()]
    _evaluate(pod, cluster.beam_args(0), metric)
    assert '"deadly"' in (evaluation / "scores.json").read_text(encoding="utf-8")
