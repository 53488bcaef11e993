"""The fake server of these tests, against responses that KFP 2.17's own API server wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.kubeflow.client import Schedule, apply_schedule

# The recorded schedule follows the newest version; api_converter.go of kubeflow/pipelines repeats all these.
OF_THE_REQUEST = {"description", "runtime_config.pipeline_root", "pipeline_version_reference.pipeline_version_id"}


def recorded(name: str) -> Any:
    return json.loads(Path(__file__).with_name(f"recorded_{name}.json").read_text(encoding="utf-8"))


def fields(value: Any, path: str = "") -> Iterator[str]:
    """Yields the paths of all scalars; parameters have names of the pipeline's."""
    if isinstance(value, dict) and not path.endswith("parameters"):
        for name, inner in value.items():
            yield from fields(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner, path)
    else:
        yield path


def test_a_run_has_no_field_that_the_real_server_does_not_send(server, connection, started):
    server.scripts["r"] = [{"": "FAILED", "CorpusExampleGen": "SUCCEEDED", "Trainer": "FAILED"}]
    run_id = started(parameters={"run_name": "x"})
    connection.client.get_run(run_id)
    assert {*fields(server.runs[run_id])} <= {*fields(recorded("run"))}
    task, record = (run["run_details"]["task_details"][0] for run in (server.runs[run_id], recorded("run")))
    assert {*record} - {"state_history"} <= {*task, "execution_id"}


def test_a_schedule_has_no_field_that_the_real_server_does_not_send(server, connection, version):
    schedule = Schedule("n", "0 0 3 * * *", version, connection.experiment_id(None), {"span": "7"})
    _, entry = apply_schedule(connection, schedule)
    sent = {*fields(server.recurring[entry.recurring_run_id])}
    assert sent - OF_THE_REQUEST <= {*fields(recorded("schedule"))}
    assert type(server.recurring[entry.recurring_run_id]["max_concurrency"]) is type(
        recorded("schedule")["max_concurrency"]
    )
