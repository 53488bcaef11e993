"""The runner for `python` and the `tfx` command line."""

from __future__ import annotations

import json

import pytest
import yaml
from support.lazy import LazyModule

from configs.layers import ConfigError

kubeflow_runner = LazyModule("pipeline.kubeflow_runner")
pytestmark = pytest.mark.extended


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch, tmp_path):
    for name in ("NER_TARGET", "NER_CONFIG", "NER_CLUSTER", "NER_OUTPUT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_settings_it_writes_the_pipeline_for_kubeflow(tmp_path):
    kubeflow_runner.run()
    spec, platform = yaml.safe_load_all((tmp_path / "pipeline.yaml").read_text())
    assert spec["pipelineInfo"]["name"] == "ner"
    assert "platforms" in platform


def test_the_environment_names_profile_cluster_and_file(tmp_path, monkeypatch):
    (tmp_path / "profile.yaml").write_text("name: tweets\n")
    (tmp_path / "cluster.yaml").write_text("data: s3://bucket/corpus\n")
    for name, value in {"CONFIG": "profile.yaml", "CLUSTER": "cluster.yaml", "OUTPUT": "out/p.yaml"}.items():
        monkeypatch.setenv(f"NER_{name}", value)
    kubeflow_runner.run()
    spec, _ = yaml.safe_load_all((tmp_path / "out" / "p.yaml").read_text())
    assert spec["pipelineInfo"]["name"] == "tweets"
    assert spec["root"]["inputDefinitions"]["parameters"]["data"]["defaultValue"] == "s3://bucket/corpus"


def test_the_tfx_command_line_gets_a_job_for_vertex_where_it_wants_it(tmp_path, monkeypatch):
    from tfx.tools.cli.handler.kubeflow_v2_dag_runner_patcher import KubeflowV2DagRunnerPatcher

    monkeypatch.setenv("NER_TARGET", "vertex")
    patcher = KubeflowV2DagRunnerPatcher(call_real_run=True, prepare_dir_fn=lambda name: str(tmp_path / name))
    with patcher.patch() as context:
        kubeflow_runner.run()
    job = json.loads((tmp_path / "ner" / "pipeline.json").read_text())
    assert context[patcher.PIPELINE_NAME] == "ner"
    executors = job["pipelineSpec"]["deploymentSpec"]["executors"]
    assert executors["Trainer_executor"]["container"]["command"][-1] == "pipeline.kubeflow.container.entry_point"
    assert not (tmp_path / "pipeline.json").exists()


def test_an_unknown_target_is_reported(monkeypatch):
    monkeypatch.setenv("NER_TARGET", "airflow")
    with pytest.raises(ConfigError, match=r"target: 'airflow' is unknown\. Use one of kubeflow, vertex"):
        kubeflow_runner.run()
