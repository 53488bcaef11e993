from __future__ import annotations

import sys

import pytest

from benchmarks.jobs import ONE_THREAD, ROOT, Job, environment, run_jobs
from components.common.errors import NerError


def job(name, code):
    return Job(name, [sys.executable, "-c", code])


def test_output_is_shown_and_kept(tmp_path):
    shown = []
    run_jobs([job("a", "print('epoch 1')")], 1, tmp_path, shown.append)
    assert shown[0] == "    a: epoch 1"
    assert shown[1].startswith("[1/1] a: done")
    assert (tmp_path / "a.log").read_text(encoding="utf-8") == "epoch 1\n"


@pytest.mark.parametrize("at_a_time", [1, 2])
def test_a_failure_stops_no_other_job_and_is_named_at_the_end(tmp_path, at_a_time):
    jobs = [job("bad", "raise SystemExit(3)"), job("good", "print('fine')")]
    shown = []
    with pytest.raises(NerError, match="1 of 2 runs failed: bad"):
        run_jobs(jobs, at_a_time, tmp_path, shown.append)
    assert any("bad: FAILED (3)" in line for line in shown)
    assert (tmp_path / "good.log").read_text(encoding="utf-8") == "fine\n"


def test_two_jobs_run_at_a_time(tmp_path):
    # Each waits for the other's file: one after the other they would never end.
    code = "\n".join([
        "import pathlib, time",
        "pathlib.Path({own!r}).touch()",
        "while not pathlib.Path({other!r}).exists(): time.sleep(.01)",
    ])  # fmt: skip
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    jobs = [job("a", code.format(own=a, other=b)), job("b", code.format(own=b, other=a))]
    run_jobs(jobs, 2, tmp_path / "logs", lambda _: None)


def test_measuring_processes_get_one_thread_and_the_projects_packages(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    found = environment()
    assert {name: found[name] for name in ONE_THREAD} == dict(ONE_THREAD)
    assert found["PYTHONPATH"].split(":") == [str(ROOT), "elsewhere"]
