"""The layout of Vertex AI: a SavedModel whose default signature takes keys, and instances for batch prediction."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from components.exporter.add_signatures.add_signatures import add_signatures
from components.exporter.add_signatures.plan import DEFAULT, KEYED
from components.exporter.contract.contract import Contract
from components.exporter.saved_model.inspecting import inspect_model
from components.serving.packaging.model_version import ModelVersion
from components.serving.packaging.package_settings import PackageSettings
from components.serving.packaging.prepared_model import PreparedModel
from components.serving.packaging.request_examples import request_body, write_requests

MODEL = "model"
INSTANCES = "instances.jsonl"
ORIGINAL = "unkeyed_signature"


def with_keyed_default(model: ModelVersion, workshop: Path, key: str) -> ModelVersion:
    """Returns a model whose `serving_default` hands a key through: batch prediction uses no other signature.

    Args:
        model: the model; returned as it is when its default does that already.
        workshop: where a model that is signed anew may lie; its old default stays as `unkeyed_signature`.
        key: what the key is called.

    Raises:
        NerError: the model cannot be signed anew.
    """
    contract = inspect_model(model.folder).contract
    if _hands_through(contract, DEFAULT, key):
        return model
    signed = workshop / "keyed"
    add = [] if _hands_through(contract, KEYED, key) else [KEYED]
    add_signatures(model.folder, signed, add=add, default=KEYED, keep_original_as=ORIGINAL, key=key)
    return dataclasses.replace(model, folder=signed)


def lay_out(stage: Path, models: Sequence[PreparedModel], settings: PackageSettings) -> None:
    """Fills the folder `stage`."""
    [model] = models
    model.folder.rename(stage / MODEL)
    instances = request_body(model, DEFAULT, rows=2).get("instances", [])
    lines = [json.dumps(instance, ensure_ascii=False) for instance in instances]
    (stage / INSTANCES).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    write_requests(stage, model)
    (stage / "Dockerfile").write_text(_dockerfile(settings, model), encoding="utf-8")
    (stage / "README.md").write_text(_readme(settings, model), encoding="utf-8")


def _hands_through(contract: Contract, name: str, key: str) -> bool:
    signature = contract.signatures.get(name)
    if signature is None or key not in signature.inputs:
        return False
    return any(tensor.forwards == key for tensor in signature.outputs.values())


def _dockerfile(settings: PackageSettings, model: PreparedModel) -> str:
    """TensorFlow Serving with the model inside, for regions whose prebuilt container is older than the model."""
    return (
        f"FROM {settings.image}\nCOPY {MODEL} /models/{settings.name}/{model.version}\nENV MODEL_NAME={settings.name}\n"
    )


def _readme(settings: PackageSettings, model: PreparedModel) -> str:
    name, release = settings.name, ".".join(map(str, settings.release))
    image = f"REGION-docker.pkg.dev/PROJECT/REPOSITORY/{name}:{model.version}"
    lines = [
        f"# {name} for Vertex AI",
        "",
        f"`{MODEL}/` is the SavedModel, `{INSTANCES}` holds rows for batch prediction. `serving_default` takes the key",
        f"`{settings.key}` and gives it back, because batch prediction does not keep the order of rows and uses no",
        "other signature. Put your own names for the words in capitals.",
        "",
        "## Own container (works whatever Vertex AI offers prebuilt)",
        "",
        "```bash",
        f"docker build -t {image} . && docker push {image}",
        f"gcloud ai models upload --region=REGION --display-name={name} \\",
        f"  --container-image-uri={image} --container-ports=8501 \\",
        f"  --container-predict-route=/v1/models/{name}:predict --container-health-route=/v1/models/{name}",
        "```",
        "",
        "## Prebuilt container",
        "",
        f"Only with an image of TensorFlow {release} or newer. The newest one in the list that we could read was 2.15,",
        "which is older than this model; look at the current list of prebuilt containers before you choose this way.",
        "",
        "```bash",
        f"gcloud storage cp --recursive {MODEL} gs://BUCKET/{name}/{model.version}/",
        f"gcloud ai models upload --region=REGION --display-name={name} --container-image-uri=PREBUILT_IMAGE \\",
        f"  --artifact-uri=gs://BUCKET/{name}/{model.version}/{MODEL}",
        "```",
        "",
        "## Batch prediction",
        "",
        "```bash",
        f"gcloud storage cp {INSTANCES} gs://BUCKET/{name}/{INSTANCES}",
        "```",
        "",
        "```python",
        "from google.cloud import aiplatform",
        "",
        'model = aiplatform.Model("MODEL_ID", project="PROJECT", location="REGION")',
        "model.batch_predict(",
        f'    job_display_name="{name}",',
        f'    gcs_source="gs://BUCKET/{name}/{INSTANCES}",',
        '    instances_format="jsonl",',
        f'    gcs_destination_prefix="gs://BUCKET/{name}/predictions",',
        '    predictions_format="jsonl",',
        '    machine_type="n1-standard-4",',
        ")",
        "```",
        "",
        "None of this was run against Google Cloud; that it uses `serving_default` and no other signature is what its",
        "documentation leaves open and what we assume.",
        "",
    ]
    return "\n".join(lines)
