"""`ner retrain`: what it is told, and what it tells."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pipeline.cli.retrain import retrain
from pipeline.retraining.outcome import EXIT_CODES, Outcome

CALLED = "pipeline.retraining.retrain.retrain"


@pytest.fixture
def calls(monkeypatch):
    """What is handed on; the outcome is `calls[0]`."""
    found = [Outcome("promoted", "version 2 is the champion", ("span 2 is new",), 2)]

    def played(config, warm_start, force, dry_run):
        found.append((config.corpus.path, warm_start, force, dry_run))
        return found[0]

    monkeypatch.setattr(CALLED, played)
    return found


@pytest.mark.parametrize("kind", EXIT_CODES)
def test_the_exit_status_is_the_outcomes(calls, kind):
    calls[0] = Outcome(kind, "in words")
    result = CliRunner().invoke(retrain)
    assert result.exit_code == EXIT_CODES[kind]
    assert result.stdout == f"{kind}: in words\n"


def test_reasons_and_outcome_are_told(calls):
    result = CliRunner().invoke(retrain)
    assert result.stdout == "reason: span 2 is new\npromoted: version 2 is the champion\n"


def test_the_last_line_is_json_when_asked_for(calls):
    values = json.loads(CliRunner().invoke(retrain, ["--json"]).stdout.splitlines()[-1])
    assert (values["kind"], values["version"], values["exit_code"]) == ("promoted", 2, 0)


@pytest.mark.parametrize(
    ("arguments", "warm"),
    [
        ([], True),
        (["--full"], False),
        (["--set", "retrain.warm_start=false"], False),
        (["--set", "retrain.warm_start=false", "--warm-start"], True),
    ],
)
def test_the_option_goes_before_the_setting(calls, arguments, warm):
    CliRunner().invoke(retrain, arguments)
    assert calls[1][1] is warm


def test_corpus_force_and_dry_run_are_handed_on(calls, tmp_path):
    CliRunner().invoke(retrain, ["--data", str(tmp_path), "--force", "new code", "--dry-run"])
    assert calls[1][0] == tmp_path
    assert calls[1][2:] == ("new code", True)
