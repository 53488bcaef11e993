"""Typed configuration of a cluster: images, and resources and settings of each node."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from typing_extensions import Self

from components.common.settings import Count, Integer, NotNegative, matching

NODES = (
    "RunPlanner", "CorpusExampleGen", "StatisticsGen", "SchemaSource", "DataValidator", "ChampionSource",
    "DriftValidator", "Transform", "Tuner", "Trainer", "Exporter", "Evaluator", "Reporter", "RegistryPusher",
)  # fmt: skip
"""The nodes that run in pods. Kubeflow itself runs `Corpus`, an importer."""

BATCH_NODES = ("BatchPredictor",)
"""The nodes of `ner compile --batch`."""

ACCELERATED = ("Trainer", "Tuner")
"""The nodes that can use a GPU."""

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}

Cpu = Annotated[str, matching(r"[0-9]+(\.[0-9]+)?|[0-9]+m", "a number of CPUs such as 2, 0.5 or 500m")]
Memory = Annotated[str, matching(r"[0-9]+(\.[0-9]+)?(k|M|G|T|Ki|Mi|Gi|Ti)?", "bytes such as 8Gi, 500M or 1000")]
Duration = Annotated[str, matching("[1-9][0-9]*[smhd]", "a time such as 30s, 10m, 2h or 1d")]
ImageName = Annotated[
    str,
    matching(
        r"[^\s@]+(@sha256:[0-9a-f]{64})?",
        "the name of an image, without white space, with or without @sha256: and 64 digits",
    ),
]
Variable = Annotated[str, matching("[A-Za-z_][A-Za-z0-9_]*", "the name of a variable")]


def seconds(duration: str) -> int:
    """Returns the seconds of a duration such as `30s`, `10m`, `2h` or `1d`.

    >>> seconds("10m")
    600
    """
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def cores(quantity: str) -> float:
    """Returns the CPUs of a Kubernetes quantity, `2` or `500m`."""
    return float(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)


def gigabytes(quantity: str) -> float:
    """Returns the 10^9 bytes of a Kubernetes quantity such as `8Gi`."""
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", quantity).groups()  # type: ignore[union-attr]  # matches `Memory`
    return float(number) * _BYTES[unit] / 10**9


def _in_bucket(address: str) -> str:
    if not re.match("(s3|gs|minio)://[^/]", address):
        raise ValueError("must be an address that begins with s3://, gs:// or minio:// and a bucket")
    return address


def _in_folder(address: str) -> str:
    if not re.match("[a-z0-9]+://[^/]+/+[^/]", _in_bucket(address)):
        raise ValueError("must name a folder or a file of the bucket, which KFP does not read as a whole")
    return address


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class CpuRange(_Section):
    """CPUs of a node."""

    request: Cpu | None
    limit: Cpu | None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.request and self.limit and cores(self.request) > cores(self.limit):
            raise ValueError(f"request ({self.request}) is more than limit ({self.limit})")
        return self


class MemoryRange(_Section):
    """Memory of a node."""

    request: Memory | None
    limit: Memory | None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.request and self.limit and gigabytes(self.request) > gigabytes(self.limit):
            raise ValueError(f"request ({self.request}) is more than limit ({self.limit})")
        return self


class Gpu(_Section):
    """Accelerators of a node: a Kubernetes resource such as `nvidia.com/gpu`, or a type of Vertex AI."""

    type: Annotated[str, Field(min_length=1)]
    count: Count


class Retries(_Section):
    """Retries of a failed node."""

    count: NotNegative
    backoff: Duration
    factor: Count  # Argo reads whole numbers only

    @property
    def waits(self) -> int:
        """Seconds of all waits together."""
        return sum(seconds(self.backoff) * self.factor**number for number in range(self.count))


class Volume(_Section):
    """An existing persistent volume claim."""

    claim: Annotated[
        str,
        matching(
            "[a-z0-9]([a-z0-9.-]*[a-z0-9])?",
            "lower-case letters, digits, . and -, with a letter or digit at both ends",
        ),
    ]
    path: Annotated[str, matching("/.*", "an absolute path")]


class Toleration(_Section):
    """A Kubernetes toleration."""

    key: str = ""
    operator: Literal["Exists", "Equal"] = "Equal"
    value: str = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""
    toleration_seconds: Integer | None = None


class RunAs(_Section):
    """User of a pod's container; null: that of the image."""

    user: NotNegative | None = None
    group: NotNegative | None = None
    non_root: bool | None = None


class Node(_Section):
    """Resources and settings of a node."""

    cpu: CpuRange
    memory: MemoryRange
    gpu: Gpu | None
    node_selector: dict[str, str]
    tolerations: tuple[Toleration, ...]
    shared_memory: Memory | None
    retries: Retries
    timeout: Duration | None
    env: dict[Variable, str]
    secret_env: dict[str, dict[Variable, str]]
    volumes: tuple[Volume, ...]
    run_as: RunAs | None
    cache: bool

    @model_validator(mode="after")
    def _one_volume_for_each_path(self) -> Self:
        paths = [volume.path.rstrip("/") for volume in self.volumes]
        if twice := sorted({path for path in paths if paths.count(path) > 1}):
            raise ValueError(f"two volumes have the path {twice[0]}. Mount one of them elsewhere")
        return self


class Images(_Section):
    """The container images."""

    cpu: ImageName
    gpu: ImageName
    pull_policy: Literal["Always", "IfNotPresent", "Never"] | None
    pull_secrets: tuple[str, ...]


class Hosts(_Section):
    """Training on several hosts (`trainer.hosts`): `nodes.Trainer` describes each host, this the pod that starts them.

    Attributes:
        folder: folder on a volume of `nodes.Trainer` that all machines can mount.
        restarts: of all hosts together, after the loss of one.
        cpu: of the pod that starts the hosts.
        memory: of the same pod.
        node_selector: of the same pod.
    """

    folder: Annotated[str, matching("/.*", "an absolute path")] | None
    restarts: NotNegative
    cpu: CpuRange
    memory: MemoryRange
    node_selector: dict[str, str]


class ClusterConfig(_Section):
    """Configuration of a cluster; `hosts` is None where no Kubernetes starts hosts."""

    description: str
    pipeline_root: Annotated[str, AfterValidator(_in_bucket)] | None
    data: Annotated[str, AfterValidator(_in_folder)] | None
    settings: dict[str, Any]
    images: Images
    hosts: Hosts | None
    nodes: dict[str, Node]

    @model_validator(mode="after")
    def _gpus_only_where_used(self) -> Self:
        for name, node in self.nodes.items():
            if node.gpu and name not in ACCELERATED:
                raise ValueError(f"nodes.{name}.gpu: only {' and '.join(ACCELERATED)} can use a GPU; set it to null")
        return self
