"""`ner report`, with a fake run report."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from support.small_evaluation import small_evaluation

from components.evaluator.results.evaluation import Blessing
from components.evaluator.results.scores_file import write_evaluation
from pipeline.cli import report as command
from pipeline.cli.main import main
from pipeline.run import run_record, run_report
from pipeline.run.run_record import NodeRecord, RunRecord


@pytest.fixture
def report(monkeypatch, tmp_path):
    """Runs the command; `opened` and `asked` record its actions."""
    opened, asked = [], []
    monkeypatch.setattr(run_report, "runs", lambda config: ["two", "one"])
    monkeypatch.setattr(run_report, "write_report", lambda config, run: asked.append(run) or tmp_path / "two.html")
    monkeypatch.setattr(command.webbrowser, "open", opened.append)
    for name in ("CI", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments):
        result = CliRunner().invoke(main, ["report", *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    run.opened, run.asked = opened, asked
    return run


def test_report_goes_to_a_temporary_folder_if_the_work_folder_cannot_be_written(report, tmp_path, monkeypatch):
    def write(config, run, folder=None):
        if folder is None:
            (tmp_path / "file").touch()
            (tmp_path / "file").mkdir(exist_ok=True)
        return folder / "two.html"

    monkeypatch.setattr(run_report, "write_report", write)
    monkeypatch.setattr(command.tempfile, "mkdtemp", lambda prefix: str(tmp_path / "aside"))
    output = report("--no-open")
    assert f"warning: {tmp_path}/file: something else exists there. Move it away" in output
    assert output.endswith(f"The report is in {tmp_path}/aside.\n{tmp_path}/aside/two.html\n")


def test_path_is_printed_without_opening_it_if_there_is_no_screen(report, tmp_path, monkeypatch):
    monkeypatch.setattr(command.sys, "platform", "linux")
    assert report() == f"{tmp_path / 'two.html'}\n"
    assert report.asked == [None]
    assert report.opened == []


@pytest.mark.parametrize(
    ("environment", "arguments", "opens"),
    [
        ({"DISPLAY": ":0"}, [], True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, ["one"], True),
        ({"DISPLAY": ":0"}, ["--no-open"], False),
        ({"DISPLAY": ":0", "CI": "true"}, [], False),
    ],
)
def test_browser_is_opened_if_there_is_a_screen(report, tmp_path, monkeypatch, environment, arguments, opens):
    monkeypatch.setattr(command.sys, "platform", "linux")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    report(*arguments)
    assert report.opened == ([(tmp_path / "two.html").as_uri()] if opens else [])


def test_macos_needs_no_display(report, monkeypatch):
    monkeypatch.setattr(command.sys, "platform", "darwin")
    report()
    assert len(report.opened) == 1


def test_runs_are_listed_with_scores_and_two_are_compared(monkeypatch, tmp_path):
    scores = tmp_path / "scores"
    scores.mkdir()
    write_evaluation(str(scores), small_evaluation(Blessing(True)))
    settings = [json.dumps({"settings": {"epochs": epochs, "seed": 0}}) for epochs in (10, 20)]
    records = {
        "two": RunRecord(
            (NodeRecord("Trainer", "run", 1.0), NodeRecord("RegistryPusher", "run", 1.0)),
            {
                ("Evaluator", "evaluation"): (str(scores), {}),
                ("RegistryPusher", "pushed_model"): ("", {"registry_version": 4}),
                ("Trainer", "trained_model"): ("", {"trainer_settings": settings[1]}),
            },
            "two",
        ),
        "one": RunRecord(
            (NodeRecord("Trainer", "failed", 1.0),),
            {("Trainer", "trained_model"): ("", {"trainer_settings": settings[0]})},
            "one",
        ),
    }
    monkeypatch.setattr(run_report, "runs", lambda config: [*records])
    monkeypatch.setattr(run_record, "read_run", lambda config, run_id: records[run_id])
    monkeypatch.setattr(run_report, "find_run", lambda config, run_id: records[run_id or "two"])
    listed = CliRunner().invoke(main, ["report", "--list"])
    assert [line.split() for line in listed.stdout.splitlines()] == [
        ["run", "F1", "95", "%", "interval", "verdict", "version", "state"],
        ["two", "0.667", "0.601–0.701", "blessed", "4", "complete"],
        ["one", "failed:", "Trainer"],
    ]
    compared = CliRunner().invoke(main, ["report", "--against", "one"]).stdout
    rows = [line.split() for line in compared.splitlines()]
    assert ["epochs", "10", "20"] in rows
    assert ["PER", "0.667", "(0.601–0.701)"] in rows
    assert not any(row[:1] == ["seed"] for row in rows)
    same = CliRunner().invoke(main, ["report", "--against", "two"])
    assert (same.exit_code, "--against two: is the run itself" in same.output) == (1, True)


def test_runs_of_an_older_version_are_listed_and_compared(monkeypatch, tmp_path):
    (tmp_path / "scores.json").write_text('{"format": 1}')
    settings = [json.dumps({"settings": {"epochs": epochs}}) for epochs in (10, 20)]
    records = {
        # The output of the Trainer had another name.
        "old": {
            ("Evaluator", "evaluation"): (str(tmp_path), {}),
            ("Trainer", "model"): ("", {"trainer_settings": settings[0]}),
        },
        "new": {("Trainer", "trained_model"): ("", {"trainer_settings": settings[1]})},
        "oldest": {("Trainer", "model"): ("", {})},
    }
    records = {
        name: RunRecord((NodeRecord("Trainer", "run", 1.0),), outputs, name) for name, outputs in records.items()
    }
    monkeypatch.setattr(run_report, "runs", lambda config: [*records])
    monkeypatch.setattr(run_record, "read_run", lambda config, run_id: records[run_id])
    monkeypatch.setattr(run_report, "find_run", lambda config, run_id: records[run_id or "new"])
    listed = CliRunner().invoke(main, ["report", "--list"])
    assert [line.split()[:2] for line in listed.stdout.splitlines()[1:]] == [
        ["old", "unreadable"], ["new", "ended"], ["oldest", "ended"],
    ]  # fmt: skip
    rows = CliRunner().invoke(main, ["report", "--against", "old"]).stdout.splitlines()
    assert ["epochs", "10", "20"] in [row.split() for row in rows]
    rows = CliRunner().invoke(main, ["report", "--against", "oldest"]).stdout.splitlines()
    assert "Settings of the training: unknown for the first run" in rows
    assert not any("epochs" in row for row in rows)


def test_missing_run_is_an_error_with_a_fix(tmp_path):
    result = CliRunner().invoke(main, ["report", "--set", f"work_dir={tmp_path}"])
    assert result.exit_code == 1
    assert "has not run" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("arguments", [["one"], ["--against", "one"]])
def test_a_list_of_all_runs_takes_no_run(arguments):
    result = CliRunner().invoke(main, ["report", "--list", *arguments])
    assert result.exit_code == 2
    assert "--list shows all runs" in result.output
