"""Configuration of a cluster."""

from __future__ import annotations

import pytest

from configs.cluster_loading import load_cluster
from configs.cluster_spec import BATCH_NODES, NODES, cores, gigabytes, seconds
from configs.layers import ConfigError


@pytest.mark.parametrize("target", ["kubeflow", "vertex"])
def test_the_defaults_are_valid_for_every_node(target):
    cluster = load_cluster(target)
    assert tuple(cluster.nodes) == (*NODES, *BATCH_NODES)
    assert [name for name, node in cluster.nodes.items() if node.gpu] == ["Trainer"]
    assert not cluster.nodes["RegistryPusher"].cache
    assert cluster.nodes["Transform"].cache


def test_a_node_overrides_the_default(tmp_path):
    file = tmp_path / "cluster.yaml"
    file.write_text("nodes: {default: {timeout: 5m, env: {A: 1}}, Exporter: {env: {B: x}, memory: {limit: 20Gi}}}\n")
    nodes = load_cluster("kubeflow", file, ["nodes.Exporter.retries.count=7"]).nodes
    assert nodes["Exporter"].env == {"A": "1", "B": "x"}
    assert (nodes["Exporter"].memory.request, nodes["Exporter"].memory.limit) == ("2Gi", "20Gi")
    assert (nodes["Exporter"].timeout, nodes["Exporter"].retries.count) == ("5m", 7)
    assert nodes["Evaluator"].env == {"A": "1"}
    assert nodes["Evaluator"].retries.count == 2


def test_the_selector_of_a_node_replaces_the_default_one():
    """A label of the default and one of the node might fit no machine together."""
    nodes = load_cluster(
        "kubeflow", None, ["nodes.default.node_selector={pool: cpu}", "nodes.Trainer.node_selector={gpu: h100}"]
    ).nodes
    assert (nodes["Trainer"].node_selector, nodes["Exporter"].node_selector) == ({"gpu": "h100"}, {"pool": "cpu"})


def test_invalid_settings_are_reported():
    for target, setting, message in [
        ("kubeflow", "nodes.Trianer.gpu=null", r"nodes.Trianer: is not a node; did you mean Trainer\?"),
        ("kubeflow", "nodes.default.tiemout=3h", r"default\.tiemout: is not a setting; did you mean timeout\?"),
        ("kubeflow", "nodes.Exporter.gpu={type: a, count: 1}", r"Exporter\.gpu: only Trainer and Tuner can use"),
        ("kubeflow", "nodes.Trainer.memory.limit=8Gb", r"memory\.limit: .*got '8Gb'"),
        ("kubeflow", "nodes.Trainer.memory.limit=1Gi", r"request \(8Gi\) is more than limit \(1Gi\)"),
        ("kubeflow", "nodes.Trainer.cpu.limit=500m", r"request \(4\) is more than limit \(500m\)"),
        ("kubeflow", "nodes.Trainer=3", r"nodes.Trainer: must be a mapping"),
        ("kubeflow", "nodes.default.retries.factor=1.5", r"s\.default\.retries\.factor: .* whole number, got 1\.5$"),
        ("kubeflow", "pipeline_root=/tmp/x", r"pipeline_root: .*got '/tmp/x'"),
        ("kubeflow", "data=corpus", r"data: must be an address that begins with s3://.*got 'corpus'"),
        ("kubeflow", "data=s3://bucket/", r"data: must name a folder or a file.*got 's3://bucket/'"),
        ("vertex", "data=s3://bucket/corpus", r"data: Vertex AI reads gs:// only\. Copy s3://bucket/corpus there"),
        ("kubeflow", "nodes.default.volumes=[{claim: A_b, path: /a}]", r"volumes\.0\.claim: .*got 'A_b'"),
        (
            "kubeflow",
            "nodes.Trainer.volumes=[{claim: a, path: /a}, {claim: b, path: /a/}]",
            r"nodes\.Trainer: two volumes have the path /a\. Mount one of them elsewhere",
        ),
        ("kubeflow", "data", r"--set-cluster: takes section\.key=value, got 'data'\. For example: --set-cluster nodes"),
        ("kubeflow", "images.cpu=ner@sha256:12", r"images.cpu:"),
        ("kubeflow", "pipeline_root=s3://key:hidden@bucket", r"pipeline_root: .*password.*AWS_SECRET_ACCESS_KEY"),
        ("kubeflow", "settings={registry.uri: 'http://me:hidden@mlflow'}", r"registry\.uri: .*MLFLOW_TRACKING_TOKEN"),
        (
            "kubeflow",
            "nodes.default.env.HF_TOKEN=hidden",
            r"default\.env: HF_TOKEN is a secret; use nodes\.default\.secret_env",
        ),
        ("vertex", "nodes.Trainer.run_as={user: 1000}", r"Trainer\.run_as: not on Vertex AI"),
        ("kubeflow", "nodes.Trainer.run_as={user: -1}", r"run_as\.user: must be >= 0, got -1"),
        ("vertex", "nodes.Trainer.timeout=3h", r"Trainer\.timeout: not on Vertex AI"),
        ("vertex", "images.pull_policy=Always", r"images\.pull_"),
    ]:
        with pytest.raises(ConfigError, match=message) as error:
            load_cluster(target, None, [setting])
        assert len(str(error.value)) < 400
        assert "hidden" not in str(error.value)


def test_quantities_are_those_of_kubernetes():
    assert [cores(text) for text in ("2", "500m", "0.5")] == [2, 0.5, 0.5]
    assert [gigabytes(text) for text in ("1G", "1Gi", "512Mi")] == [1, 1.073741824, 0.536870912]
    assert [seconds(text) for text in ("30s", "10m", "2h", "1d")] == [30, 600, 7200, 86400]
