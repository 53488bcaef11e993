"""Those parts of a compiled pipeline that the client reads."""

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
from configs.layers import yaml_problem

_SCHEMA_VERSION = "2.1.0"  # the only one that open-source KFP accepts
_SUFFIXES = (".yaml", ".yml")  # kfp's client reads no others
_ADVICE = "`ner compile --target kubeflow -o FILE` writes one."


@dataclass(frozen=True)
class PipelineSpec:
    """A pipeline specification (KFP's intermediate representation) and its optional platform document.

    Attributes:
        spec: the PipelineSpec message as JSON.
        platform: the PlatformSpec message as JSON; empty without a second document.
        source: origin, for error texts.

    Example:
        >>> spec = {"pipelineInfo": {"name": "ner"}, "root": {"dag": {"tasks": {
        ...     "Evaluator": {"dependentTasks": ["Trainer"]}, "Trainer": {}}}}}
        >>> PipelineSpec(spec).tasks
        ['Trainer', 'Evaluator']
    """

    spec: dict[str, Any]
    platform: dict[str, Any] = field(default_factory=dict)
    source: str = "the pipeline"

    @classmethod
    def of_file(cls, path: Path) -> PipelineSpec:
        """Reads the output of `ner compile --target kubeflow`: one YAML document or two.

        Raises:
            NerError: the file cannot be read, is not YAML, or is not a pipeline that open-source KFP accepts.
        """
        if path.suffix not in _SUFFIXES:
            raise NerError(f"{path}: not a .yaml file. {_ADVICE}")
        try:
            documents = [d for d in yaml.safe_load_all(path.read_text(encoding="utf-8")) if d is not None]
        except (OSError, UnicodeDecodeError) as error:
            raise NerError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}. {_ADVICE}") from None
        except yaml.YAMLError as error:
            line, problem = yaml_problem(error)
            raise NerError(f"{path}{line}: is not YAML ({problem}). {_ADVICE}") from None
        _check(documents, path)
        return cls(documents[0], documents[1] if len(documents) == 2 else {}, str(path))

    @classmethod
    def of_server(cls, content: dict[str, Any] | None, source: str) -> PipelineSpec:
        """Reads the `pipeline_spec` field of a version or run on a server.

        Args:
            content: the field; with a platform document it holds both.
            source: origin, for error texts.
        """
        content = content or {}
        if "pipeline_spec" in content:
            return cls(content["pipeline_spec"], content.get("platform_spec") or {}, source)
        return cls(content, {}, source)

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self.spec["pipelineInfo"]["name"]

    @property
    def default_root(self) -> str | None:
        """The artifact root of the file, which a client must send: no server reads it from the specification."""
        return self.spec.get("defaultPipelineRoot")

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """Name -> definition (`parameterType`, `defaultValue`, `isOptional`, `description`) of each parameter."""
        return self.spec.get("root", {}).get("inputDefinitions", {}).get("parameters", {})

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks in topological order; a server sorts them by name."""
        tasks = self.spec.get("root", {}).get("dag", {}).get("tasks", {})
        upstream = {
            name: sorted(
                {one for one in [*tasks[name].get("dependentTasks", []), *producers(tasks[name])] if one in tasks}
            )
            for name in sorted(tasks)
        }
        return list(TopologicalSorter(upstream).static_order())

    @property
    def digest(self) -> str:
        """SHA-256 of the content, independent of layout and key order."""
        text = json.dumps([self.spec, self.platform], sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    def write(self, path: Path) -> None:
        """Writes the file that kfp's client reads."""
        documents = [self.spec, *([self.platform] if self.platform else [])]
        path.write_text(yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True), encoding="utf-8")


def producers(task: dict[str, Any]) -> Iterator[str]:
    """Yields the tasks whose outputs a task of the specification reads.

    >>> task = {"inputs": {"artifacts": {"model": {"taskOutputArtifact": {"producerTask": "Trainer"}}}}}
    >>> list(producers(task))
    ['Trainer']
    """
    inputs = task.get("inputs", {})
    for source in [*inputs.get("artifacts", {}).values(), *inputs.get("parameters", {}).values()]:
        for output in ("taskOutputArtifact", "taskOutputParameter"):
            if "producerTask" in source.get(output, {}):
                yield source[output]["producerTask"]


def _check(documents: list[Any], path: Path) -> None:
    if not 1 <= len(documents) <= 2 or not all(isinstance(document, dict) for document in documents):
        raise NerError(f"{path}: not one YAML document, or two with the platform's. {_ADVICE}")
    spec = documents[0]
    if "pipelineSpec" in spec:
        raise NerError(f"{path}: a PipelineJob for Vertex AI. {_ADVICE}")
    if not isinstance(spec.get("pipelineInfo"), dict) or not spec["pipelineInfo"].get("name") or "root" not in spec:
        raise NerError(f"{path}: not a compiled pipeline: pipelineInfo.name or root is missing. {_ADVICE}")
    if (version := spec.get("schemaVersion")) != _SCHEMA_VERSION:
        raise NerError(
            f"{path}: schemaVersion is {version!r}, Kubeflow Pipelines accepts {_SCHEMA_VERSION!r}. {_ADVICE}"
        )
    if len(documents) == 2 and "platforms" not in documents[1]:
        raise NerError(f"{path}: the second document has no `platforms`. {_ADVICE}")
