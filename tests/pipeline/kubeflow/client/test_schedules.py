"""Schedules: one a name, never none in between."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from components.common.errors import NerError
from pipeline.kubeflow.client.pipelines import upload
from pipeline.kubeflow.client.runs import last_run_of
from pipeline.kubeflow.client.schedule_definition import ScheduleDefinition
from pipeline.kubeflow.client.schedules import (
    all_schedules,
    ensure,
    find_schedule,
    is_enabled,
    next_time,
    shown_cron,
    state_of,
    unschedule,
)
from pipeline.kubeflow.client.server_error import ServerError

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def wanted(connection, compiled):
    version = upload(connection, compiled(), "v1")
    return ScheduleDefinition(
        name="nightly",
        cron="0 0 3 * * *",
        pipeline_id=version.pipeline_id,
        version_id=version.version_id,
        experiment_id=connection.experiment_id("Default"),
        parameters={"span": -1, "data": "s3://b/[[ScheduledTime]]"},
    )


def test_a_schedule_is_made_as_defined_with_one_run_at_a_time(server, connection, wanted):
    outcome, made = ensure(connection, wanted)
    assert outcome == "created"
    (stored,) = server.recurring.values()
    assert stored["trigger"] == {"cron_schedule": {"cron": "0 0 3 * * *"}}
    assert (stored["max_concurrency"], stored["no_catchup"], stored["status"]) == ("1", True, "ENABLED")
    assert stored["runtime_config"]["parameters"] == {"span": -1, "data": "s3://b/[[ScheduledTime]]"}
    assert made.recurring_run_id == stored["recurring_run_id"]


def test_the_same_again_does_nothing(server, connection, wanted):
    ensure(connection, wanted)
    before = list(server.recurring)
    assert ensure(connection, wanted)[0] == "unchanged"
    assert list(server.recurring) == before
    assert server.count("POST", "/recurringruns") == 1


CHANGES = {
    "cron": {"cron": "0 0 4 * * *"},
    "parameters": {"parameters": {"span": -1}},
    "root": {"root": "s3://b/r"},
    "catchup": {"catchup": True},
    "version": {"version_id": None},
    "experiment": {"experiment_id": None},
}


def changed(connection, compiled, wanted, change):
    change = dict(change)
    if "version_id" in change:
        change["version_id"] = upload(connection, compiled(sdkVersion="x"), "v2").version_id
    if "experiment_id" in change:
        change["experiment_id"] = connection.experiment_id("other")
    return dataclasses.replace(wanted, **change)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_takes_the_place_of_what_was(server, connection, compiled, wanted, change):
    _, first = ensure(connection, wanted)
    other = changed(connection, compiled, wanted, change)
    outcome, second = ensure(connection, other)
    assert outcome == "updated"
    assert list(server.recurring) == [second.recurring_run_id] != [first.recurring_run_id]
    assert ensure(connection, other)[0] == "unchanged"


def test_the_new_one_is_there_before_the_old_one_goes(server, connection, wanted):
    ensure(connection, wanted)
    server.requests.clear()
    ensure(connection, dataclasses.replace(wanted, cron="0 0 4 * * *"))
    writes = [(method, url.rpartition("/")[0][-13:]) for method, url in server.requests if method != "GET"]
    assert [method for method, _ in writes] == ["POST", "DELETE"]


@pytest.mark.parametrize("how", ["lose", "drop", 500])
def test_a_failure_between_leaves_both_and_the_next_call_heals(server, connection, wanted, how):
    ensure(connection, wanted)
    other = dataclasses.replace(wanted, cron="0 0 4 * * *")
    server.plan("DELETE", "/recurringruns", how)
    with pytest.raises(ServerError):
        ensure(connection, other)
    assert 1 <= len(server.recurring) <= 2
    assert "0 0 4 * * *" in [r["trigger"]["cron_schedule"]["cron"] for r in server.recurring.values()]
    outcome, kept = ensure(connection, other)
    assert outcome == ("unchanged" if how == "drop" else "updated")
    assert list(server.recurring) == [kept.recurring_run_id]
    assert shown_cron(kept) == "0 4 * * *"


def test_after_a_failure_going_back_to_the_old_heals_too(server, connection, wanted):
    ensure(connection, wanted)
    server.plan("DELETE", "/recurringruns", 500)
    with pytest.raises(ServerError):
        ensure(connection, dataclasses.replace(wanted, cron="0 0 4 * * *"))
    _, kept = ensure(connection, wanted)
    assert list(server.recurring) == [kept.recurring_run_id]
    assert shown_cron(kept) == "0 3 * * *"


@pytest.mark.parametrize("how", ["lose", 400])
def test_a_failure_to_make_the_new_one_leaves_the_old(server, connection, wanted, how):
    _, first = ensure(connection, wanted)
    server.plan("POST", "/recurringruns", how)
    with pytest.raises(ServerError):
        ensure(connection, dataclasses.replace(wanted, cron="0 0 4 * * *"))
    assert list(server.recurring) == [first.recurring_run_id]


def test_a_schedule_made_although_the_answer_was_lost_is_not_doubled(server, connection, wanted):
    server.plan("POST", "/recurringruns", "drop")
    with pytest.raises(ServerError):
        ensure(connection, wanted)
    assert ensure(connection, wanted)[0] == "unchanged"
    assert len(server.recurring) == 1


def test_a_paused_schedule_stays_paused(server, connection, wanted):
    _, made = ensure(connection, wanted)
    connection.client.disable_recurring_run(made.recurring_run_id)
    outcome, changed = ensure(connection, dataclasses.replace(wanted, cron="0 0 4 * * *"))
    assert (outcome, state_of(changed)) == ("updated", "paused")
    assert next_time(changed, NOON) is None


def test_another_pipelines_schedule_of_the_name_is_left_alone(server, connection, compiled, wanted):
    ensure(connection, wanted)
    other = upload(connection, compiled(), "v1", "other")
    with pytest.raises(NerError, match=r"'nightly' is the schedule .* of another pipeline; choose another --name"):
        ensure(connection, dataclasses.replace(wanted, pipeline_id=other.pipeline_id, version_id=other.version_id))
    assert len(server.recurring) == 1


def test_names_that_differ_in_case_are_two_schedules(server, connection, wanted):
    ensure(connection, wanted)
    assert ensure(connection, dataclasses.replace(wanted, name="Nightly"))[0] == "created"
    assert len(server.recurring) == 2


def test_all_pages_are_looked_at(server, connection, wanted):
    server.page_limit = 3
    for i in range(10):
        ensure(connection, dataclasses.replace(wanted, name=f"s{i}"))
    assert [s.display_name for s in all_schedules(connection)] == [f"s{i}" for i in reversed(range(10))]
    assert find_schedule(connection, "s0").display_name == "s0"


def test_finding_by_name_and_id_and_telling_what_there_is(connection, wanted):
    _, made = ensure(connection, wanted)
    assert find_schedule(connection, "nightly").recurring_run_id == made.recurring_run_id
    assert find_schedule(connection, made.recurring_run_id).display_name == "nightly"
    for name in ("nightli", "a/b"):
        with pytest.raises(NerError, match=r"has no schedule .*; there is nightly"):
            find_schedule(connection, name)


def test_two_of_a_name_are_listed_with_the_way_out(server, connection, wanted):
    ensure(connection, wanted)
    server.plan("DELETE", "/recurringruns", 500)
    with pytest.raises(ServerError):
        ensure(connection, dataclasses.replace(wanted, cron="0 0 4 * * *"))
    with pytest.raises(NerError, match=r"2 schedules are called 'nightly'.*run again.*give the ID") as caught:
        find_schedule(connection, "nightly")
    assert all(schedule in str(caught.value) for schedule in server.recurring)


def test_removing_twice_is_no_error(server, connection, wanted):
    _, made = ensure(connection, wanted)
    unschedule(connection, made.recurring_run_id)
    unschedule(connection, made.recurring_run_id)
    assert server.recurring == {}


def test_the_next_time_is_of_the_servers_zone(connection, wanted):
    from zoneinfo import ZoneInfo

    _, made = ensure(connection, wanted)
    assert is_enabled(made)
    assert next_time(made, NOON).isoformat() == "2026-03-02T03:00:00+00:00"
    assert next_time(made, NOON.astimezone(ZoneInfo("Asia/Tokyo"))).isoformat() == "2026-03-02T03:00:00+09:00"


@pytest.mark.parametrize(
    ("trigger", "shown"),
    [
        ({"cron_schedule": {"cron": "0 30 2 ? * MON"}}, "30 2 * * MON"),
        ({"cron_schedule": {"cron": "15 30 2 * * *"}}, "15 30 2 * * * (as the server has it)"),
        ({"periodic_schedule": {"interval_second": "3600"}}, "every 3600 s"),
        ({}, "-"),
    ],
)
def test_schedules_that_others_made_are_shown(server, connection, wanted, trigger, shown):
    _, made = ensure(connection, wanted)
    server.recurring[made.recurring_run_id]["trigger"] = trigger
    (found,) = all_schedules(connection)
    assert shown_cron(found) == shown
    next_time(found, NOON)


def test_the_last_run_is_the_newest_that_the_schedule_made(server, connection, wanted):
    _, made = ensure(connection, wanted)
    assert last_run_of(connection, made.recurring_run_id) is None
    for i in range(3):
        server.runs[f"r{i}"] = {
            "run_id": f"r{i}", "display_name": f"r{i}", "created_at": server.now(), "state": "SUCCEEDED",
            "recurring_run_id": made.recurring_run_id if i < 2 else "another",
        }  # fmt: skip
    assert last_run_of(connection, made.recurring_run_id).run_id == "r1"
