"""Pods that the driver of KFP 2.17 made of a compiled pipeline, against those compiled now."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from configs.cluster_loading import load_cluster
from configs.cluster_spec import NODES
from pipeline.kubeflow.compile.finalizing import finalize
from pipeline.kubeflow.compile.kubernetes_platform import platform
from pipeline.kubeflow.host_pods import pod_spec

IMAGE = "registry.example/ner@sha256:"
CLUSTER = f"""
images: {{cpu: {IMAGE}{1:064}, gpu: {IMAGE}{2:064}, pull_policy: IfNotPresent, pull_secrets: [regcred]}}
nodes:
  default:
    env: {{HTTP_PROXY_X: "http://p:1", NER_BEAM_FOLDER: /shared}}
    secret_env: {{mlflow-auth: {{MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password}}}}
    volumes: [{{claim: ner-data, path: /data}}]
    node_selector: {{pool: cpu}}
    tolerations: [{{key: spot, operator: Equal, value: "true", effect: NoSchedule}}]
    retries: {{count: 4, backoff: 45s, factor: 3}}
    timeout: 90m
  Trainer:
    gpu: {{type: nvidia.com/gpu, count: 4}}
    node_selector: {{cloud.google.com/gke-accelerator: nvidia-h100}}
    shared_memory: 8Gi
    timeout: 24h
    cache: false
"""
"""The cluster of the recorded pods. Its retries are in no pod: Argo reads them."""


@pytest.fixture
def cluster(tmp_path):
    (tmp_path / "cluster.yaml").write_text(CLUSTER)
    return load_cluster("kubeflow", tmp_path / "cluster.yaml")


@pytest.fixture
def recorded():
    """Pods of two nodes; those of the others were equal to Transform's."""
    pods = json.loads(Path(__file__).with_name("recorded_pods.json").read_text())
    # Corrected since: a node's selector replaced no default, and the server lost the shared memory.
    assert pods["Trainer"]["nodeSelector"].pop("pool") == "cpu"
    pods["Trainer"]["volumes"].append({"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}})
    pods["Trainer"]["containers"][0]["volumeMounts"].append({"name": "shm", "mountPath": "/dev/shm"})
    return pods


def compiled(cluster):
    """The container and the Kubernetes settings of each node, of a pipeline without connections."""
    spec = {
        "pipelineInfo": {"name": "p"},
        "components": {name: {"executorLabel": f"{name}_executor"} for name in NODES},
        "deploymentSpec": {"executors": {f"{name}_executor": {"container": {}} for name in NODES}},
        "root": {
            "dag": {"tasks": {name: {"taskInfo": {"name": name}, "componentRef": {"name": name}} for name in NODES}}
        },
    }
    finalize(spec, cluster, {}, "kubeflow")
    kubernetes = platform(spec, cluster)["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    executors = spec["deploymentSpec"]["executors"]
    return {name: (executors[f"{name}_executor"]["container"], kubernetes[f"{name}_executor"]) for name in NODES}


def driven(container, kubernetes):
    """The pod as KFP's driver makes it (backend/src/v2/driver/k8s.go)."""
    resources = container["resources"]
    limits = {"cpu": resources["resourceCpuLimit"], "memory": resources["resourceMemoryLimit"]}
    if gpu := resources.get("accelerator"):
        limits[gpu["resourceType"]] = gpu["resourceCount"]
    secrets = [
        {
            "name": key["envVar"],
            "valueFrom": {"secretKeyRef": {"name": secret["secretName"], "key": key["secretKey"]}},
        }
        for secret in kubernetes["secretAsEnv"]
        for key in secret["keyToEnv"]
    ]
    claims, memory = kubernetes["pvcMount"], kubernetes.get("emptyDirMounts", [])
    return {
        "volumes": [
            *({"name": one["constant"], "persistentVolumeClaim": {"claimName": one["constant"]}} for one in claims),
            *(
                {"name": one["volumeName"], "emptyDir": {"medium": one["medium"], "sizeLimit": one["sizeLimit"]}}
                for one in memory
            ),
        ],
        "activeDeadlineSeconds": int(kubernetes["activeDeadlineSeconds"]),
        "nodeSelector": kubernetes["nodeSelector"]["labels"],
        "imagePullSecrets": [{"name": one["secretName"]} for one in kubernetes["imagePullSecret"]],
        "tolerations": kubernetes["tolerations"],
        "containers": [
            {
                "name": "main",
                "image": container["image"],
                "env": [*container["env"], *secrets],
                "resources": {
                    "limits": limits,
                    "requests": {
                        "cpu": resources["resourceCpuRequest"],
                        "memory": resources["resourceMemoryRequest"],
                    },
                },
                "volumeMounts": [
                    *({"name": one["constant"], "mountPath": one["mountPath"]} for one in claims),
                    *({"name": one["volumeName"], "mountPath": one["mountPath"]} for one in memory),
                ],
                "imagePullPolicy": kubernetes["imagePullPolicy"],
            }
        ],
    }


def test_compiled_nodes_have_every_field_of_the_recorded_pods(cluster, recorded):
    pods = {name: driven(*documents) for name, documents in compiled(cluster).items()}
    assert pods["Trainer"] == recorded["Trainer"]
    for name in set(NODES) - {"Trainer"}:
        assert pods[name] == recorded["Transform"], name


def test_pods_of_training_hosts_have_every_field_of_the_recorded_pods(cluster, recorded):
    for name, pod in recorded.items():
        mine = pod_spec(cluster.nodes[name], cluster.images)
        [container], [expected] = mine["containers"], pod["containers"]
        # The launcher adds image and deadline, and names volumes by number.
        names = {one["name"]: one["persistentVolumeClaim"]["claimName"] for one in mine["volumes"][:1]}
        for one in [*mine["volumes"], *container["volumeMounts"]]:
            one["name"] = names.get(one["name"], one["name"])
        del expected["image"], pod["activeDeadlineSeconds"]
        assert {field: container[field] for field in expected} == expected
        assert {field: mine[field] for field in pod if field != "containers"} == {
            field: value for field, value in pod.items() if field != "containers"
        }
