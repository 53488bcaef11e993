"""Starting runs."""

from __future__ import annotations

import pytest
from support.kfp_fixtures import PLATFORM

from components.common.errors import NerError
from pipeline.kubeflow.client import PipelineSpec, RunSubmission, Schedule, apply_schedule, start, upload


def test_a_run_has_the_version_the_parameters_and_the_root(server, started):
    run = server.runs[started("nightly", parameters={"span": 3, "data": "s3://b/c"}, root="s3://b/root")]
    assert run["display_name"] == "nightly"
    assert run["pipeline_version_reference"]["pipeline_version_id"] in server.versions
    assert run["runtime_config"] == {"parameters": {"span": 3, "data": "s3://b/c"}, "pipeline_root": "s3://b/root"}
    assert server.experiments[run["experiment_id"]]["display_name"] == "Default"


def test_the_root_of_the_file_is_sent_because_no_server_reads_it(server, connection, compiled):
    spec = PipelineSpec.of_file(compiled(defaultPipelineRoot="s3://b/of-file"))
    for root, sent in ((None, "s3://b/of-file"), ("s3://b/other", "s3://b/other")):
        run = server.runs[start(connection, RunSubmission(spec, "r", {}, root=root))]
        assert run["runtime_config"]["pipeline_root"] == sent
    version, _ = upload(connection, compiled(defaultPipelineRoot="s3://b/of-file"), "v1")
    schedule = Schedule("nightly", "0 0 3 * * *", version, connection.experiment_id("Default"), {"data": "s3://b/c"})
    _, entry = apply_schedule(connection, schedule)
    assert entry.runtime_config.pipeline_root == "s3://b/of-file"
    assert apply_schedule(connection, schedule)[0] == "unchanged"


def test_caching_is_set_for_all_tasks_of_a_copy(server, started):
    for caching in (True, False):
        tasks = server.runs[started(caching=caching)]["pipeline_spec"]["root"]["dag"]["tasks"]
        # protobuf's JSON omits false
        assert [task["cachingOptions"].get("enableCache", False) for task in tasks.values()] == [caching] * 3


def test_a_file_runs_without_upload(server, connection, compiled):
    for platform in (None, PLATFORM):
        spec = PipelineSpec.of_file(compiled(platform=platform))
        run = server.runs[start(connection, RunSubmission(spec, "r", {}, experiment="e"))]
        content = PipelineSpec.of_server(run["pipeline_spec"], "")
        assert content.tasks == ["CorpusExampleGen", "Trainer", "RegistryPusher"]
        assert content.platform == (platform or {})
    assert server.pipelines == {}


@pytest.mark.extended
def test_a_specification_that_kfp_cannot_read_is_reported(connection, compiled):
    spec = PipelineSpec.of_file(compiled(newField={}))
    with pytest.raises(NerError, match=r"pipeline.yaml: not a pipeline that the installed kfp reads.*newField"):
        start(connection, RunSubmission(spec, "r", {}))
