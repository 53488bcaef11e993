"""Fields of the server's responses that the client reads, against the table of docs/kubeflow-incompatibilities.md."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from pipeline.kubeflow.client import (
    PipelineSpec,
    RunSubmission,
    Schedule,
    ServerError,
    apply_schedule,
    connect,
    find_version,
    follow,
    is_enabled,
    run_status,
    start,
    upload,
)

ROOT = Path(__file__).resolve().parents[4]
CLIENT = str(ROOT / "pipeline" / "kubeflow" / "client")
COMMANDS = str(ROOT / "pipeline" / "cli" / "kfp.py")
TITLE = "## Fields of the server's responses that `ner kfp` reads"


def documented() -> set[str]:
    text = (ROOT / "docs" / "kubeflow-incompatibilities.md").read_text(encoding="utf-8").partition(TITLE)[2]
    rows = re.findall(r"^\| `(\w+)` \| (`.+`) \| [\w./]+\.go\b.* \| \d\.\d+ \|$", text, re.MULTILINE)
    return {f"{model}.{field}" for model, fields in rows for field in re.findall(r"\w+", fields)}


@pytest.fixture
def read(monkeypatch):
    """The fields that code of the client reads, such as `V2beta1Run.state`."""
    import kfp_server_api

    fields = set()

    def recorded(model, name, getter):
        def get(self):
            if sys._getframe(1).f_code.co_filename.startswith((CLIENT, COMMANDS)):
                fields.add(f"{model}.{name}")
            return getter(self)

        return get

    for model, kind in vars(kfp_server_api).items():
        for name in getattr(kind, "attribute_map", ()):
            field = getattr(kind, name)
            monkeypatch.setattr(kind, name, property(recorded(model, name, field.fget), field.fset))
    return fields


def test_the_table_has_exactly_the_fields_that_the_client_reads(server, compiled, read):
    connection = connect(server.host)
    version, _ = upload(connection, compiled(), "v1")
    upload(connection, compiled(), "v1")
    find_version(connection, "ner", "v1")
    find_version(connection, "ner")
    server.scripts["r"] = [
        {"": "FAILED", "CorpusExampleGen": "SUCCEEDED", "Trainer": "FAILED"},
    ]
    run = start(connection, RunSubmission(version, "r", {}))
    assert follow(connection, run, lambda _: None, sleep=lambda _: None).state == "FAILED"
    server.runs[run] = {"run_id": run, "error": {"code": 13, "message": "no pipeline source"}}
    with pytest.raises(ServerError, match="no pipeline source"):
        run_status(connection, run)
    start(connection, RunSubmission(PipelineSpec.of_file(compiled()), "s", {}))
    for cron in ("0 0 3 * * *", "0 0 3 * * *", "0 0 4 * * *"):
        schedule = Schedule("nightly", cron, version, connection.experiment_id(None), {"span": 7}, None, False)
        assert is_enabled(apply_schedule(connection, schedule)[1])
    api = sys.modules["kfp_server_api"]
    assert is_enabled(api.V2beta1RecurringRun(mode="ENABLE")), "of a server that gives no status"
    assert read == documented()
