"""What a package is told."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import re

from components.registry.names import check_model_name
from components.serving.packaging.batching import Batching
from components.serving.packaging.package_error import PackageError

OLDEST_SERVER = (2, 16)
_RELEASE = re.compile(r"(\d+)\.(\d+)\.\d+")


def _default_server() -> str:
    stubs, wheel = (importlib.metadata.version(name) for name in ("tensorflow-serving-api", "tensorflow"))

    def minor(release: str) -> tuple[int, ...]:
        return tuple(int(part) for part in release.split(".")[:2])

    return wheel if minor(wheel) > minor(stubs) else stubs


@dataclasses.dataclass(frozen=True)
class PackageSettings:
    """Settings that all layouts share.

    Attributes:
        name: under which the model is served.
        server_version: release of TensorFlow Serving, e.g. `2.16.1`; by default that of the installed
            tensorflow-serving-api, or of the installed TensorFlow where that is newer by a minor release.
        batching: how requests are gathered.
        storage_uri: KServe only: where the folder `storage` will be uploaded; empty: a placeholder.
        key: Vertex only: what the key of a row is called.
    """

    name: str
    server_version: str = ""
    batching: Batching = dataclasses.field(default_factory=Batching)
    storage_uri: str = ""
    key: str = "key"

    def __post_init__(self) -> None:
        """Checks the name and the server.

        Raises:
            NerError: the name cannot name a folder, or the server is too old or no release.
        """
        check_model_name(self.name)
        if not self.server_version:
            object.__setattr__(self, "server_version", _default_server())
        if self.release < OLDEST_SERVER:
            raise PackageError(
                f"TensorFlow Serving {self.server_version} is too old: the models are written for "
                f"{'.'.join(map(str, OLDEST_SERVER))} or newer. Choose a newer --server-version."
            )

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor number of the server.

        Raises:
            PackageError: the text is no release.
        """
        match = _RELEASE.fullmatch(self.server_version)
        if match is None:
            raise PackageError(
                f"server version {self.server_version!r}: expected a full release such as 2.16.1, because a moving tag "
                "(latest) would change the server under the model."
            )
        return int(match[1]), int(match[2])

    @property
    def image(self) -> str:
        """The Docker image."""
        return f"tensorflow/serving:{self.server_version}"
