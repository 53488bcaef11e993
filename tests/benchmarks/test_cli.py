"""Commands."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from benchmarks.cli import GPU_OPTIONS, cnn_linear_options, main
from benchmarks.results import write_json
from benchmarks.serving import over_rounds


@pytest.fixture
def run(tmp_path, corpus_folder):
    def run(command, *arguments):
        options = ["--data", corpus_folder, "--results", tmp_path / "results", "--work", tmp_path / "work"]
        return CliRunner().invoke(main, [str(part) for part in (command, *options, *arguments)])

    return run


@pytest.fixture
def started(monkeypatch):
    """Names of the runs that a command starts; none of them runs."""
    names = []
    monkeypatch.setattr("benchmarks.cli.run_all", lambda commands, *arguments: names.extend(commands))
    return names


def test_a_run_with_a_result_is_skipped_unless_forced(run, started, tmp_path, record):
    write_json(tmp_path / "results" / "accuracy" / "tiny.crf.seed0.json", record())
    python = ("--peers-python", "/bin/sh")
    result = run("accuracy", "--systems", "crf,bilstm", "--seeds", "0", *python)
    assert result.exit_code == 0, result.output
    assert "2 runs, 1 have results (--force repeats them)" in result.output
    assert started == ["tiny.bilstm.seed0"]
    assert (tmp_path / "results" / "accuracy.csv").exists()
    started.clear()
    run("accuracy", "--systems", "crf", "--force", *python)
    assert started == ["tiny.crf.seed0"]


def test_serving_times_the_models_and_stores_the_figures(run, started, tmp_path, monkeypatch):
    requested = {}

    def measure(systems, sentences, rounds, core, logs, show):
        requested.update(systems=[system.name for system in systems], sentences=sentences, rounds=rounds, core=core)
        names = ("single_cpu_p50_ms", "single_cpu_p99_ms", "batch_tokens_per_cpu_second", "peak_rss_mb")
        figures = over_rounds([dict.fromkeys(names, 2.0)])
        return [{"system": system.name, "model_mb": 1.0, **figures} for system in systems]

    monkeypatch.setattr("benchmarks.cli.measure", measure)
    (tmp_path / "work" / "models" / "tiny.crf.seed0").mkdir(parents=True)
    result = run("serving", "--systems", "crf,ours", "--tagger", "transformer", "--rounds", 2, "--core", 0)
    assert result.exit_code == 0, result.output
    assert started == ["tiny.ours_transformer.seed0"]  # the other model exists
    assert requested == {
        "systems": ["crf", "ours_transformer", "ours_transformer_all"],
        "sentences": ["Ada Lovelace went to Paris", "Rome sleeps"],
        "rounds": 2,
        "core": 0,
    }
    record = json.loads((tmp_path / "results" / "serving" / "tiny.json").read_text(encoding="utf-8"))
    assert (record["sentences"], record["tokens"], record["rounds"]) == (2, 7, 2)
    assert (tmp_path / "results" / "serving.tiny.png").exists()


def test_scaling_runs_our_tagger_on_every_multiple(run, started):
    result = run("scaling", "--systems", "crf,ours", "--tagger", "transformer", "--factors", "1,8")
    assert result.exit_code == 0, result.output
    assert started == ["tiny.ours_transformer.x1", "tiny.ours_transformer.x8"]


def test_scale_runs_the_sizes_without_a_result(started, tmp_path):
    write_json(tmp_path / "scale" / "pipeline.100.json", {"sentences": 100, "nodes": []})
    options = ["--sentences", "100,200", "--results", str(tmp_path), "--work", str(tmp_path / "work")]
    result = CliRunner().invoke(main, ["scale", *options])
    assert result.exit_code == 0, result.output
    assert started == ["pipeline.200"]


def test_errors_are_one_line_without_a_traceback(run):
    for arguments, message in (
        (["--systems", "hmm"], "unknown system"),
        (["--systems", "crf", "--seeds", "one"], "not whole numbers"),
        (["--systems", "crf", "--peers-python", "nowhere"], "make bench-setup"),
    ):
        result = run("accuracy", *arguments)
        assert result.exit_code == 1
        assert message in result.output
        assert "Traceback" not in result.output


def test_stored_sizes_for_the_gpu_are_those_of_the_configuration():
    written = json.loads(GPU_OPTIONS.read_text(encoding="utf-8"))
    assert written == cnn_linear_options(), "configs/base.yaml has changed: run `python -m benchmarks gpu-options`"


@pytest.mark.parametrize("command", ["evaluation", "registry"])
def test_single_measurements_have_help(command):
    assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0
