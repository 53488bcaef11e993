from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from benchmarks.accuracy import AccuracyPlan
from benchmarks.chosen_systems import chosen_systems
from benchmarks.cli import PRODUCTION, cnn_linear_options, main
from benchmarks.latency import over_rounds
from benchmarks.result_store import ResultStore


@pytest.fixture
def run():
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_tables_are_written_from_what_was_measured(run, tmp_path, record):
    ResultStore(tmp_path / "accuracy").put("a", record())
    result = run("tables", "--results", tmp_path)
    assert result.exit_code == 0, result.output
    assert "Entity F1" in result.output
    assert (tmp_path / "accuracy.png").exists()


def test_a_table_that_is_complete_runs_nothing(run, tmp_path, corpus_folder, record):
    [crf] = chosen_systems(["crf"], "cnn_linear", [])
    [task] = AccuracyPlan((corpus_folder,), (crf,), (0,), tmp_path / "models").tasks()
    done = {**record(), "fingerprint": task.fingerprint}
    ResultStore(tmp_path / "results" / "accuracy").put(task.name, done)
    options = ["--data", corpus_folder, "--results", tmp_path / "results", "--work", tmp_path]
    result = run("accuracy", "--systems", "crf", *options)
    assert result.exit_code == 0, result.output
    assert "1 runs, 1 have results" in result.output
    assert (tmp_path / "results" / "accuracy.csv").exists()


def test_serving_times_the_models_that_are_there_and_keeps_what_it_found(run, tmp_path, corpus_folder, monkeypatch):
    asked = {}

    def measure(systems, sentences, rounds, core, logs, show):
        asked.update(systems=list(systems), sentences=sentences, rounds=rounds, core=core)
        names = ("single_cpu_p50_ms", "single_cpu_p99_ms", "batch_tokens_per_cpu_second", "peak_rss_mb")
        return [{"system": name, "model_mb": 1.0, **over_rounds([dict.fromkeys(names, 2.0)])} for name in systems]

    monkeypatch.setattr("benchmarks.cli.measure", measure)
    monkeypatch.setattr("benchmarks.cli.missing_models", lambda *arguments: [])
    options = ["--data", corpus_folder, "--results", tmp_path, "--work", tmp_path, "--rounds", 2, "--core", 0]
    result = run("serving", "--systems", "crf,ours", "--tagger", "transformer", *options)
    assert result.exit_code == 0, result.output
    assert asked == {
        "systems": ["crf", "ours_transformer", "ours_article_all"],
        "sentences": ["Ada Lovelace went to Paris", "Rome sleeps"],
        "rounds": 2,
        "core": 0,
    }
    assert (tmp_path / "serving" / "tiny.json").exists()
    assert (tmp_path / "serving.tiny.png").exists()


def test_scaling_runs_ours_only_on_every_multiple(run, tmp_path, corpus_folder, monkeypatch):
    begun = []
    monkeypatch.setattr("benchmarks.cli.run_jobs", lambda jobs, *arguments: begun.extend(job.name for job in jobs))
    options = ["--data", corpus_folder, "--results", tmp_path, "--work", tmp_path, "--factors", "1,8"]
    result = run("scaling", "--systems", "crf,ours", "--tagger", "transformer", *options)
    assert result.exit_code == 0, result.output
    assert begun == ["tiny.ours_transformer.x1", "tiny.ours_transformer.x8"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--systems", "hmm"], "no such system"),
        (["--systems", "crf", "--seeds", "one"], "whole numbers"),
        (["--systems", "crf", "--peers-python", "nowhere"], "make bench-setup"),
    ],
)
def test_errors_are_one_line_without_a_traceback(run, corpus_folder, tmp_path, arguments, message):
    result = run("accuracy", "--data", corpus_folder, "--results", tmp_path, "--work", tmp_path, *arguments)
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output


def test_sizes_for_machines_without_yaml_are_those_of_the_configuration():
    written = json.loads(PRODUCTION.read_text(encoding="utf-8"))
    assert written == cnn_linear_options(), "configs/base.yaml has changed: run `python -m benchmarks gpu-options`"
