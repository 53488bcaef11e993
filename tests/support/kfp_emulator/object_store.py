"""An object store in a folder, and how Kubeflow's launcher copies between it and the mirrors in a pod."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.kubeflow.container.mirror import to_path


class ObjectStore:
    """Objects by URI. As in a real one, there are only files: an empty folder is nothing.

    Attributes:
        folder: where the objects lie, bucket by bucket: `<folder>/minio/<bucket>/<key>`.
    """

    def __init__(self, folder: Path) -> None:
        """Opens or makes the store."""
        self.folder = folder.absolute()
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, uri: str) -> Path:
        """Where the object, or the objects below it, lie."""
        return Path(to_path(uri, str(self.folder)))

    def put(self, uri: str, source: Path) -> None:
        """Stores a file or the files of a folder, as `mc cp --recursive` would."""
        _copy(source, self.path(uri))

    def download(self, uri: str, root: Path) -> None:
        """Copies what has the URI into a pod's mirror; what is not there is left out, as by the launcher."""
        _copy(self.path(uri), Path(to_path(uri, str(root))))

    def upload(self, uri: str, root: Path) -> None:
        """Copies what a component left in a pod's mirror; nothing is allowed, as by the launcher."""
        _copy(Path(to_path(uri, str(root))), self.path(uri))


def _copy(source: Path, target: Path) -> None:
    files = [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]
    for file in files:
        to = target / file.relative_to(source) if file != source else target
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, to)
