"""`ner run`, without a run."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from pipeline.cli.main import main
from pipeline.run.request import RunRequest


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Invokes the command; returns its result and the arguments of `run_locally`."""
    started = []
    monkeypatch.setattr("pipeline.local_run.run_locally", lambda *arguments: started.append(arguments))
    monkeypatch.setattr("pipeline.run.summary.print_summary", lambda record: None)
    return lambda *arguments: (CliRunner().invoke(main, ["run", "--set", f"work_dir={tmp_path}", *arguments]), started)


def test_options_become_the_request_of_the_run(run):
    result, started = run("--data", "corpus")
    assert result.exit_code == 0
    run("--force-bless", "  new contract ")
    run("--warm-start")
    assert str(started[0][0].corpus.path) == "corpus"
    assert [request for _, request in started] == [
        RunRequest(), RunRequest(force_bless="new contract"), RunRequest(warm_start=True),
    ]  # fmt: skip


def test_a_forced_blessing_needs_a_reason(run):
    for reason in ("", "  "):
        result, started = run("--force-bless", reason)
        assert result.exit_code == 2
        assert "--force-bless: the reason is empty" in result.output
        assert not started
