"""The layout of SageMaker's TensorFlow Serving container: model.tar.gz and environment variables."""

from __future__ import annotations

import gzip
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

from components.serving.packaging.prepare import PreparedModel
from components.serving.packaging.readme import write_readme
from components.serving.packaging.requests import write_requests
from components.serving.packaging.settings import PackageSettings

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
    write_readme(
        stage,
        "sagemaker",
        settings,
        model,
        archive=ARCHIVE,
        environment=ENVIRONMENT,
        resource=settings.name.replace("_", "-").replace(".", "-").strip("-"),  # letters, digits and hyphens only
        signatures=write_requests(stage, model),
    )


def archive(folder: Path, name: str, file: Path) -> None:
    """Writes a gzipped tar; the same content gives the same bytes, independent of time and owner.

    Args:
        folder: to pack.
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
