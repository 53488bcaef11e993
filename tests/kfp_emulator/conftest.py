"""Small compiled pipelines whose containers are shell commands: they run in milliseconds without TFX."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml


def shell(script: str, **more) -> dict:
    return {"container": {"image": "none", "command": ["sh", "-ec", script], **more}}


def task(name: str, inputs=None, after=(), **more) -> dict:
    """inputs: name -> (producer, output), or the specification of a parameter."""
    artifacts = {
        key: {"taskOutputArtifact": {"producerTask": value[0], "outputArtifactKey": value[1]}}
        for key, value in (inputs or {}).items()
        if isinstance(value, tuple)
    }
    parameters = {key: value for key, value in (inputs or {}).items() if isinstance(value, dict)}
    return {
        "taskInfo": {"name": name},
        "componentRef": {"name": f"comp-{name}"},
        "inputs": {"artifacts": artifacts, "parameters": parameters},
        "dependentTasks": sorted({value[0] for value in artifacts_of(inputs)} | set(after)),
        **more,
    }


def artifacts_of(inputs) -> list:
    return [value for value in (inputs or {}).values() if isinstance(value, tuple)]


MODEL = {"artifactType": {"instanceSchema": "title: tfx.Model\ntype: object\n"}}


def component(name: str, inputs=(), parameters=None, outputs=()) -> dict:
    return {
        "executorLabel": f"{name}-executor",
        "inputDefinitions": {
            "artifacts": dict.fromkeys(inputs, MODEL),
            "parameters": {key: {"parameterType": kind} for key, kind in (parameters or {}).items()},
        },
        "outputDefinitions": {
            "artifacts": dict.fromkeys(outputs, MODEL),
        },
    }


def pipeline(tasks: list[dict], components: dict[str, dict], executors: dict[str, dict], parameters=None) -> dict:
    return {
        "pipelineInfo": {"name": "small"},
        "schemaVersion": "2.1.0",
        "sdkVersion": "tfx",
        "root": {
            "dag": {"tasks": {one["taskInfo"]["name"]: one for one in tasks}},
            "inputDefinitions": {"parameters": parameters or {}},
        },
        "components": {f"comp-{name}": one for name, one in components.items()},
        "deploymentSpec": {"executors": {f"{name}-executor": one for name, one in executors.items()}},
    }


class Small:
    """Writes and runs small pipelines."""

    shell = staticmethod(shell)
    task = staticmethod(task)
    component = staticmethod(component)
    pipeline = staticmethod(pipeline)

    def __init__(self, folder: Path) -> None:
        from support.kfp_emulator.emulator import Emulator

        self.folder = folder
        self.lines: list[str] = []
        self.emulator = Emulator(folder / "work", self.lines.append)

    def write(self, *documents: dict) -> Path:
        file = self.folder / "pipeline.yaml"
        file.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
        return file

    def run(self, *documents: dict, **options):
        from support.kfp_emulator.pipeline_file import read_pipeline

        return self.emulator.run(read_pipeline(self.write(*documents)), **options)

    def one(self, script: str, outputs=("model",), platform=None, parameters=None, arguments=None, **more):
        """Runs a pipeline of one task."""
        document = pipeline(
            [task("a", {name: {"componentInputParameter": name} for name in (parameters or {})}, **more)],
            {"a": component("a", outputs=outputs, parameters=dict.fromkeys(parameters or {}, "STRING"))},
            {"a": shell(script)},
            {name: {"parameterType": "STRING"} | spec for name, spec in (parameters or {}).items()},
        )
        return self.run(document, *([platform] if platform else []), parameters=arguments)


@pytest.fixture
def small(tmp_path) -> Small:
    return Small(tmp_path)
