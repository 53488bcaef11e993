"""Pods of the hosts of a training, from the cluster's configuration: what the compiler and `ner kfp check` need."""

from __future__ import annotations

from typing import Any

from components.common.errors import NerError
from configs.cluster_spec import ClusterConfig, Hosts, Images, Node, RunAs, Toleration, Volume
from pipeline.kubeflow.container.host_job import CONTAINER, TRAINER, HostSettings


def host_settings(cluster: ClusterConfig, hosts: int) -> HostSettings:
    """Returns what the launcher knows from the compilation.

    Args:
        cluster: the cluster's configuration; `nodes.Trainer` describes each host.
        hosts: number of hosts.

    Raises:
        NerError: the hosts share no folder.
    """
    section = hosts_section(cluster, hosts)
    node = cluster.nodes[TRAINER]
    folder = section.folder
    if folder is None:
        raise NerError(
            f"hosts.folder: trainer.hosts is {hosts}, but the hosts share no folder. Set it to a folder on a volume of "
            "nodes.Trainer that all machines can mount (docs/distributed.md)."
        )
    shared_volume(cluster, folder)
    pod = pod_spec(node, cluster.images)
    return HostSettings(hosts=hosts, folder=folder.rstrip("/"), restarts=section.restarts, pod=pod)


def shared_volume(cluster: ClusterConfig, folder: str) -> Volume:
    """Returns the volume of the Trainer that holds a folder.

    Raises:
        NerError: there is none.
    """
    volumes = cluster.nodes[TRAINER].volumes
    held = [one for one in volumes if f"{folder}/".startswith(f"{one.path.rstrip('/')}/")]
    if not held:
        paths = ", ".join(one.path for one in volumes) or "none"
        raise NerError(f"hosts.folder: {folder} is on no volume of nodes.Trainer ({paths}). Add the volume there.")
    return max(held, key=lambda one: len(one.path))


def hosts_section(cluster: ClusterConfig, hosts: int) -> Hosts:
    """Returns the section `hosts` of the cluster's configuration.

    Raises:
        NerError: the target cannot start several hosts.
    """
    if cluster.hosts is None:
        raise NerError(f"trainer.hosts: is {hosts}, but Vertex AI runs the Trainer on one host. Set it to 1.")
    return cluster.hosts


def image_of_hosts(cluster: ClusterConfig) -> str:
    """Returns the image of the hosts."""
    return cluster.images.gpu if cluster.nodes[TRAINER].gpu else cluster.images.cpu


def pod_spec(node: Node, images: Images) -> dict[str, Any]:
    """Returns the JSON form of the PodSpec of a node, without image and command.

    It has what Kubeflow's driver makes of the node's settings (`kubernetes_platform`).

    Args:
        node: settings of the node.
        images: pull policy and secrets.
    """
    gpus = {node.gpu.type: str(node.gpu.count)} if node.gpu else {}
    requests = {"cpu": node.cpu.request, "memory": node.memory.request}
    limits = {"cpu": node.cpu.limit, "memory": node.memory.limit, **gpus}
    plain = [{"name": name, "value": value} for name, value in sorted(node.env.items())]
    secret = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
        for secret, variables in sorted(node.secret_env.items())
        for name, key in sorted(variables.items())
    ]
    claims = list(dict.fromkeys(volume.claim for volume in node.volumes))
    volumes: list[dict[str, Any]] = [
        {"name": f"volume-{number}", "persistentVolumeClaim": {"claimName": claim}}
        for number, claim in enumerate(claims)
    ]
    mounts = [{"name": f"volume-{claims.index(one.claim)}", "mountPath": one.path} for one in node.volumes]
    if node.shared_memory:
        volumes.append({"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": node.shared_memory}})
        mounts.append({"name": "shm", "mountPath": "/dev/shm"})
    container = {
        "name": CONTAINER,
        "imagePullPolicy": images.pull_policy,
        "resources": _filled({"requests": _filled(requests), "limits": _filled(limits)}),
        "env": plain + secret,
        "volumeMounts": mounts,
        "securityContext": _security(node.run_as),
    }
    return _filled(
        {
            "containers": [_filled(container)],
            "volumes": volumes,
            "nodeSelector": dict(node.node_selector),
            "tolerations": [_toleration(one) for one in node.tolerations],
            "imagePullSecrets": [{"name": name} for name in images.pull_secrets],
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
        }
    )


def _security(run_as: RunAs | None) -> dict[str, Any]:
    """Returns the restrictions of Kubernetes' profile `restricted`, as newer servers set them, and the user."""
    user = run_as.model_dump(exclude_none=True) if run_as else {}
    names = {"user": "runAsUser", "group": "runAsGroup", "non_root": "runAsNonRoot"}
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
        **{names[name]: value for name, value in user.items()},
    }


def _toleration(toleration: Toleration) -> dict[str, Any]:
    values = toleration.model_dump(exclude={"toleration_seconds"})
    return _filled({**values, "tolerationSeconds": toleration.toleration_seconds})


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None and value not in ("", [], {})}
