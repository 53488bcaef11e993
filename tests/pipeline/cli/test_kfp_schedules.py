"""`ner kfp schedule` and its like, against a server that remembers."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

# Fixtures of the client's tests: a server, and a compiled pipeline.
CONFTEST = runpy.run_path(str(Path(__file__).parents[1] / "kubeflow" / "client" / "conftest.py"))
_no_settings_of_this_machine = CONFTEST["_no_settings_of_this_machine"]
any_swagger, compiled = CONFTEST["any_swagger"], CONFTEST["compiled"]
fake, server = CONFTEST["fake"], CONFTEST["server"]
ner, uploaded = CONFTEST["ner"], CONFTEST["uploaded"]

NIGHTLY = ["schedule", "--pipeline", "ner", "--cron", "0 3 * * 7", "--name", "nightly"]


def test_schedule_shows_what_was_made_and_the_next_times(ner, server, uploaded):
    output = ner(*NIGHTLY, "--param", "run_name=n-[[ScheduledTime.2006-01-02]]")
    assert output.startswith("schedule 'nightly' created: 0 3 * * 0, 'ner' version 'v1'\n")
    assert "the server reckons in UTC if cronScheduleTimezone" in output
    times = [line for line in output.splitlines() if line.startswith("  ")]
    assert len(times) == 3
    assert all(" 03:00 UTC   here Sun " in line or " 03:00 UTC   here " in line for line in times)
    assert all(line.strip().startswith("Sun ") for line in times)
    (stored,) = server.recurring.values()
    assert stored["trigger"]["cron_schedule"]["cron"] == "0 0 3 * * 0"
    assert stored["runtime_config"]["parameters"] == {"run_name": "n-[[ScheduledTime.2006-01-02]]"}


def test_schedule_again_never_doubles(ner, server, uploaded, compiled):
    ner(*NIGHTLY)
    assert "'nightly' unchanged" in ner(*NIGHTLY)
    assert "'nightly' updated" in ner(*NIGHTLY, "--catchup")
    ner("upload", compiled(sdkVersion="x"), "--version", "v2")
    assert "'nightly' updated: 0 3 * * 0, 'ner' version 'v2'" in ner(*NIGHTLY, "--catchup")
    assert len(server.recurring) == 1


def test_a_schedule_broken_off_between_making_and_deleting_is_healed(ner, server, uploaded):
    ner(*NIGHTLY)
    server.plan("DELETE", "/recurringruns", "lose")
    assert "cannot be reached" in ner(*NIGHTLY, "--param", "span=2", code=1)
    assert len(server.recurring) == 2
    assert "2 schedules are called 'nightly'" in ner("pause", "nightly", code=1)
    assert "'nightly' updated" in ner(*NIGHTLY, "--param", "span=2")
    assert [r["runtime_config"]["parameters"] for r in server.recurring.values()] == [{"span": 2}]


def test_pause_resume_unschedule(ner, server, uploaded):
    ner(*NIGHTLY)
    assert "is paused now" in ner("pause", "nightly")
    assert "is paused already" in ner("pause", "nightly")
    assert "it is paused: `ner kfp resume nightly`" in ner(*NIGHTLY, "--param", "span=2")
    assert json.loads(ner("schedules", "--json"))[0]["state"] == "paused"
    assert "is active now" in ner("resume", "nightly")
    (schedule,) = server.recurring.values()
    assert schedule["status"] == "ENABLED"
    assert "removed" in ner("unschedule", "nightly")
    assert server.recurring == {}
    assert "no schedule 'nightly'" in ner("unschedule", "nightly", code=1)


def test_schedules_lists_all_pages_with_next_and_last_run(ner, server, uploaded):
    server.page_limit = 2
    assert "has no schedules" in ner("schedules")
    for i in range(5):
        ner("schedule", "--pipeline", "ner", "--cron", f"{i} 3 * * *", "--name", f"s{i}")
    schedule_id = next(iter(server.recurring))
    server.runs["r"] = {"run_id": "r", "display_name": "r", "state": "FAILED", "recurring_run_id": schedule_id,
                        "created_at": server.now()}  # fmt: skip
    ner("pause", "s1")
    lines = ner("schedules", "--zone", "Asia/Tokyo").splitlines()
    assert lines[0].split()[:5] == ["NAME", "CRON", "STATE", "NEXT", "(Asia/Tokyo)"]
    assert [line.split()[0] for line in lines[1:]] == ["s4", "s3", "s2", "s1", "s0"]
    assert "+09:00" in lines[1]
    assert "FAILED" in lines[5]
    rows = {row["name"]: row for row in json.loads(ner("schedules", "--json"))}
    assert (rows["s1"]["state"], rows["s1"]["next"], rows["s2"]["cron"]) == ("paused", None, "2 3 * * *")
    assert rows["s0"]["last_run"]["state"] == "FAILED"
    assert rows["s4"]["last_run"] is None


@pytest.mark.parametrize(
    ("cron", "message"),
    [("0 0 3 * * *", "has six fields"), ("x", "has 1 fields"), ("0 3 30 2 *", "never comes true")],
)
def test_a_wrong_cron_is_told_before_the_server_is_asked(ner, server, cron, message):
    assert message in ner("schedule", "--pipeline", "ner", "--cron", cron, code=1)
    assert server.requests == []


def test_a_wrong_zone_or_macro_is_told(ner, server, uploaded):
    assert "--zone 'Mars/Base' is not known" in ner("schedules", "--zone", "Mars/Base", code=1)
    assert "does not know [[Today]]" in ner(*NIGHTLY, "--param", "data=[[Today]]", code=1)
    assert server.recurring == {}
