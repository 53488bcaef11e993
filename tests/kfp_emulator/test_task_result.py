from __future__ import annotations

import pytest
from support.kfp_emulator.run_result import RunResult
from support.kfp_emulator.task_result import TaskResult


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (TaskResult("Trainer", "succeeded", 12.34, tries=1), "Trainer                     12.3 s  ok"),
        (TaskResult("Trainer", "succeeded", 1.0, tries=3), "Trainer                      1.0 s  ok, 3 tries"),
        (TaskResult("Trainer", "failed", 1.0, "no", 2), "Trainer                      1.0 s  failed, 2 tries: no"),
        (TaskResult("Trainer", "skipped", message="a failed"), "Trainer                      0.0 s  skipped: a failed"),
    ],
    ids=["ok", "tried again", "failed", "skipped"],
)
def test_a_result_is_one_line(result, line):
    assert result.line() == line


def test_a_run_has_succeeded_when_no_task_has_failed():
    skipped, failed = TaskResult("a", "skipped"), TaskResult("b", "failed")
    assert RunResult("id", "s3://b", (skipped,), {}).succeeded
    run = RunResult("id", "s3://b", (skipped, failed), {})
    assert not run.succeeded
    assert run.task("b") is failed
