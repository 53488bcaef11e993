"""Whole runs through the command line, in fresh processes: a newcomer's first run and the runs after it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.fake_kfp import FakeKfp
from support.processes import free_port, popen, run
from support.repository import README, ROOT, copy_of_the_repository, readme_commands
from support.swagger import Swagger

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3000)]

BIN = Path(sys.executable).parent
PROFILE = ROOT / "configs" / "local.yaml"
FIRST = "first-work"
ARTICLE = {
    "Justin Trudeau went to New Delhi India": "B-NAME I-NAME OUT OUT B-LOCATION I-LOCATION I-LOCATION",
    "Vladimir Putin was chased out of Kyiv Ukraine": "B-NAME I-NAME OUT OUT OUT OUT B-LOCATION I-LOCATION",
}


def ner(*arguments: str, cwd: Path, **options) -> subprocess.CompletedProcess:
    result = run([BIN / "ner", *arguments], cwd=cwd, capture_output=True, text=True, **options)
    assert "Traceback" not in result.stderr, result.stderr
    return result


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder in which the sample pipeline ran once: its output is in `first.txt`, a copy of its files in `FIRST`."""
    folder = tmp_path_factory.mktemp("home")
    result = ner("run", "--config", str(PROFILE), cwd=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    (folder / "first.txt").write_text(result.stdout, encoding="utf-8")
    shutil.copytree(folder / "work", folder / FIRST, symlinks=True)  # later tests change `work`
    return folder


def test_first_run_prints_scores_and_pushes_a_model_with_its_card(home):
    printed = (home / "first.txt").read_text(encoding="utf-8")
    assert "12 executed" in printed
    assert "LOCATION" in printed
    assert "pushed as version 1" in printed
    served = home / "work" / "serving" / "ner" / "1"
    assert (served / "saved_model.pb").is_file()
    assert (home / "work" / "serving" / "models.config").is_file()
    [card] = (home / "work" / "registry" / "artifacts").glob("*/*/card/model_card.md")
    text = card.read_text(encoding="utf-8")
    assert "## Intended use" in text
    assert "| LOCATION |" in text


def test_champion_tags_the_articles_sentences_like_the_article(home):
    result = ner("predict", *ARTICLE, cwd=home)
    sentences = [[line.split("\t") for line in block.splitlines()] for block in result.stdout.strip().split("\n\n")]
    assert [" ".join(token for token, _ in sentence) for sentence in sentences] == list(ARTICLE)
    assert [" ".join(tag for _, tag in sentence) for sentence in sentences] == list(ARTICLE.values())


def test_report_is_one_page_about_the_run(home):
    result = ner("report", "--no-open", cwd=home)
    assert result.returncode == 0, result.stderr
    file = Path(result.stdout.strip())
    page = file.read_text(encoding="utf-8")
    assert file.parent == home / "work" / "reports"
    assert len(page) < 1_000_000
    for text in ("LOCATION", "no champion to compare with", "12 of 12 nodes executed", "RegistryPusher"):
        assert text in page
    assert "Version 1 in the registry" in page


def test_scores_of_any_labelled_data_are_those_of_the_run(home):
    """`ner evaluate --data` runs the champion without TFX; only the last digits of the scores of tags may differ."""
    [corpus] = (home / "work").glob("sample-*")
    result = ner("evaluate", "--data", str(corpus), "--config", str(PROFILE), "--json", "-", cwd=home)
    assert result.returncode == 0, result.stderr
    [file] = (home / "work" / "artifacts" / "Evaluator" / "evaluation").glob("*/scores.json")
    ours, theirs = json.loads(result.stdout)["evaluation"], json.loads(file.read_text(encoding="utf-8"))
    served = theirs["overall"].pop("end_to_end")  # of the run's second score, of raw text; `ner evaluate` has no other
    assert ours["overall"].pop("end_to_end") is None
    assert served["entities"] == ours["overall"]["candidate"]["entities"]
    pairs = list(zip([ours["overall"], *ours["slices"]], [theirs["overall"], *theirs["slices"]], strict=True))
    assert len(pairs) > 10
    for one, other in pairs:
        assert one["slice"] == other["slice"]
        for scores in (one["candidate"], other["candidate"]):
            scores.pop("calibration")
        assert one == other
    assert [error["key"] for error in ours["errors"]] == [error["key"] for error in theirs["errors"]]
    assert ours["splits"] == theirs["splits"]


def test_second_run_without_a_change_executes_no_node(home):
    result = ner("run", "--config", str(PROFILE), cwd=home)
    assert result.returncode == 0, result.stderr
    assert "0 executed" in result.stdout
    assert "pushed as version 1" in result.stdout


def test_predict_reads_lines_and_prints_json(home):
    lines = ["Joe Biden visited Paris France", "", "  Xi Jinping,visited Kyiv Ukraine"]
    result = ner("predict", "--json", cwd=home, input="\n".join(lines) + "\n")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["sentence"] for row in rows] == lines
    assert rows[1]["tokens"] == []
    for row in rows:
        assert [row["sentence"][s:e] for s, e in zip(row["starts"], row["ends"], strict=True)] == row["tokens"]


@pytest.mark.extended
def test_changed_setting_runs_the_dependent_nodes_and_compares_with_the_champion(home):
    shorter = ("--set", "trainer.epochs=5", "--set", "trainer.epoch_steps=0")
    worse = (*shorter, "--set", "evaluator.max_regression=1")  # so short a training may lose
    result = ner("run", "--config", str(PROFILE), *worse, cwd=home)
    assert result.returncode == 0, result.stderr
    states = {row.split()[0]: row.split()[1] for row in result.stdout.splitlines() if len(row.split()) == 3}
    assert states["Transform"] == "cached"
    assert states["Trainer"] == states["Exporter"] == states["Evaluator"] == "run"
    assert "pushed as version 2" in result.stdout


def test_after_a_removal_the_newest_run_still_comes_from_the_cache(home):
    arguments = ("run", "--config", str(PROFILE))
    assert ner(*arguments, cwd=home).returncode == 0
    cleaned = ner("clean", "--keep", "1", cwd=home)
    assert cleaned.returncode == 0, cleaned.stderr
    assert "(champion)" in cleaned.stdout
    assert "0 executed" in ner(*arguments, cwd=home).stdout
    assert ner("report", "--no-open", cwd=home).returncode == 0
    assert ner("registry", "sync", cwd=home).returncode == 0


@pytest.mark.slow  # two more runs; rules and forced blessings also have faster tests
def test_model_below_a_rule_is_pushed_only_with_a_reason(home):
    from components.registry.model_registry import ModelRegistry

    registry = ModelRegistry(f"sqlite:///{home / 'work' / 'registry' / 'mlflow.db'}")
    before = registry.get("ner", "champion").version
    rule = ("--set", "evaluator.rules=[{metric: calibration_error, bound: 0}]")
    refused = ner("run", "--config", str(PROFILE), *rule, cwd=home)
    assert refused.returncode == 0, refused.stderr
    assert "not blessed: calibration error on all examples is" in refused.stdout
    assert "not pushed" in refused.stdout
    forced = ner("run", "--config", str(PROFILE), *rule, "--force-bless", "no better data", cwd=home)
    assert "blessed by force: no better data" in forced.stdout
    assert f"pushed as version {before + 1}" in forced.stdout
    champion = registry.get("ner", "champion")
    assert (champion.version, champion.tags["forced_blessing"]) == (before + 1, "no better data")


@pytest.mark.extended
def test_unusable_corpus_ends_with_one_clear_error(tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "train.conll").write_bytes(b"one\ncolumn\n")
    (corpus / "dev.conll").write_bytes(b"a\tO\n")
    result = ner("run", "--data", str(corpus), cwd=tmp_path)
    assert result.returncode == 1
    error = result.stderr[result.stderr.index("error: ") :]
    assert f"{corpus / 'train.conll'}:1" in error


@pytest.mark.extended
def test_anomaly_stops_the_run_before_training(tmp_path):
    ner("data", "generate", "corpus", cwd=tmp_path)
    schema = (ROOT / "schemas" / "schema.pbtxt").read_text(encoding="utf-8")
    domain = 'string_domain { name: "tags" value: "OUT" value: "B-NAME" value: "I-NAME" value: "B-LOCATION" }\n'
    changed = schema.replace('name: "tags"\n', 'name: "tags"\n  domain: "tags"\n', 1) + domain
    assert changed.count("domain") > schema.count("domain") + 1
    (tmp_path / "schema.pbtxt").write_text(changed, encoding="utf-8")
    result = ner("run", "--data", "corpus", "--set", "schema=schema.pbtxt", cwd=tmp_path)
    assert result.returncode == 1
    assert "I-LOCATION" in result.stderr
    assert "tags" in result.stderr
    assert not (tmp_path / "work" / "artifacts" / "Trainer").exists()


@pytest.mark.slow
@pytest.mark.ci
def test_the_commands_of_the_readme_run_in_order_in_a_clean_copy(home, tmp_path):
    """The first one finds the nodes of `home` in its cache: the same run, in a folder that was moved."""
    copy = copy_of_the_repository(tmp_path / "clone")
    shutil.copytree(home / FIRST, copy / "work", symlinks=True)
    short = tmp_path / "short.yaml"
    short.write_text("trainer: {epochs: 2, epoch_steps: 20}\n", encoding="utf-8")
    dropped = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "VENV", "NER_CONFIG"}
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    port = free_port()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(FakeKfp(Swagger()))
        environment |= {"LOCAL_HOME": str(copy / "tfx"), "KFP_HOST": server.host, "NO_PROXY": "127.0.0.1"}
        for command in readme_commands():
            if command.endswith("ner serve"):
                listening = [*command.split(), "--port", str(port), "--no-grpc"]
                stack.enter_context(popen(listening, cwd=copy, env=environment))
                continue
            changed = {"NER_CONFIG": str(short)} if command.startswith(".venv/bin/tfx ") else {}
            # All tests would include this one.
            shortened = re.sub(r"make test\b\S*", 'make test ARGS="--collect-only -q tests/components/text"', command)
            shortened = shortened.replace("curl ", "curl -sf --retry 60 --retry-connrefused ").replace(
                "8501", str(port)
            )
            bash = ["bash", "-euo", "pipefail", "-c", shortened]
            result = run(bash, cwd=copy, env=environment | changed, capture_output=True, text=True)
            assert result.returncode == 0, f"README.md: {command}\n{result.stdout[-3000:]}{result.stderr[-3000:]}"
            if command == "make run" and (tagged := re.search(r"```text\n(\[Justin.*?)```", README, re.DOTALL)):
                assert "0 executed" in result.stdout
                assert tagged[1].split() == result.stdout[result.stdout.index("[Justin") :].split()
            if command.startswith(".venv/bin/tfx run "):  # progress, not the log
                assert "[12/12] RegistryPusher" in result.stderr
                assert len(result.stderr.splitlines()) < 200
                assert "Traceback" not in result.stderr
            if command.startswith("curl "):
                assert json.loads(result.stdout)["predictions"][0]["tags"][-2:] == ["B-LOCATION", "I-LOCATION"]
    assert not server.faults
