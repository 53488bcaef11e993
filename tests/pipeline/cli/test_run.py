"""`ner run`, without a run."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from pipeline import local_run
from pipeline.cli.main import main
from pipeline.run import summary
from pipeline.run.request import RunRequest


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Invokes the command; returns its result and what the pipeline was started with."""
    started = []
    monkeypatch.setattr(local_run, "run_locally", lambda *arguments: started.append(arguments))
    monkeypatch.setattr(summary, "print_summary", lambda record: None)
    return lambda *arguments: (CliRunner().invoke(main, ["run", "--set", f"work_dir={tmp_path}", *arguments]), started)


def test_a_run_forces_nothing_by_itself(run):
    result, [(config, request)] = run("--data", "corpus")
    assert result.exit_code == 0
    assert (str(config.corpus.path), request) == ("corpus", RunRequest())


def test_the_reason_for_forcing_is_handed_on(run):
    _, [(_, request)] = run("--force-bless", "  new contract ")
    assert request.force_bless == "new contract"


def test_a_warm_start_is_handed_on(run):
    _, [(_, request)] = run("--warm-start")
    assert request.warm_start


@pytest.mark.parametrize("reason", ["", "  "])
def test_forcing_needs_a_reason(run, reason):
    result, started = run("--force-bless", reason)
    assert result.exit_code == 2
    assert "--force-bless needs a reason" in result.output
    assert not started
