"""The Trainer on several hosts in the compiled pipeline: its pod becomes the small one that starts the hosts."""

from __future__ import annotations

from typing import Any

from configs.cluster_spec import ClusterConfig
from pipeline.kubeflow.container.host_job import TRAINER
from pipeline.kubeflow.container.training_hosts import IMAGE_ARGUMENT, SETTINGS_VARIABLE
from pipeline.kubeflow.host_pods import host_settings, hosts_section, image_of_hosts

_MODULE = "pipeline.kubeflow.container.training_hosts"


def with_launcher(cluster: ClusterConfig, hosts: int) -> ClusterConfig:
    """Returns the cluster with the launcher in place of the Trainer.

    Args:
        cluster: the cluster's configuration.
        hosts: number of hosts.

    Raises:
        NerError: the hosts share no folder.
    """
    section, node = hosts_section(cluster, hosts), cluster.nodes[TRAINER]
    settings = host_settings(cluster, hosts).model_dump_json().replace("$", "$$")  # Kubernetes reads $$ as $
    own = {
        "cpu": section.cpu,
        "memory": section.memory,
        "gpu": None,
        "node_selector": section.node_selector,
        "shared_memory": None,
        "secret_env": {},
        "env": {**node.env, SETTINGS_VARIABLE: settings},
    }
    return cluster.model_copy(update={"nodes": {**cluster.nodes, TRAINER: node.model_copy(update=own)}})


def start_launcher(spec: dict[str, Any], cluster: ClusterConfig) -> None:
    """Lets the Trainer's pod start hosts.

    Args:
        spec: a finalized PipelineSpec; it is changed.
        cluster: the cluster's configuration, with the Trainer.
    """
    component = spec["components"][spec["root"]["dag"]["tasks"][TRAINER]["componentRef"]["name"]]
    container = spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
    container["command"] = ["python", "-m", _MODULE]
    container["args"] = [*container["args"], IMAGE_ARGUMENT, image_of_hosts(cluster)]
