"""Reads the configuration of a cluster: kubeflow.yaml or vertex.yaml, changed by a file, changed by `--set-cluster`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from configs.cluster_spec import NODES, ClusterConfig
from configs.layers import ConfigError, merge_layers, parse_setting, read_layer, validation_error

TARGETS = ("kubeflow", "vertex")

_HERE = Path(__file__).parent
_DEFAULT = "default"
_SECTIONS = (*NODES, _DEFAULT)
# What is Kubernetes' own, by its name in a node.
_OF_KUBERNETES = ("node_selector", "tolerations", "shared_memory", "timeout", "secret_env", "volumes")


def load_cluster(target: str, file: Path | None = None, settings: Sequence[str] = ()) -> ClusterConfig:
    """Reads and checks the configuration of a cluster.

    Args:
        target: `kubeflow` or `vertex`, whose defaults hold.
        file: YAML file whose values replace the defaults.
        settings: `section.key=value` with a YAML value, applied last, in order.

    Returns:
        The configuration, in which every node of `NODES` stands with all that the section `default` says of it.

    Raises:
        ConfigError: a file cannot be read or values are not valid; the text names all of them.
    """
    if target not in TARGETS:
        raise ConfigError(f"there is no target {target!r}; give one of {', '.join(TARGETS)}")
    base = _HERE / f"{target}.yaml"
    values = read_layer(base)
    if file is not None:
        values = merge_layers(values, read_layer(file))
    for setting in settings:
        values = merge_layers(values, parse_setting(setting, "--set-cluster"))
    what = f"cluster configuration {file}" if file else f"cluster configuration {base.name}"
    try:
        cluster = ClusterConfig.model_validate({**values, "nodes": _nodes(values.get("nodes"), base, what)})
    except ValidationError as error:
        raise validation_error(what, error, base) from None
    if target == "vertex":
        _require_no_kubernetes(cluster, what)
    return cluster


def _nodes(values: Any, base: Path, what: str) -> dict[str, Any]:
    """Gives every node what the section `default` says and it does not say itself."""
    if not isinstance(values, Mapping) or not isinstance(values.get(_DEFAULT), Mapping):
        raise ConfigError(f"{what} is not valid:\n  nodes: must be a mapping of nodes with a section {_DEFAULT}")
    lines = [f"nodes.{name}: is no node; {_nearest(name, NODES)}" for name in values if name not in _SECTIONS]
    known = list(read_layer(base)["nodes"][_DEFAULT])
    for name, section in values.items():
        if not isinstance(section, Mapping):
            lines.append(f"nodes.{name}: must be a mapping of settings")
            continue
        lines += [
            f"nodes.{name}.{key}: is not a setting; {_nearest(key, known)}" for key in section if key not in known
        ]
    if lines:
        raise ConfigError("\n  ".join([f"{what} is not valid:", *lines]))
    return {name: merge_layers(values[_DEFAULT], values.get(name) or {}) for name in NODES}


def _nearest(name: object, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(name), known, 1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"


def _require_no_kubernetes(cluster: ClusterConfig, what: str) -> None:
    for name, node in cluster.nodes.items():
        for key in _OF_KUBERNETES:
            if getattr(node, key):
                raise ConfigError(f"{what} is not valid:\n  nodes.{name}.{key}: is nothing that Vertex AI has")
    if cluster.images.pull_policy or cluster.images.pull_secrets:
        raise ConfigError(f"{what} is not valid:\n  images.pull_...: is nothing that Vertex AI has")
