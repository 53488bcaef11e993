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
from components.serving.packaging.prepare import ModelVersion, PreparedModel
from components.serving.packaging.readme import write_readme
from components.serving.packaging.requests import request_body, write_requests
from components.serving.packaging.settings import PackageSettings

MODEL = "model"
INSTANCES = "instances.jsonl"


def with_keyed_default(model: ModelVersion, workshop: Path, key: str) -> ModelVersion:
    """Returns a model whose `serving_default` returns a key, since batch prediction uses no other signature.

    Args:
        model: returned unchanged if its default does that already.
        workshop: folder for a copy with added signatures; the old default stays as `unkeyed_signature`.
        key: name of the key.

    Raises:
        NerError: the signatures cannot be added.
    """
    contract = inspect_model(model.folder).contract
    if _returns(contract, SERVING_DEFAULT, key):
        return model
    copy = workshop / "with_keys"
    added_key = None if _returns(contract, KEYED, key) else key
    add_signatures(model.folder, copy, Signatures(default=KEYED, key=added_key))
    return dataclasses.replace(model, folder=copy)


def lay_out(stage: Path, models: Sequence[PreparedModel], settings: PackageSettings) -> None:
    """Fills the folder `stage`."""
    [model] = models
    model.folder.rename(stage / MODEL)
    instances = request_body(model, SERVING_DEFAULT, rows=2).get("instances", [])
    lines = [json.dumps(instance, ensure_ascii=False) for instance in instances]
    (stage / INSTANCES).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    write_requests(stage, model)
    (stage / "Dockerfile").write_text(_dockerfile(settings, model), encoding="utf-8")
    write_readme(stage, "vertex", settings, model, folder=MODEL, instances=INSTANCES)


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
