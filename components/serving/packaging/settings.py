"""Packaging settings."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import re

from components.registry.names import check_model_name
from components.serving.packaging.errors import PackageError

OLDEST_SERVER = (2, 16)
BATCHING_FILE = "batching.config"
_RELEASE = re.compile(r"(\d+)\.(\d+)\.\d+")


@dataclasses.dataclass(frozen=True)
class Batching:
    """Batching parameters of TensorFlow Serving.

    Attributes:
        max_batch_size: maximum number of rows in one run of the model.
        batch_timeout_micros: microseconds that a request waits for others.
        max_enqueued_batches: batches that may wait; further requests are refused.
        num_batch_threads: batches that run at the same time; start with the number of cores.

    Example:
        >>> print(Batching(max_batch_size=8).to_text().splitlines()[0])
        max_batch_size { value: 8 }
    """

    max_batch_size: int = 32
    batch_timeout_micros: int = 1000
    max_enqueued_batches: int = 100
    num_batch_threads: int = 4

    def to_text(self) -> str:
        """Returns the message `tensorflow.serving.BatchingParameters` as text.

        tensorflow-serving-api ships no stub of session_bundle_config.proto.
        """
        return "".join(f"{name} {{ value: {value} }}\n" for name, value in dataclasses.asdict(self).items())

    def to_environment(self) -> dict[str, str]:
        """Returns the same parameters as environment variables of SageMaker's TensorFlow Serving container."""
        return {f"SAGEMAKER_TFS_{name.upper()}": str(value) for name, value in dataclasses.asdict(self).items()}


@dataclasses.dataclass(frozen=True)
class PackageSettings:
    """Settings of all layouts.

    Attributes:
        name: under which the model is served.
        server_version: release of TensorFlow Serving, e.g. `2.16.1`; by default that of the installed
            tensorflow-serving-api, or of the installed TensorFlow if that is newer by a minor release.
        batching: parameters of the server.
        storage_uri: KServe only: future address of the folder `storage`; empty: a placeholder.
        key: Vertex only: name of the key of a row.
        key_dtype: Vertex only: dtype of the key (`string`, `float32`, `int64`); empty: that of the model's own key, or
            `string`.
    """

    name: str
    server_version: str = ""
    batching: Batching = dataclasses.field(default_factory=Batching)
    storage_uri: str = ""
    key: str = "key"
    key_dtype: str = ""

    def __post_init__(self) -> None:
        """Checks the name and the server.

        Raises:
            NerError: the name cannot name a folder, or the server is too old or not a release.
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
            PackageError: the text is not a release.
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


def _default_server() -> str:
    stubs, wheel = (importlib.metadata.version(name) for name in ("tensorflow-serving-api", "tensorflow"))

    def minor(release: str) -> tuple[int, ...]:
        return tuple(int(part) for part in release.split(".")[:2])

    return wheel if minor(wheel) > minor(stubs) else stubs
