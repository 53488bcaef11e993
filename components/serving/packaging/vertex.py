"""The layout of Vertex AI: a SavedModel whose default signature takes keys, and rows for batch prediction."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from components.exporter.contract.contract import Contract
from components.exporter.saved_model.add_signatures import add_signatures
from components.exporter.saved_model.inspecting import inspect_model
from components.exporter.signatures import Signatures
from components.keys import KEYED, SERVING_DEFAULT
from components.serving.packaging.errors import PackageError
from components.serving.packaging.prepare import ModelVersion, PreparedModel
from components.serving.packaging.readme import write_readme
from components.serving.packaging.requests import request_body, write_client, write_requests
from components.serving.packaging.settings import PackageSettings

MODEL = "model"
INSTANCES = "instances.jsonl"
_OWN_KEYED = "keyed_batches"


def with_keyed_default(model: ModelVersion, scratch: Path, settings: PackageSettings) -> ModelVersion:
    """Returns a model whose `serving_default` returns a key, since batch prediction uses no other signature.

    Args:
        model: returned unchanged if its default does that already.
        scratch: folder for a copy with added signatures; the old default stays as `unkeyed_signature`.
        settings: name and dtype of the key.

    Raises:
        NerError: the signatures cannot be added.
    """
    contract, key = inspect_model(model.folder).contract, settings.key
    for name in (SERVING_DEFAULT, KEYED):
        if _returns(contract, name, key):
            own = contract.signatures[name].inputs[key].dtype
            if settings.key_dtype not in ("", own):
                raise PackageError(
                    f"--key {key}:{settings.key_dtype}: the model's own key {key} has the dtype {own}. "
                    f"Give --key {key}, or another name."
                )
    if _returns(contract, SERVING_DEFAULT, key):
        return model
    copy = scratch / "with_keys"
    if _returns(contract, KEYED, key):
        signatures = Signatures(default=KEYED)
    else:
        name = _OWN_KEYED if KEYED in contract.signatures else KEYED  # the model's own has another key
        signatures = Signatures(default=name, key=key, key_dtype=settings.key_dtype or "string", keyed_as=name)
    add_signatures(model.folder, copy, signatures)
    return dataclasses.replace(model, folder=copy)


def lay_out(stage: Path, models: Sequence[PreparedModel], settings: PackageSettings) -> None:
    """Fills the folder `stage`."""
    [model] = models
    model.folder.rename(stage / MODEL)
    instances = request_body(model, SERVING_DEFAULT, rows=2).get("instances", [])
    lines = [json.dumps(instance, ensure_ascii=False) for instance in instances]
    (stage / INSTANCES).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    signatures = write_requests(stage, model)
    (stage / "Dockerfile").write_text(_dockerfile(settings, model), encoding="utf-8")
    write_readme(
        stage,
        "vertex",
        settings,
        model,
        client=write_client(stage, settings.name),
        folder=MODEL,
        instances=INSTANCES,
        signatures=signatures,
    )


def _returns(contract: Contract, name: str, key: str) -> bool:
    signature = contract.signatures.get(name)
    if signature is None or key not in signature.inputs:
        return False
    return any(tensor.forwards == key for tensor in signature.outputs.values())


def _dockerfile(settings: PackageSettings, model: PreparedModel) -> str:
    """Returns a server with the model inside, for regions whose prebuilt container is older than the model."""
    return (
        f"FROM {settings.image}\nCOPY {MODEL} /models/{settings.name}/{model.version}\nENV MODEL_NAME={settings.name}\n"
        "# The server writes nothing and its ports are above 1024.\nUSER 65534:65534\n"
    )
