"""The layout of KServe: a storage folder with a numbered folder, and an InferenceService."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from components.serving.packaging.batching import BATCHING_FILE
from components.serving.packaging.package_error import PackageError
from components.serving.packaging.package_settings import PackageSettings
from components.serving.packaging.prepared_model import PreparedModel
from components.serving.packaging.request_examples import write_requests

STORAGE = "storage"
SERVICE = "inferenceservice.yaml"
# KServe downloads storageUri to this folder and starts the server on it.
_MOUNT = "/mnt/models"
_SERVICE_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


def check_settings(settings: PackageSettings) -> None:
    """Checks what only KServe asks for.

    Raises:
        PackageError: the name or the URI cannot be used.
    """
    service_name(settings.name)
    uri = settings.storage_uri
    if uri and not re.fullmatch(r"[a-z][a-z0-9+.-]*://.+", uri):
        raise PackageError(f"--storage-uri {uri!r}: expected an address such as s3://bucket/ner or pvc://claim/ner.")
    if uri.rstrip("/").rpartition("/")[2].isdigit():
        raise PackageError(
            f"--storage-uri {uri}: it ends in a number. KServe needs the folder that holds the numbered folders."
        )


def service_name(name: str) -> str:
    """Returns the name of the InferenceService, which is also that of the model.

    Raises:
        PackageError: no such name can be made of it.
    """
    found = re.sub(r"[^a-z0-9-]", "-", name.lower()).strip("-")
    if not _SERVICE_NAME.fullmatch(found):
        raise PackageError(
            f"name {name!r}: Kubernetes wants at most 63 letters, digits and hyphens, a letter first. "
            "Give another --name."
        )
    return found


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
    names = write_requests(stage, model)
    (stage / "README.md").write_text(_readme(settings, model, names), encoding="utf-8")


def _uri(settings: PackageSettings) -> str:
    return settings.storage_uri or f"s3://BUCKET/{settings.name}"


def _service(settings: PackageSettings, batched: bool) -> dict[str, object]:
    model: dict[str, object] = {
        "modelFormat": {"name": "tensorflow"},
        "runtime": "kserve-tensorflow-serving",
        # The runtime's own default is a server of 2021, which cannot be expected to load this model.
        "runtimeVersion": settings.server_version,
        "storageUri": _uri(settings),
    }
    if batched:
        model["args"] = ["--enable_batching=true", f"--batching_parameters_file={_MOUNT}/{BATCHING_FILE}"]
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": service_name(settings.name)},
        "spec": {"predictor": {"model": model}},
    }


def _readme(settings: PackageSettings, model: PreparedModel, names: list[str]) -> str:
    name, uri = service_name(settings.name), _uri(settings)
    copy = f"aws s3 sync {STORAGE} {uri}"
    if uri.startswith("gs://"):
        copy = f"gcloud storage rsync --recursive {STORAGE} {uri}"
    elif not uri.startswith("s3://"):
        copy = f"# copy the content of {STORAGE}/ to {uri}"
    placeholder = f"No --storage-uri was given: put your address for {uri} here and in {SERVICE}."
    calls = [
        f'curl -X POST "$ADDRESS/v1/models/{name}:predict" -H "Host: $HOST" -d @requests/{each}.json' for each in names
    ]
    lines = [
        f"# {name} for KServe",
        "",
        *([] if settings.storage_uri else [placeholder, ""]),
        f"`storageUri` names the folder that holds `{model.version}/`, never `{model.version}/` itself: KServe starts",
        "the server on it.",
        "",
        "```bash",
        copy,
        f"kubectl apply -f {SERVICE}",
        f"kubectl wait --for=condition=Ready inferenceservice/{name} --timeout=300s",
        f"HOST=$(kubectl get inferenceservice {name} -o jsonpath='{{.status.url}}' | cut -d/ -f3)",
        "ADDRESS=http://INGRESS_HOST:INGRESS_PORT",
        *calls,
        "```",
        "",
        f"`runtimeVersion` is the tag of the image `tensorflow/serving`: {settings.server_version}.",
        "None of this was run against a cluster.",
        "",
    ]
    return "\n".join(lines)
