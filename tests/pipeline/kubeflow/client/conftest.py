"""A server to talk to, and a compiled pipeline to give it."""

from __future__ import annotations

import copy
import importlib.util
import os
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

SPEC = {
    "pipelineInfo": {"name": "ner"},
    "schemaVersion": "2.1.0",
    "sdkVersion": "tfx-1.16.0",
    "components": {
        "comp-gen": {"executorLabel": "gen", "inputDefinitions": {"parameters": {"data": {"parameterType": "STRING"}}}},
        "comp-trainer": {"executorLabel": "trainer"},
        "comp-pusher": {"executorLabel": "pusher"},
    },
    "deploymentSpec": {
        "executors": {
            name: {"container": {"image": "ner:1", "command": ["true"]}} for name in ("gen", "trainer", "pusher")
        }
    },
    "root": {
        "dag": {
            "tasks": {
                "CorpusExampleGen": {
                    "componentRef": {"name": "comp-gen"},
                    "taskInfo": {"name": "CorpusExampleGen"},
                    "inputs": {"parameters": {"data": {"componentInputParameter": "data"}}},
                },
                "Trainer": {
                    "componentRef": {"name": "comp-trainer"},
                    "taskInfo": {"name": "Trainer"},
                    "dependentTasks": ["CorpusExampleGen"],
                    "cachingOptions": {"enableCache": True},
                },
                "RegistryPusher": {
                    "componentRef": {"name": "comp-pusher"},
                    "taskInfo": {"name": "RegistryPusher"},
                    "dependentTasks": ["Trainer"],
                },
            }
        },
        "inputDefinitions": {
            "parameters": {
                "data": {"parameterType": "STRING", "isOptional": True, "defaultValue": "s3://bucket/corpus"},
                "span": {"parameterType": "NUMBER_INTEGER", "isOptional": True, "defaultValue": -1.0},
                "rate": {"parameterType": "NUMBER_DOUBLE", "isOptional": True},
                "fresh": {"parameterType": "BOOLEAN", "isOptional": True},
                "tags": {"parameterType": "LIST", "isOptional": True},
                "more": {"parameterType": "STRUCT", "isOptional": True},
                "run_name": {"parameterType": "STRING", "defaultValue": ""},
            }
        },
    },
}
PLATFORM = {
    "platforms": {
        "kubernetes": {"deploymentSpec": {"executors": {"trainer": {"nodeSelector": {"labels": {"gpu": "yes"}}}}}}
    }
}


def load(name):
    """A helper beside this file: tests are no packages."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith(("KFP_", "KF_PIPELINES_", "KUBERNETES_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "no-kubeconfig"))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "*")


@pytest.fixture(scope="session")
def any_swagger():
    """The API's specification; None where it is not at hand."""
    swagger = load("swagger")
    return swagger.Swagger() if swagger.FILE.is_file() else None


@pytest.fixture(scope="session")
def swagger(any_swagger):
    if any_swagger is None:
        pytest.skip("the specification of KFP's API (../shared/kfp) is not here")
    return any_swagger


@pytest.fixture
def fake(any_swagger, monkeypatch, tmp_path):
    """Starts servers; every request and answer of theirs must agree with the specification."""
    monkeypatch.setattr("kfp.client.client.Client._LOCAL_KFP_CONTEXT", str(tmp_path / "no-context"))
    servers = []
    with ExitStack() as stack:

        def start(**options):
            servers.append(stack.enter_context(load("fake_kfp").FakeKfp(any_swagger, **options)))
            return servers[-1]

        yield start
    assert [fault for server in servers for fault in server.faults] == []


@pytest.fixture
def server(fake):
    return fake()


@pytest.fixture
def connection(server):
    from pipeline.kubeflow.client.connection import connect

    return connect(server.host)


@pytest.fixture
def spec():
    return copy.deepcopy(SPEC)


@pytest.fixture
def compiled(tmp_path):
    """Writes a compiled pipeline, with changes."""

    def write(name="pipeline.yaml", platform=None, **changes):
        path = tmp_path / name
        path.write_text(yaml.safe_dump_all([{**copy.deepcopy(SPEC), **changes}, *([platform] if platform else [])]))
        return path

    return write


@pytest.fixture
def start(connection, compiled):
    """Starts a run of an uploaded pipeline."""
    from pipeline.kubeflow.client.pipelines import find_version, upload
    from pipeline.kubeflow.client.runs import start_version

    def begin(name="r", **options):
        upload(connection, compiled(), "v1")
        version, _ = find_version(connection, "ner")
        options = {"experiment": "Default", "parameters": {}} | options
        return start_version(connection, version, name=name, **options)

    return begin


@pytest.fixture
def ner(server, monkeypatch):
    """Calls `ner kfp`; it must succeed unless an exit code is named."""
    monkeypatch.setenv("KFP_HOST", server.host)

    from pipeline.cli.main import main

    def call(*arguments, code=0):
        result = CliRunner().invoke(main, ["kfp", *map(str, arguments)])
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result.output

    return call


@pytest.fixture
def uploaded(ner, compiled):
    ner("upload", compiled(), "--version", "v1")
