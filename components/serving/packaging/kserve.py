"""The layout of KServe: a storage folder with a numbered folder, and an InferenceService."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from components.common.masking import secret_in
from components.serving.packaging.errors import PackageError
from components.serving.packaging.prepare import PreparedModel
from components.serving.packaging.readme import write_readme
from components.serving.packaging.requests import write_client, write_requests
from components.serving.packaging.settings import BATCHING_FILE, PackageSettings

STORAGE = "storage"
SERVICE = "inferenceservice.yaml"
NETWORK_POLICY = "networkpolicy.yaml"
# Namespaces of the gateways and of Knative's activator; no other pod may reach the server, which asks for no login.
_GATEWAYS = ("envoy-gateway-system", "istio-system", "knative-serving", "kourier-system")
# In the container and not in the pod, because Knative refuses it there by default. The image itself would run as root.
_SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "seccompProfile": {"type": "RuntimeDefault"},
}
# KServe downloads storageUri to this folder and starts the server on it.
_MOUNT = "/mnt/models"
_SERVICE_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


def check_settings(settings: PackageSettings) -> None:
    """Checks the settings that only KServe restricts.

    Raises:
        PackageError: the name or the URI cannot be used.
    """
    service_name(settings.name)
    uri = settings.storage_uri
    if place := secret_in(uri):
        raise PackageError(f"--storage-uri: the address holds a password or token. Remove it, and use {place}.")
    if uri and not re.fullmatch(r"[a-z][a-z0-9+.-]*://.+", uri):
        raise PackageError(f"--storage-uri {uri!r}: expected an address such as s3://bucket/ner or pvc://claim/ner.")
    if uri.rstrip("/").rpartition("/")[2].isdigit():
        raise PackageError(
            f"--storage-uri {uri}: it ends in a number. KServe needs the folder that holds the numbered folders."
        )


def service_name(name: str) -> str:
    """Returns the name of the InferenceService and of the model in it.

    Raises:
        PackageError: the name cannot be converted.

    Example:
        >>> service_name("My_ner.v2")
        'my-ner-v2'
    """
    service = re.sub(r"[^a-z0-9-]", "-", name.lower()).strip("-")
    if not _SERVICE_NAME.fullmatch(service):
        raise PackageError(
            f"name {name!r}: Kubernetes takes at most 63 letters, digits and hyphens, a letter first. "
            "Give another --name."
        )
    return service


def lay_out(stage: Path, models: Sequence[PreparedModel], settings: PackageSettings) -> None:
    """Fills the folder `stage`."""
    [model] = models
    storage = stage / STORAGE
    storage.mkdir()
    model.folder.rename(storage / str(model.version))
    if model.can_batch:
        (storage / BATCHING_FILE).write_text(settings.batching.to_text(), encoding="utf-8")
    text = yaml.safe_dump(_service(settings, model.can_batch), sort_keys=False)
    (stage / SERVICE).write_text(text, encoding="utf-8")
    policy = yaml.safe_dump(_network_policy(service_name(settings.name)), sort_keys=False)
    (stage / NETWORK_POLICY).write_text(policy, encoding="utf-8")
    write_readme(
        stage,
        "kserve",
        settings,
        model,
        client=write_client(stage, service_name(settings.name)),
        manifest=SERVICE,
        network_policy=NETWORK_POLICY,
        gateways=_GATEWAYS,
        service=service_name(settings.name),
        signatures=write_requests(stage, model),
        storage=STORAGE,
        uri=_uri(settings),
    )


def _uri(settings: PackageSettings) -> str:
    return settings.storage_uri or f"s3://BUCKET/{settings.name}"


def _service(settings: PackageSettings, batched: bool) -> dict[str, object]:
    model: dict[str, object] = {
        "modelFormat": {"name": "tensorflow"},
        "runtime": "kserve-tensorflow-serving",
        # The runtime's own default is a server of 2021, which may not load this model.
        "runtimeVersion": settings.server_version,
        "storageUri": _uri(settings),
        "securityContext": _SECURITY,
    }
    if batched:
        model["args"] = ["--enable_batching=true", f"--batching_parameters_file={_MOUNT}/{BATCHING_FILE}"]
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": service_name(settings.name)},
        "spec": {"predictor": {"model": model}},
    }


def _network_policy(service: str) -> dict[str, object]:
    names = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(_GATEWAYS)}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": service},
        "spec": {
            "podSelector": {"matchLabels": {"serving.kserve.io/inferenceservice": service}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"namespaceSelector": {"matchExpressions": [names]}}]}],
        },
    }
