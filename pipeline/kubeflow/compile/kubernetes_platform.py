"""The second document of a compiled pipeline: the Kubernetes settings of its nodes.

kubernetes_platform/proto/kubernetes_executor_config.proto of kubeflow/pipelines describes the fields.
"""

from __future__ import annotations

from typing import Any

from configs.cluster_spec import ClusterConfig, Images, Node, RunAs, Toleration, Volume, seconds


def platform(spec: dict[str, Any], cluster: ClusterConfig) -> dict[str, Any] | None:
    """Returns the JSON form of a PlatformSpec; None if no node has Kubernetes settings.

    Args:
        spec: the finalized first document.
        cluster: resources and settings of each node.
    """
    executors = {}
    for task in spec["root"]["dag"]["tasks"].values():
        name = task["taskInfo"]["name"]
        config = _executor_config(cluster.nodes[name], cluster.images) if name in cluster.nodes else {}
        if config:
            executors[spec["components"][task["componentRef"]["name"]]["executorLabel"]] = config
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}} if executors else None


def _executor_config(node: Node, images: Images) -> dict[str, Any]:
    """Returns the JSON form of a KubernetesExecutorConfig."""
    config: dict[str, Any] = {
        "nodeSelector": node.node_selector and {"labels": dict(node.node_selector)},
        "tolerations": [_toleration(one) for one in node.tolerations],
        # Servers ignore `enabledSharedMemory`.
        "emptyDirMounts": node.shared_memory
        and [{"volumeName": "shm", "mountPath": "/dev/shm", "medium": "Memory", "sizeLimit": node.shared_memory}],
        "activeDeadlineSeconds": node.timeout and str(seconds(node.timeout)),
        "secretAsEnv": [_secret(name, variables) for name, variables in node.secret_env.items()],
        "pvcMount": [_volume(one) for one in node.volumes],
        "securityContext": node.run_as and _run_as(node.run_as),
        "imagePullPolicy": images.pull_policy,
        "imagePullSecret": [
            {"secretName": name, "secretNameParameter": _constant(name)} for name in images.pull_secrets
        ],
    }
    return {name: value for name, value in config.items() if value}


def _run_as(run_as: RunAs) -> dict[str, Any]:
    values = {"runAsUser": run_as.user, "runAsGroup": run_as.group, "runAsNonRoot": run_as.non_root}
    return {
        name: value if name == "runAsNonRoot" else str(value) for name, value in values.items() if value is not None
    }


def _toleration(toleration: Toleration) -> dict[str, Any]:
    values = toleration.model_dump(exclude={"toleration_seconds"})
    if toleration.toleration_seconds is not None:
        values["tolerationSeconds"] = str(toleration.toleration_seconds)
    return {name: value for name, value in values.items() if value}


def _secret(name: str, variables: dict[str, str]) -> dict[str, Any]:
    keys = [{"secretKey": key, "envVar": variable} for variable, key in sorted(variables.items())]
    # Older servers read the first field, newer ones the second.
    return {"secretName": name, "secretNameParameter": _constant(name), "keyToEnv": keys}


def _volume(volume: Volume) -> dict[str, Any]:
    return {
        "constant": volume.claim,
        "pvcNameParameter": _constant(volume.claim),
        "mountPath": volume.path,
    }


def _constant(value: str) -> dict[str, Any]:
    return {"runtimeValue": {"constant": value}}
