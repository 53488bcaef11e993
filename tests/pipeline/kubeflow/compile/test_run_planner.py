"""Nodes that a run executes, by KFP's cache keys: the compiled pipeline in the emulator, without its containers."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule

from configs.cluster_loading import load_cluster
from configs.cluster_spec import NODES
from configs.loading import load_config

compiling = LazyModule("pipeline.kubeflow.compile.compiling")
emulation = LazyModule("support.kfp_emulator.emulator")
pipeline_file = LazyModule("support.kfp_emulator.pipeline_file")

DATA = "minio://data/corpus"
PLAN = {
    "train": "yes", "span": "newest", "run_name": "", "baseline": "3", "baseline_content": "a b",
    "corpus_fingerprint": "f00d", "run_fingerprint": "5f1c",
}  # fmt: skip
ALL = {*NODES, "Corpus"} - {"Tuner"}
ALWAYS = {"Corpus", "RunPlanner", "RegistryPusher"}
OF_THE_CHAMPION = {"ChampionSource", "DriftValidator", "Exporter", "Evaluator", "Reporter"}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The compiled pipeline by changed settings."""

    def compile_with(*settings):
        file = tmp_path_factory.mktemp("out") / "pipeline.yaml"
        cluster = load_cluster("kubeflow")
        config = load_config(None, [*compiling.settings_for(cluster), *settings])
        compiling.compile_pipeline(config, cluster, "kubeflow", file)
        return pipeline_file.read_pipeline(file)

    return compile_with


@pytest.fixture
def executed(tmp_path):
    """Runs a pipeline whose containers do nothing, with a plan; returns the nodes that ran."""

    class WithoutContainers(emulation.Emulator):
        plan = PLAN

        def _run_pod(self, run, name, *others):
            from google.protobuf import struct_pb2

            values = self.plan if name == "RunPlanner" else {}
            return {key: struct_pb2.Value(string_value=value) for key, value in values.items()}

    emulator = WithoutContainers(tmp_path / "emulated")

    def run(pipeline, parameters=None, **plan):
        emulator.plan = {**PLAN, **plan}
        result = emulator.run(pipeline, {"data": DATA, **(parameters or {})})
        assert result.succeeded, [task.line() for task in result.tasks]
        return {task.name for task in result.tasks if task.state == "succeeded"}

    return run


def test_a_run_executes_exactly_what_depends_on_what_is_new(compiled, executed):
    pipeline = compiled()
    assert executed(pipeline) == ALL
    assert executed(pipeline) == ALWAYS  # nothing new; RegistryPusher has effects outside
    assert executed(pipeline, {"run_name": "other"}, run_name="other") == ALWAYS
    assert executed(pipeline, train="no") == {"Corpus", "RunPlanner"}
    assert executed(pipeline, baseline="4", baseline_content="c d") == ALWAYS | OF_THE_CHAMPION
    assert executed(pipeline, corpus_fingerprint="beef") == ALL - {"SchemaSource", "ChampionSource"}
    assert executed(pipeline, {"epochs": 11}) == ALWAYS | {"Trainer", "Exporter", "Evaluator", "Reporter"}
    assert executed(pipeline, baseline_content="another registry") >= {"ChampionSource", "Evaluator"}


def test_a_changed_setting_executes_what_reads_it(compiled, executed):
    assert executed(compiled()) == ALL
    assert executed(compiled("evaluator.min_f1=0.2")) == ALWAYS | {"Evaluator", "Reporter"}
