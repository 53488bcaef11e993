"""Following a run."""

from __future__ import annotations

import pytest

from components.common.errors import NerError
from pipeline.kubeflow.client.server_error import ServerError
from pipeline.kubeflow.client.waiting import duration, follow

DONE = {"CorpusExampleGen": "SUCCEEDED", "Trainer": "SUCCEEDED", "RegistryPusher": "SUCCEEDED"}
GOOD = [
    {},
    {"CorpusExampleGen": "RUNNING"},
    {"CorpusExampleGen": "SUCCEEDED", "Trainer": "RUNNING"},
    {"CorpusExampleGen": "SUCCEEDED", "Trainer": "RUNNING"},
    {"": "SUCCEEDED", **DONE},
]
BAD = [{"CorpusExampleGen": "RUNNING"}, {"": "FAILED", "CorpusExampleGen": "SUCCEEDED", "Trainer": "FAILED"}]


class Clock:
    def __init__(self):
        self.time = 0.0

    def __call__(self):
        return self.time

    def sleep(self, seconds):
        self.time += seconds


def followed(connection, run_id, **options):
    lines, clock = [], Clock()
    ended = follow(connection, run_id, lines.append, clock=clock, sleep=clock.sleep, **options)
    return ended, lines


def test_following_tells_each_change_once_and_ends_with_the_run(server, connection, start):
    server.scripts["r"] = list(GOOD)
    ended, lines = followed(connection, start())
    assert ended.succeeded
    assert lines == [
        "0/3 tasks  run RUNNING",
        "0/3 tasks  CorpusExampleGen RUNNING",
        "1/3 tasks  CorpusExampleGen SUCCEEDED after 0:01:05",
        "1/3 tasks  Trainer RUNNING",
        "3/3 tasks  Trainer SUCCEEDED after 0:01:05",
        "3/3 tasks  RegistryPusher SUCCEEDED after 0:01:05",
        "3/3 tasks  run SUCCEEDED",
    ]


@pytest.mark.parametrize("state", ["FAILED", "CANCELED"])
def test_following_ends_with_a_run_that_does_not_succeed(server, connection, start, state):
    server.scripts["r"] = [{"": state, "CorpusExampleGen": "FAILED"}]
    ended, lines = followed(connection, start())
    assert not ended.succeeded
    assert lines[-1] == f"1/3 tasks  run {state}"


def test_a_server_that_is_away_for_a_while_is_waited_for(server, connection, start):
    server.scripts["r"] = list(GOOD)
    run_id = start()
    server.plan("GET", f"/runs/{run_id}", 503, times=3)
    ended, lines = followed(connection, run_id)
    assert ended.succeeded
    assert [line.endswith("trying again") for line in lines[:4]] == [True, True, True, False]


def test_patience_begins_anew_with_each_answer(server, connection, start):
    server.scripts["r"] = list(GOOD)
    run_id, clock = start(), Clock()

    def show(line):
        if "CorpusExampleGen" in line:  # away for another 200 s, twice
            server.plan("GET", f"/runs/{run_id}", 503, times=20)

    server.plan("GET", f"/runs/{run_id}", 503, times=20)
    assert follow(connection, run_id, show, clock=clock, sleep=clock.sleep).succeeded
    assert clock.time > 600


def test_a_server_that_stays_away_is_given_up_and_so_is_a_refusal(server, connection, start):
    run_id = start()
    server.plan("GET", f"/runs/{run_id}", 503, times=99)
    with pytest.raises(ServerError, match="503"):
        followed(connection, run_id)
    assert 30 <= server.count("GET", f"/runs/{run_id}") <= 33  # five minutes, every ten seconds
    server.planned.clear()
    server.plan("GET", f"/runs/{run_id}", 403)
    with pytest.raises(ServerError, match="403"):
        followed(connection, run_id)


def test_following_stops_at_its_limit(server, connection, start):
    run_id = start()
    with pytest.raises(NerError, match="has not ended after 60 s; it goes on"):
        followed(connection, run_id, limit=60)
    assert server.count("GET", f"/runs/{run_id}") == 7  # at 0, 10 ... 60 s


@pytest.mark.parametrize(("seconds", "text"), [(None, "-"), (0, "0:00:00"), (65.4, "0:01:05"), (36001, "10:00:01")])
def test_durations_read_well(seconds, text):
    assert duration(seconds) == text
