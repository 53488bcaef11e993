"""`ner distill`, without a run."""

from __future__ import annotations

from click.testing import CliRunner

from pipeline.cli.main import main


def test_options_become_settings_of_the_trainer(monkeypatch, tmp_path):
    started = []
    monkeypatch.setattr("pipeline.local_run.run_locally", started.append)
    monkeypatch.setattr("pipeline.run.summary.print_summary", lambda record: None)
    texts = ["--unlabelled", "a, b.txt", "--unlabelled", "[raw].jsonl"]
    result = CliRunner().invoke(main, ["distill", "--teacher", "3", *texts, "--set", f"work_dir={tmp_path}"])
    assert result.exit_code == 0, result.output
    (config,) = started
    assert (config.trainer.teacher, config.trainer.unlabelled) == ("3", ("a, b.txt", "[raw].jsonl"))
