"""The Trainer on several hosts in the compiled pipeline."""

from __future__ import annotations

import pytest
from support.fake_kubernetes import require_valid
from support.lazy import LazyModule
from support.pod_process import expanded

from components.common.errors import NerError
from configs.cluster_loading import load_cluster
from pipeline.kubeflow.container.host_job import HostSettings

host_pods = LazyModule("pipeline.kubeflow.host_pods")
training_hosts = LazyModule("pipeline.kubeflow.compile.training_hosts")
SETTINGS = (
    "hosts.folder=/shared/ner",
    "hosts.node_selector={pool: cpu}",
    "images={cpu: ner, gpu: ner-gpu, pull_policy: Always, pull_secrets: [docker]}",
    "nodes.Trainer.volumes=[{claim: ner-shared, path: /shared}, {claim: vectors, path: /vectors}]",
    "nodes.Trainer.node_selector={pool: gpu}",
    "nodes.Trainer.env={PRICE: $5}",
    "nodes.Trainer.secret_env={bucket: {AWS_ACCESS_KEY_ID: key}}",
    "nodes.Trainer.run_as={user: 1000, non_root: true}",
)


@pytest.fixture(scope="module")
def cluster():
    return load_cluster("kubeflow", None, SETTINGS)


def test_a_host_has_all_settings_of_the_trainer(cluster):
    pod = host_pods.pod_spec(cluster.nodes["Trainer"], cluster.images)
    require_valid(pod, "V1PodSpec")
    [container] = pod["containers"]
    assert container["resources"] == {
        "requests": {"cpu": "4", "memory": "8Gi"},
        "limits": {"cpu": "8", "memory": "32Gi", "nvidia.com/gpu": "1"},
    }
    assert container["imagePullPolicy"] == "Always"
    assert container["env"] == [
        {"name": "PRICE", "value": "$5"},
        {"name": "AWS_ACCESS_KEY_ID", "valueFrom": {"secretKeyRef": {"name": "bucket", "key": "key"}}},
    ]
    mounts = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
    volumes = {one.pop("name"): one for one in pod["volumes"]}
    assert {path: volumes[name] for path, name in mounts.items()} == {
        "/shared": {"persistentVolumeClaim": {"claimName": "ner-shared"}},
        "/vectors": {"persistentVolumeClaim": {"claimName": "vectors"}},
        "/dev/shm": {"emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}},
    }
    assert (pod["nodeSelector"], pod["imagePullSecrets"]) == ({"pool": "gpu"}, [{"name": "docker"}])
    assert pod["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    security = container["securityContext"]
    assert (security["runAsUser"], security["runAsNonRoot"]) == (1000, True)
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert pod["automountServiceAccountToken"] is False


def test_the_launcher_is_small_and_sees_the_volumes(cluster):
    launcher = training_hosts.with_launcher(cluster, 2).nodes["Trainer"]
    assert (launcher.gpu, launcher.shared_memory, launcher.secret_env) == (None, None, {})
    assert (launcher.cpu, launcher.memory, launcher.node_selector) == (
        cluster.hosts.cpu, cluster.hosts.memory, {"pool": "cpu"},
    )  # fmt: skip
    assert launcher.volumes == cluster.nodes["Trainer"].volumes
    settings = HostSettings.model_validate_json(expanded(launcher.env["NER_TRAINING_HOSTS"], {}))
    assert (settings.hosts, settings.folder, settings.restarts) == (2, "/shared/ner", 3)
    assert settings.pod == host_pods.pod_spec(cluster.nodes["Trainer"], cluster.images)
    assert "{{" not in launcher.env["NER_TRAINING_HOSTS"], "Argo would replace it"


def test_the_compiled_trainer_starts_the_launcher(cluster, tmp_path):
    from configs.loading import load_config
    from pipeline.kubeflow.compile.compiling import compile_pipeline

    config = load_config(None, ["trainer.hosts=2"])
    spec, second = compile_pipeline(config, cluster, "kubeflow", tmp_path / "p.yaml")
    container = spec["deploymentSpec"]["executors"]["Trainer_executor"]["container"]
    assert container["command"] == ["python", "-m", "pipeline.kubeflow.container.training_hosts"]
    assert container["args"][-2:] == ["--hosts_image", "ner-gpu"], "the cache key holds the image of the hosts"
    assert container["image"] == "ner"
    assert "accelerator" not in container["resources"]
    platform = second["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["Trainer_executor"]
    assert [one["mountPath"] for one in platform["pvcMount"]] == ["/shared", "/vectors"]
    assert platform["nodeSelector"] == {"labels": {"pool": "cpu"}}
    assert platform["activeDeadlineSeconds"] == str(24 * 3600)


@pytest.mark.parametrize(
    ("target", "settings", "text"),
    [
        ("kubeflow", SETTINGS[1:], "hosts.folder: trainer.hosts is 2, but the hosts share no folder"),
        ("kubeflow", ["hosts.folder=/sharedx", SETTINGS[3]], r"/sharedx is on no volume of nodes\.Trainer \(/shared"),
        ("vertex", [], "trainer.hosts: is 2, but Vertex AI runs the Trainer on one host"),
    ],
)
def test_hosts_that_share_nothing_are_refused(target, settings, text):
    with pytest.raises(NerError, match=text):
        training_hosts.with_launcher(load_cluster(target, None, settings), 2)
