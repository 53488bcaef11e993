"""A compiled pipeline: what the client commands read of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from components.common.errors import NerError

_SCHEMA_VERSION = "2.1.0"  # the only one that open-source KFP takes
_ENDINGS = (".yaml", ".yml")  # kfp's client reads no other


@dataclass(frozen=True)
class PipelineSpec:
    """A pipeline specification (KFP's intermediate representation) and, if it has one, its platform part.

    Attributes:
        spec: the PipelineSpec message as JSON.
        platform: the PlatformSpec message as JSON; empty without a second document.
        source: where it comes from, for error texts.
    """

    spec: dict[str, Any]
    platform: dict[str, Any] = field(default_factory=dict)
    source: str = "the pipeline"

    @classmethod
    def of_file(cls, path: Path) -> PipelineSpec:
        """Reads what `ner compile --target kubeflow` writes: one YAML document or two.

        Raises:
            NerError: no such file, not YAML, or not a pipeline that open-source KFP takes.
        """
        if path.suffix not in _ENDINGS:
            raise NerError(
                f"{path}: a pipeline for Kubeflow is a .yaml file; `ner compile --target kubeflow` writes it"
            )
        try:
            documents = [d for d in yaml.safe_load_all(path.read_text(encoding="utf-8")) if d is not None]
        except (OSError, UnicodeDecodeError) as error:
            raise NerError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        except yaml.YAMLError as error:
            raise NerError(f"{path} is not YAML: {error}") from None
        _check(documents, path)
        return cls(documents[0], documents[1] if len(documents) == 2 else {}, str(path))

    @classmethod
    def of_version(cls, version: Any) -> PipelineSpec:
        """Reads the specification that a server keeps of a pipeline's version.

        Args:
            version: `V2beta1PipelineVersion`; a pipeline with a platform part has both parts inside.
        """
        content = version.pipeline_spec or {}
        source = f"version {version.display_name}"
        if "pipeline_spec" in content:
            return cls(content["pipeline_spec"], content.get("platform_spec") or {}, source)
        return cls(content, {}, source)

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self.spec["pipelineInfo"]["name"]

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """Name -> definition (`parameterType`, `defaultValue`, `isOptional`, `description`) of each parameter."""
        return self.spec.get("root", {}).get("inputDefinitions", {}).get("parameters", {})

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks, each after those it needs; a server has them in the order of their names."""
        tasks = self.spec.get("root", {}).get("dag", {}).get("tasks", {})
        needs = {name: sorted({need for need in _needs(tasks[name]) if need in tasks}) for name in sorted(tasks)}
        return list(TopologicalSorter(needs).static_order())

    @property
    def digest(self) -> str:
        """SHA-256 of the content; layout and order of keys do not matter."""
        text = json.dumps([self.spec, self.platform], sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    def write(self, path: Path) -> None:
        """Writes it as kfp's client reads it."""
        documents = [self.spec, *([self.platform] if self.platform else [])]
        path.write_text(yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _needs(task: dict[str, Any]) -> Iterator[str]:
    """Yields the tasks that a task waits for."""
    yield from task.get("dependentTasks", [])
    inputs = task.get("inputs", {})
    for source in [*inputs.get("artifacts", {}).values(), *inputs.get("parameters", {}).values()]:
        for output in ("taskOutputArtifact", "taskOutputParameter"):
            if "producerTask" in source.get(output, {}):
                yield source[output]["producerTask"]


def _check(documents: list[Any], path: Path) -> None:
    advice = "`ner compile --target kubeflow -o FILE` writes one"
    if not 1 <= len(documents) <= 2 or not all(isinstance(document, dict) for document in documents):
        raise NerError(f"{path}: a pipeline is one YAML document, or two with the platform's part; {advice}")
    spec = documents[0]
    if "pipelineSpec" in spec:
        raise NerError(f"{path} is a PipelineJob, which is for Vertex AI; {advice} for Kubeflow")
    if not isinstance(spec.get("pipelineInfo"), dict) or not spec["pipelineInfo"].get("name") or "root" not in spec:
        raise NerError(f"{path} is not a compiled pipeline: pipelineInfo.name and root are missing; {advice}")
    if (version := spec.get("schemaVersion")) != _SCHEMA_VERSION:
        raise NerError(
            f"{path}: schemaVersion is {version!r}, and Kubeflow Pipelines takes {_SCHEMA_VERSION!r}; {advice}"
        )
    if len(documents) == 2 and "platforms" not in documents[1]:
        raise NerError(f"{path}: the second document has no `platforms`; {advice}")
