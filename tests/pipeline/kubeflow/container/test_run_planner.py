"""The first node on Kubeflow: reasons to train, and what the other nodes read."""

from __future__ import annotations

import json
import shutil

import pytest

from components.common.errors import NerError
from components.registry.model_registry import ModelRegistry
from components.registry.store.version import VersionRecord
from configs.loading import load_config
from pipeline.kubeflow.container import run_planner
from pipeline.kubeflow.container.run_planner import OUTPUTS, PlannerSettings, plan_run
from pipeline.run.inputs import inputs_of_cluster

PARAMETERS = {
    "span": "newest", "epochs": 3.0, "run_name": "n-{time:%Y%m%d}", "baseline": "champion", "train": "due",
    "time": "2026-11-27T03:00:00Z",
}  # fmt: skip


@pytest.fixture(scope="module")
def registry(migrated_database, tmp_path_factory):
    database = tmp_path_factory.mktemp("registry") / "mlflow.db"
    shutil.copy(migrated_database, database)
    return ModelRegistry(f"sqlite:///{database}")


@pytest.fixture
def corpus(tmp_path):
    for span in (1, 2):
        folder = tmp_path / "corpus" / f"span-{span}"
        folder.mkdir(parents=True)
        for split in ("train", "dev"):
            (folder / f"{split}.conll").write_text(f"Paris B-LOC\nis O\n{split}{span} O\n")
    return tmp_path / "corpus"


def settings(registry, *changes):
    from pipeline.kubeflow.compile.run_planner import planner_settings

    config = load_config(None, [f"registry.uri={registry.uri}", *changes])
    return planner_settings(config, inputs_of_cluster(config), warm_start=False)


def pushed(registry, folder, plan, content: bytes, baseline="none"):
    """Registers a version with the facts of a plan, as RegistryPusher does, and makes it the champion."""
    (folder / "assets").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"\x08\x01\x00" + content)
    tags = {name: plan.outputs[name] for name in ("run_fingerprint", "corpus_fingerprint")}
    record = VersionRecord(tags={**tags, "baseline_version": baseline}, blessed=True)
    version = registry.register(folder, "ner", record)
    before = registry.get("ner", "champion")
    registry.champions("ner").promote(version.version, before and before.version, "blessed")


def test_a_file_is_planned_like_the_same_file_read_as_a_folder(registry, corpus, tmp_path):
    file = corpus / "span-1" / "train.conll"
    of_file = plan_run(settings(registry, f"corpus.path={corpus}"), file, PARAMETERS).outputs
    (tmp_path / "alone").mkdir()
    shutil.copy(file, tmp_path / "alone")
    alone = plan_run(settings(registry), tmp_path / "alone", PARAMETERS).outputs
    assert of_file["corpus_fingerprint"] == alone["corpus_fingerprint"]


def test_a_run_trains_only_for_a_reason_and_reads_what_the_plan_says(registry, corpus, tmp_path):
    def plan(*changes, **parameters):
        return plan_run(settings(registry, *changes), corpus, {**PARAMETERS, **parameters})

    first = plan()
    assert first.trains
    assert first.reason == "there is no champion yet"
    assert (first.outputs["span"], first.outputs["run_name"]) == ("newest", "n-20261127")
    assert (first.outputs["baseline"], first.outputs["baseline_content"]) == ("none", "")
    pushed(registry, tmp_path / "one", first, b"1")
    again = plan(run_name="other")
    assert not again.trains
    assert again.reason == "no new data, and no other reason"
    assert again.outputs["baseline"] == "none"  # that of the champion's own run, so the cache has every node
    assert plan(train="always").trains
    assert plan(train="always").reason == "train=always"
    for changed in (plan(epochs=4.0), plan("evaluator.min_f1=0.2")):
        assert changed.trains
        assert changed.reason == "settings or code differ from those of the champion"
        assert changed.outputs["baseline"] == "1"
        assert changed.outputs["baseline_content"]
    assert not plan(time="2026-12-27T03:00:00Z").trains
    assert plan("retrain.max_age_days=1e-9").reason.startswith(
        "the champion, version 1, is 0.0 days old, more than 1e-09; but"
    )
    (corpus / "span-3").mkdir()
    for split in ("train", "dev"):
        (corpus / "span-3" / f"{split}.conll").write_text("Rome B-LOC\n")
    third = plan()
    assert third.trains
    assert third.outputs["corpus_fingerprint"] != first.outputs["corpus_fingerprint"]
    assert plan(span="2").outputs["corpus_fingerprint"] == first.outputs["corpus_fingerprint"]
    record = VersionRecord(
        tags={"run_id": "r", "run_fingerprint": third.outputs["run_fingerprint"], "baseline_version": "1"}
    )
    registry.pipeline_runs("ner").end(record, "refused", "entity F1 0.5 is less than 0.6")
    refused = plan()
    assert not refused.trains
    assert refused.reason.endswith("of the same data, settings and code was refused: entity F1 0.5 is less than 0.6")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"train": "yes"}, "train: got 'yes'. Give 'due'"),
        ({"span": "new"}, "span: got 'new'. Give the number"),
        ({"span": "{time:%Y}", "time": "{{$.pipeline_job_schedule_time_utc}}"}, r"span: {time:%Y} needs KFP 2\.17"),
        ({"span": "9"}, "has no span 9, only 1, 2"),
        ({"baseline": "7"}, "7"),
    ],
)
def test_wrong_parameters_are_named(registry, corpus, parameters, message):
    with pytest.raises(NerError, match=message):
        plan_run(settings(registry), corpus, {**PARAMETERS, **parameters})


def test_the_container_writes_parameters_and_a_page_for_the_web_interface(registry, corpus, pod, capsys):
    shutil.copytree(corpus, pod.path("minio://data/corpus"))
    invocation = json.loads(pod.invocation(
        "RunPlanner", {"corpus": ("minio://data/corpus", {})}, {**PARAMETERS, "train": "always"},
        {"decision": {"schemaTitle": "system.Markdown"}},
    ))  # fmt: skip
    invocation["outputs"]["parameters"] = {name: {"outputFile": f"/tmp/kfp/outputs/{name}"} for name in OUTPUTS}
    text = settings(registry).model_dump_json()
    run_planner.run(["--executor_input", json.dumps(invocation), "--settings", text])
    output = pod.output()
    assert set(output["parameterValues"]) == set(OUTPUTS)
    assert output["parameterValues"]["train"] == "yes"
    page = pod.path(output["artifacts"]["decision"]["artifacts"][0]["uri"]).read_text()
    assert page.startswith("## This run trains\n\ntrain=always\n")
    assert registry.pipeline_runs("ner").is_open(pod.run_id)


def test_the_node_imports_neither_tfx_nor_tensorflow(registry):
    import subprocess
    import sys

    code = (
        "import sys, pipeline.kubeflow.container.run_planner, pipeline.retraining.plan, configs.spec\n"
        "import components.registry.model_registry, pipeline.run.inputs, pipeline.kubeflow.container.entry_point\n"
        "print(sorted({'tfx', 'tensorflow', 'apache_beam'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_settings_survive_the_command_line(registry):
    before = settings(registry, "corpus.splits={train: a.conll, eval: b.conll}")
    assert PlannerSettings.model_validate_json(before.model_dump_json()) == before
