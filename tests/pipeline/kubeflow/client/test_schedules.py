"""Schedules: exactly one a name, and never none during a change."""

from __future__ import annotations

import dataclasses

import pytest

from components.common.errors import NerError
from pipeline.kubeflow.client import Schedule, ServerError, apply_schedule, is_enabled, upload


@pytest.fixture
def schedule(connection, version):
    parameters = {"span": -1, "data": "s3://b/c"}
    return Schedule("nightly", "0 0 3 * * *", version, connection.experiment_id("Default"), parameters)


@pytest.fixture
def changed(schedule):
    return dataclasses.replace(schedule, cron="0 0 4 * * *")


def crons(server):
    return sorted(entry["trigger"]["cron_schedule"]["cron"] for entry in server.recurring.values())


def test_a_schedule_starts_one_run_at_a_time(server, connection, schedule):
    outcome, entry = apply_schedule(connection, schedule)
    assert outcome == "created"
    (stored,) = server.recurring.values()
    assert stored["trigger"] == {"cron_schedule": {"cron": "0 0 3 * * *"}}
    assert (stored["max_concurrency"], stored["no_catchup"], stored["status"]) == ("1", True, "ENABLED")
    assert stored["runtime_config"]["parameters"] == schedule.parameters
    assert entry.recurring_run_id == stored["recurring_run_id"]
    assert apply_schedule(connection, schedule)[0] == "unchanged"
    assert server.count("POST", "/recurringruns") == 1


def test_a_change_replaces_the_schedule(server, connection, compiled, schedule):
    for change in (
        {"cron": "0 0 4 * * *"},
        {"parameters": {"span": -1}},
        {"root": "s3://b/r"},
        {"catchup": True},
        {"version": upload(connection, compiled(sdkVersion="x"), "v2")[0]},
        {"experiment_id": connection.experiment_id("other")},
    ):
        _, first = apply_schedule(connection, schedule)
        other = dataclasses.replace(schedule, **change)
        server.requests.clear()
        outcome, second = apply_schedule(connection, other)
        assert [method for method, _ in server.requests if method != "GET"] == ["POST", "DELETE"]
        assert outcome == "updated"
        assert list(server.recurring) == [second.recurring_run_id] != [first.recurring_run_id]
        assert apply_schedule(connection, other)[0] == "unchanged"


def test_the_next_call_repairs_an_interrupted_change(server, connection, schedule, changed):
    for failure in ("lose", "drop", 500):
        apply_schedule(connection, schedule)
        server.plan("DELETE", "/recurringruns", failure)
        with pytest.raises(ServerError):
            apply_schedule(connection, changed)
        assert "0 0 4 * * *" in crons(server)
        apply_schedule(connection, changed)
        assert crons(server) == ["0 0 4 * * *"]


@pytest.mark.extended
def test_going_back_after_an_interrupted_change_repairs_too(server, connection, schedule, changed):
    apply_schedule(connection, schedule)
    server.plan("DELETE", "/recurringruns", 500)
    with pytest.raises(ServerError):
        apply_schedule(connection, changed)
    apply_schedule(connection, schedule)
    assert crons(server) == ["0 0 3 * * *"]


def test_a_failed_creation_leaves_the_old_schedule(server, connection, schedule, changed):
    apply_schedule(connection, schedule)
    server.plan("POST", "/recurringruns", 400)
    with pytest.raises(ServerError):
        apply_schedule(connection, changed)
    assert crons(server) == ["0 0 3 * * *"]


@pytest.mark.extended
def test_a_creation_whose_response_was_lost_is_not_repeated(server, connection, schedule):
    server.plan("POST", "/recurringruns", "drop")
    with pytest.raises(ServerError):
        apply_schedule(connection, schedule)
    assert apply_schedule(connection, schedule)[0] == "unchanged"
    assert len(server.recurring) == 1


def test_a_paused_schedule_stays_paused(server, connection, schedule, changed):
    _, entry = apply_schedule(connection, schedule)
    connection.client.disable_recurring_run(entry.recurring_run_id)
    outcome, entry = apply_schedule(connection, changed)
    assert (outcome, is_enabled(entry)) == ("updated", False)


def test_a_schedule_of_another_pipeline_is_not_changed(server, connection, compiled, schedule):
    apply_schedule(connection, schedule)
    other, _ = upload(connection, compiled(), "v1", "other")
    with pytest.raises(NerError, match=r"--name nightly: the schedule .* of another pipeline has this name"):
        apply_schedule(connection, dataclasses.replace(schedule, version=other))
    assert len(server.recurring) == 1


@pytest.mark.extended
def test_names_that_differ_in_case_are_two_schedules(server, connection, schedule):
    apply_schedule(connection, schedule)
    assert apply_schedule(connection, dataclasses.replace(schedule, name="Nightly"))[0] == "created"
    server.page_limit = 1
    assert apply_schedule(connection, schedule)[0] == "unchanged"
