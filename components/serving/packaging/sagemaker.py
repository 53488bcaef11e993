"""The layout of SageMaker's TensorFlow Serving container: model.tar.gz and environment variables."""

from __future__ import annotations

import gzip
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

from components.serving.packaging.package_settings import PackageSettings
from components.serving.packaging.prepared_model import PreparedModel
from components.serving.packaging.request_examples import write_requests

ARCHIVE = "model.tar.gz"
ENVIRONMENT = "environment.json"


def lay_out(stage: Path, models: Sequence[PreparedModel], settings: PackageSettings) -> None:
    """Fills the folder `stage`: the archive holds `<name>/<version>/saved_model.pb`."""
    [model] = models
    archive(model.folder, f"{settings.name}/{int(model.version)}", stage / ARCHIVE)
    environment = {"SAGEMAKER_TFS_DEFAULT_MODEL_NAME": settings.name}
    if model.can_batch:
        environment |= {"SAGEMAKER_TFS_ENABLE_BATCHING": "true", **settings.batching.to_environment()}
    (stage / ENVIRONMENT).write_text(json.dumps(environment, indent=1) + "\n", encoding="utf-8")
    names = write_requests(stage, model)
    (stage / "README.md").write_text(_readme(settings, model, names), encoding="utf-8")


def archive(folder: Path, name: str, file: Path) -> None:
    """Writes a gzipped tar; the same content gives the same bytes whenever and by whomever it is packed.

    Args:
        folder: what to pack.
        name: its path in the archive.
        file: the archive.
    """
    with (
        file.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
            info = tarfile.TarInfo(f"{name}/{path.relative_to(folder).as_posix()}")
            if path.is_dir():
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(info)
                continue
            info.size, info.mode = path.stat().st_size, 0o644
            with path.open("rb") as content:
                tar.addfile(info, content)


def _readme(settings: PackageSettings, model: PreparedModel, names: list[str]) -> str:
    name = settings.name
    shown, release = f"{names[0]}.json", ".".join(map(str, settings.release))
    resource = _resource(name)
    lines = [
        f"# {name} for SageMaker",
        "",
        f"`{ARCHIVE}` holds `{name}/{model.version}/`, `{ENVIRONMENT}` the variables of the container, `requests/` one",
        "request a signature. Put your bucket, role and region for the words in capitals. IMAGE is the region's",
        f"`tensorflow-inference` image of TensorFlow {release} or newer: an older server may not load this model.",
        "",
        "```bash",
        f"aws s3 cp {ARCHIVE} s3://BUCKET/{name}/{model.version}/{ARCHIVE}",
        "```",
        "",
        "```python",
        "import json",
        "",
        "import boto3",
        "",
        'sagemaker = boto3.client("sagemaker", region_name="REGION")',
        "sagemaker.create_model(",
        f'    ModelName="{resource}-{model.version}",',
        '    ExecutionRoleArn="ROLE",',
        "    PrimaryContainer={",
        '        "Image": "IMAGE",',
        f'        "ModelDataUrl": "s3://BUCKET/{name}/{model.version}/{ARCHIVE}",',
        f'        "Environment": json.load(open("{ENVIRONMENT}")),',
        "    },",
        ")",
        "sagemaker.create_endpoint_config(",
        f'    EndpointConfigName="{resource}-{model.version}",',
        "    ProductionVariants=[",
        "        {",
        '            "VariantName": "all",',
        f'            "ModelName": "{resource}-{model.version}",',
        '            "InitialInstanceCount": 1,',
        '            "InstanceType": "ml.c5.xlarge",',
        "        }",
        "    ],",
        ")",
        f'sagemaker.create_endpoint(EndpointName="{resource}", EndpointConfigName="{resource}-{model.version}")',
        "```",
        "",
        "```bash",
        f"aws sagemaker-runtime invoke-endpoint --endpoint-name {resource} \\",
        f"  --content-type application/json --body fileb://requests/{shown} answer.json",
        "```",
        "",
        "The container hands the body on to TensorFlow Serving, so `signature_name` in it chooses the signature.",
        "None of this was run against AWS.",
        "",
    ]
    return "\n".join(lines)


def _resource(name: str) -> str:
    """SageMaker's names hold letters, digits and hyphens only."""
    return name.replace("_", "-").replace(".", "-").strip("-")
