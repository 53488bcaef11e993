"""Fixtures for tests of the KFP client: a fake server, a connection and a compiled pipeline.

Import them into a conftest.py.
"""

from __future__ import annotations

import copy
import os
from contextlib import ExitStack

import pytest
import yaml
from click.testing import CliRunner

from support.fake_kfp import FakeKfp

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


@pytest.fixture
def no_machine_settings(monkeypatch, tmp_path):
    """Hides this machine's KFP and Kubernetes settings."""
    for name in list(os.environ):
        if name.startswith(("KFP_", "KF_PIPELINES_", "KUBERNETES_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "no-kubeconfig"))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "*")


@pytest.fixture(scope="session")
def swagger():
    """The API's specification."""
    from support.swagger import Swagger

    return Swagger()


@pytest.fixture
def fake(swagger, no_machine_settings, monkeypatch, tmp_path):
    """Starts servers; every request and response must agree with the specification."""
    monkeypatch.setattr("kfp.client.client.Client._LOCAL_KFP_CONTEXT", str(tmp_path / "no-context"))
    servers = []
    with ExitStack() as stack:

        def start(**options):
            servers.append(stack.enter_context(FakeKfp(swagger, **options)))
            return servers[-1]

        yield start
    assert [fault for server in servers for fault in server.faults] == []


@pytest.fixture
def server(fake):
    return fake()


@pytest.fixture
def connection(server):
    from pipeline.kubeflow.client import connect

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
def version(connection, compiled):
    """An uploaded pipeline version."""
    from pipeline.kubeflow.client import upload

    return upload(connection, compiled(), "v1")[0]


@pytest.fixture
def started(connection, version):
    """Starts a run of the uploaded version and returns its ID."""
    from pipeline.kubeflow.client import RunSubmission, start

    def begin(name="r", **options):
        return start(connection, RunSubmission(version, name, options.pop("parameters", {}), **options))

    return begin


@pytest.fixture
def ner(server, monkeypatch):
    """Calls `ner kfp`; it must succeed unless an exit code is given."""
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
