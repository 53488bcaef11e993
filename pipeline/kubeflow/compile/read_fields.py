"""Fields of a compiled pipeline that Kubeflow Pipelines reads.

A field that no code reads is worse than an error: the setting seems to work. So the compiler refuses every field that
is not in `FIELDS`, and docs/kubeflow-incompatibilities.md shows the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from components.common.errors import NerError

# Maps whose keys the pipeline chooses.
_NAMED = frozenset({"tasks", "components", "executors", "parameters", "artifacts", "labels"})


class Reader(NamedTuple):
    """Code that reads a field.

    Attributes:
        file: below backend/src of kubeflow/pipelines, or another reader in words.
        since: first version with that code.
    """

    file: str
    since: str


_TEMPLATE, _DAG = Reader("apiserver/template/v2_template.go", "2.0"), Reader("v2/compiler/argocompiler/dag.go", "2.0")
_RETRY = Reader("v2/compiler/argocompiler/container.go", "2.14")
_RESOLVE, _DRIVER = Reader("v2/driver/resolve.go", "2.0"), Reader("v2/driver/driver.go", "2.0")
_RESOURCES, _METADATA = Reader("v2/driver/driver.go", "2.4"), Reader("v2/metadata/client.go", "2.0")
_IMPORTER = Reader("v2/component/importer_launcher.go", "2.0")
_POD = "v2/driver/k8s.go"
_TASK, _CONTAINER = "root.dag.tasks.*", "deploymentSpec.executors.*.container"
_KUBERNETES = "platforms.kubernetes.deploymentSpec.executors.*"

FIELDS: Mapping[str, Reader] = {
    "pipelineInfo.name": _TEMPLATE,
    "pipelineInfo.description": Reader("apiserver/server/api_converter.go", "2.0"),
    "schemaVersion": _TEMPLATE,
    "sdkVersion": Reader("the web interface", "2.0"),
    "defaultPipelineRoot": Reader("`ner kfp run` and `schedule`, which send it; no server", "-"),
    "root.inputDefinitions.parameters.*": _TEMPLATE,
    "components.*.executorLabel": _DAG,
    "components.*.inputDefinitions.parameters.*": _RESOLVE,
    "components.*.inputDefinitions.artifacts.*": Reader("the entry point of our containers; no server", "-"),
    "components.*.outputDefinitions.artifacts.*": _METADATA,
    "components.*.outputDefinitions.parameters.*": _DRIVER,
    f"{_TASK}.taskInfo.name": _DRIVER,
    f"{_TASK}.componentRef.name": _DAG,
    f"{_TASK}.dependentTasks": _DAG,
    f"{_TASK}.inputs": _RESOLVE,
    f"{_TASK}.triggerPolicy.condition": Reader("v2/compiler/argocompiler/dag.go, v2/driver/container.go", "2.0"),
    f"{_TASK}.cachingOptions.enableCache": Reader("v2/driver/cache.go", "2.0"),
    f"{_TASK}.retryPolicy.maxRetryCount": _RETRY,
    f"{_TASK}.retryPolicy.backoffDuration": _RETRY,
    f"{_TASK}.retryPolicy.backoffFactor": _RETRY,
    f"{_TASK}.retryPolicy.backoffMaxDuration": _RETRY,
    f"{_CONTAINER}.image": _DRIVER,
    f"{_CONTAINER}.command": _DRIVER,
    f"{_CONTAINER}.args": _DRIVER,
    f"{_CONTAINER}.env": _DRIVER,
    f"{_CONTAINER}.resources.resourceCpuRequest": _RESOURCES,
    f"{_CONTAINER}.resources.resourceCpuLimit": _RESOURCES,
    f"{_CONTAINER}.resources.resourceMemoryRequest": _RESOURCES,
    f"{_CONTAINER}.resources.resourceMemoryLimit": _RESOURCES,
    f"{_CONTAINER}.resources.accelerator.resourceType": _RESOURCES,
    f"{_CONTAINER}.resources.accelerator.resourceCount": _RESOURCES,
    "deploymentSpec.executors.*.importer.artifactUri": _IMPORTER,
    "deploymentSpec.executors.*.importer.typeSchema": _IMPORTER,
    "deploymentSpec.executors.*.importer.reimport": _IMPORTER,
    f"{_KUBERNETES}.nodeSelector.labels": Reader(_POD, "2.0"),
    f"{_KUBERNETES}.tolerations": Reader(_POD, "2.1"),
    f"{_KUBERNETES}.emptyDirMounts": Reader(_POD, "2.3"),
    f"{_KUBERNETES}.activeDeadlineSeconds": Reader(_POD, "2.1"),
    f"{_KUBERNETES}.secretAsEnv.keyToEnv": Reader(_POD, "2.0"),
    f"{_KUBERNETES}.secretAsEnv.secretName": Reader(_POD, "2.0"),
    f"{_KUBERNETES}.secretAsEnv.secretNameParameter": Reader(_POD, "2.5"),
    f"{_KUBERNETES}.pvcMount.mountPath": Reader(_POD, "2.0"),
    f"{_KUBERNETES}.pvcMount.constant": Reader(_POD, "2.0"),
    f"{_KUBERNETES}.pvcMount.pvcNameParameter": Reader(_POD, "2.5"),
    f"{_KUBERNETES}.imagePullPolicy": Reader(_POD, "2.1"),
    f"{_KUBERNETES}.imagePullSecret": Reader(_POD, "2.1"),
    f"{_KUBERNETES}.securityContext": Reader(_POD, "2.16"),
}
"""Field -> its reader; a field stands for everything in it, `*` for a name, lists add no level."""


def require_read(documents: Iterable[Mapping[str, Any]]) -> None:
    """Checks that Kubeflow Pipelines reads every field.

    Args:
        documents: of a compiled pipeline.

    Raises:
        NerError: a field has no reader.
    """
    unread = {path for document in documents for path in _paths(document) if not _is_read(path)}
    if unread:
        raise NerError(
            f"compiled pipeline: Kubeflow Pipelines reads no {', '.join(sorted(unread))}. "
            "Compile the setting another way, or add the reader to pipeline/kubeflow/compile/read_fields.py."
        )


def _is_read(path: str) -> bool:
    parts = path.split(".")
    return any(".".join(parts[:end]) in FIELDS for end in range(1, len(parts) + 1))


def _paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yields the path of every scalar."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _paths(inner, (*path, "*" if path and path[-1] in _NAMED else name))
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, path)
    else:
        yield ".".join(path)
