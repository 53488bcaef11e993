"""Configuration of a cluster: kubeflow.yaml or vertex.yaml, then a file, then `--set-cluster`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from components.common.masking import is_secret_variable
from configs.cluster_spec import BATCH_NODES, NODES, ClusterConfig
from configs.layers import ConfigError, merge_layers, parse_setting, read_layer, validation_error

TARGETS = ("kubeflow", "vertex")

_HERE = Path(__file__).parent
_DEFAULT = "default"
_ALL = (*NODES, *BATCH_NODES)
_SECTIONS = (*_ALL, _DEFAULT)
# Settings of a node that only Kubernetes has.
_OF_KUBERNETES = ("node_selector", "tolerations", "shared_memory", "timeout", "secret_env", "volumes", "run_as")


def load_cluster(target: str, file: Path | None = None, settings: Sequence[str] = ()) -> ClusterConfig:
    """Reads and checks the configuration of a cluster.

    Args:
        target: `kubeflow` or `vertex`; selects the file of defaults.
        file: YAML file whose values replace the defaults.
        settings: `section.key=value` with a YAML value, applied last, in order.

    Returns:
        The configuration; every node of `NODES` has the values of the section `default` that it does not override.

    Raises:
        ConfigError: a file cannot be read or values are not valid; the text names all of them.
    """
    if target not in TARGETS:
        raise ConfigError(f"target: {target!r} is unknown. Use one of {', '.join(TARGETS)}")
    base = _HERE / f"{target}.yaml"
    values = read_layer(base)
    if file is not None:
        values = merge_layers(values, read_layer(file))
    for setting in settings:
        values = merge_layers(values, parse_setting(setting, "--set-cluster"))
    title = f"cluster configuration {file or base.name}"
    nodes = _nodes(values.get("nodes"), base, title)
    try:
        # First alone: a wrong default is one error, not one for each node.
        ClusterConfig.model_validate({**values, "nodes": {_DEFAULT: values["nodes"][_DEFAULT]}})
        cluster = ClusterConfig.model_validate({**values, "nodes": nodes})
    except ValidationError as error:
        raise validation_error(title, error, base, ClusterConfig) from None
    if target == "vertex":
        _require_vertex(cluster, title)
    return cluster


def _nodes(values: Any, base: Path, title: str) -> dict[str, Any]:
    """Returns every node with the values of the section `default` that it does not override."""
    if not isinstance(values, Mapping) or not isinstance(values.get(_DEFAULT), Mapping):
        raise ConfigError(f"{title} is not valid:\n  nodes: must be a mapping of nodes with a section {_DEFAULT}")
    lines = [f"nodes.{name}: is not a node; {_nearest(name, _ALL)}" for name in values if name not in _SECTIONS]
    known = list(read_layer(base)["nodes"][_DEFAULT])
    for name, section in values.items():
        if not isinstance(section, Mapping):
            lines.append(f"nodes.{name}: must be a mapping of settings")
            continue
        lines += [
            f"nodes.{name}.{key}: is not a setting; {_nearest(key, known)}" for key in section if key not in known
        ]
        # The compiled file shows these values; of `secret_env` it shows only names.
        lines += [
            f"nodes.{name}.env: {variable} is a secret; use nodes.{name}.secret_env: {{SECRET: {{{variable}: KEY}}}}"
            for variable in section.get("env") or ()
            if is_secret_variable(str(variable))
        ]
    if lines:
        raise ConfigError("\n  ".join([f"{title} is not valid:", *lines]))
    return {name: _node(values[_DEFAULT], values.get(name) or {}) for name in _ALL}


def _node(default: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings of a node; its own selector replaces the default one, because labels of both fit no pod."""
    return {**merge_layers(default, own), **{name: own[name] for name in ("node_selector",) if name in own}}


def _nearest(name: object, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(name), known, 1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"


def _require_vertex(cluster: ClusterConfig, title: str) -> None:
    for name, node in cluster.nodes.items():
        for key in _OF_KUBERNETES:
            if getattr(node, key):
                raise ConfigError(f"{title} is not valid:\n  nodes.{name}.{key}: not on Vertex AI. Remove it")
    for name in ("data", "pipeline_root"):
        address = getattr(cluster, name)
        if address and not address.startswith("gs://"):
            raise ConfigError(f"{title} is not valid:\n  {name}: Vertex AI reads gs:// only. Copy {address} there")
    if cluster.images.pull_policy or cluster.images.pull_secrets:
        raise ConfigError(f"{title} is not valid:\n  images.pull_...: not on Vertex AI. Remove it")
