from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.processes import run
from support.repository import python_environment
from support.slow_steps import slow_down

from components.common.hashing import tree_hash
from components.registry.model_registry import ModelRegistry
from components.registry.serving_directory.serving_directory import models_config, published_versions
from components.registry.store.version import VersionRecord
from pipeline.cli.main import main
from pipeline.registry_view.registry_ui import ui_command, ui_environment


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder whose registry has two champions and two other versions."""
    folder = tmp_path_factory.mktemp("made")
    registry = ModelRegistry(f"sqlite:///{folder}/registry/mlflow.db")
    for number, baseline, blessed in ((1, "none", True), (2, "1", True), (3, "2", True), (4, "2", False)):
        model = folder / "models" / str(number)
        model.mkdir(parents=True)
        (model / "saved_model.pb").write_bytes(b"%d" % number)
        record = VersionRecord(
            tags={
                "baseline_version": baseline,
                "run_fingerprint": str(number),
                "data.span": str(number),
                "run_id": "r",
                "corpus_fingerprint": "old" if number < 4 else "new",
            },
            metrics={"entity_f1": 0.5 + number / 100},
            metrics_by_type={"PER": {"f1": number / 10}},
            metrics_by_slice={"source=a": {"entity_f1": 0.25}},
            params={"trainer.epochs": str(number), "trainer.seed": "0"},
            blessed=blessed,
        )
        registry.register(model, "ner", record)
    registry.champions("ner").promote(1, None, "the first", who="tester")
    registry.champions("ner").promote(2, 1, "better", who="tester")
    return folder


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A separate working folder with a copy of that registry."""
    shutil.copytree(made / "registry", tmp_path / "registry")
    return tmp_path


@pytest.fixture
def ner(home: Path):
    def ner(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["registry", *arguments, "--set", f"work_dir={home}"])

    return ner


def _registry(home: Path) -> ModelRegistry:
    return ModelRegistry(f"sqlite:///{home}/registry/mlflow.db")


def test_list_shows_versions_with_aliases_scores_and_origin(ner):
    result = ner("list")
    assert result.exit_code == 0, result.output
    headings, *rows = [line.split() for line in result.output.splitlines()]
    assert headings == ["version", "alias", "F1", "blessed", "base", "span", "registered", "(UTC)", "run"]
    assert [row[:5] for row in rows] == [
        ["1", "previous", "0.5100", "yes", "none"],
        ["2", "champion", "0.5200", "yes", "1"],
        ["3", "0.5300", "yes", "2", "3"],
        ["4", "0.5400", "no", "2", "4"],
    ]


def test_list_shows_the_newest_only_and_json(ner):
    rows = json.loads(ner("list", "--last", "2", "--json").output)
    assert [row["version"] for row in rows] == [3, 4]
    assert rows[0]["blessed"] is True
    assert rows[0]["tags"]["data.span"] == "3"


@pytest.mark.extended
def test_list_of_a_missing_registry_is_empty(ner, home):
    shutil.rmtree(home / "registry")
    assert ner("list", "--json").output == "[]\n"
    assert ner("list").output == "ner: no versions. Run `ner run` first.\n"
    assert not (home / "registry").exists()


def test_show_prints_all_data(ner):
    output = ner("show", "champion").output
    for text in ("ner version 2", "champion", "entity_f1  0.5200", "0.2000", "source=a", "trainer.epochs", "data.span"):
        assert text in output
    assert json.loads(ner("show", "2", "--json").output)["version"] == 2


@pytest.mark.extended
def test_show_of_a_missing_version_is_an_error(ner):
    result = ner("show", "candidate")
    assert result.exit_code == 1
    assert "error: ner: no version 'candidate' in sqlite:" in result.output


@pytest.mark.extended
def test_diff_shows_differences_only(ner):
    output = ner("diff", "1", "champion").output
    rows = {name: values for name, *values in (re.split(" {2,}", line) for line in output.splitlines())}
    assert rows["entity_f1"] == ["0.51", "0.52", "+0.01"]
    assert rows["PER: f1"] == ["0.1", "0.2", "+0.1"]
    assert rows["trainer.epochs"] == ["1", "2"]
    assert rows["data.span"] == ["1", "2"]
    assert "tree_hash" in rows
    assert "trainer.seed" not in rows
    assert not any("source=a" in name for name in rows)
    assert all(len(line) <= 80 for line in output.splitlines() if "hash" not in line)
    assert "have the same recorded data" in ner("diff", "2", "2").output


def test_diff_of_versions_with_different_corpora_names_the_command_that_compares_their_scores(ner):
    note = "`ner evaluate --data PATH --model 3 --against 4` scores both on the same ones"
    assert note in ner("diff", "3", "4").output
    assert "scores of different sentences" not in ner("diff", "champion", "3").output


def test_promote_expects_the_champion_of_the_blessing(ner, home):
    result = ner("promote", "3", "--why", "better still")
    assert result.exit_code == 0, result.output
    assert "ner version 3 is the champion" in result.output
    assert not (home / "serving").exists()  # there is no directory to synchronize
    entry = _registry(home).champions("ner").history()[-1]
    assert (entry.version, entry.replaced, entry.why, entry.forced) == (3, 2, "better still", False)


def test_promote_refuses(ner, home):
    for arguments, message in (
        (("1",), "ner version 1: expected no champion, but the champion is now version 2"),
        (("3", "--expect", "1"), "was blessed against version 2 and would replace version 1"),
        (("3", "--expect", "champion"), "version 'champion': not a version number"),
        (("4",), "ner version 4: not blessed"),
        (("9",), "ner: no version 9"),
    ):
        result = ner("promote", *arguments, "--why", "because")
        assert result.exit_code == 1
        assert message in result.output
    assert _registry(home).get("ner", "champion").version == 2


@pytest.mark.extended
def test_promote_without_a_blessing_is_recorded_as_forced(ner, home):
    result = ner("promote", "4", "--force-blessing", "--why", "the customer waits")
    assert result.exit_code == 0, result.output
    assert "forced" in ner("history").output
    assert "the customer waits" in ner("history").output


def test_promoting_the_champion_again_says_that_nothing_changed(ner, home):
    before = _registry(home).champions("ner").history()
    result = ner("promote", "champion", "--why", "again")
    assert result.exit_code == 0, result.output
    assert "ner version 2 is the champion already; nothing changed" in result.output
    assert _registry(home).champions("ner").history() == before


@pytest.mark.extended
def test_promote_and_rollback_need_a_reason(ner):
    for arguments in (("promote", "3"), ("rollback",)):
        result = ner(*arguments, "--why", " ")
        assert (result.exit_code, "the reason is empty" in result.output) == (2, True)
    assert "Missing option '--why'" in ner("promote", "3").output
    assert "Missing option '--why'" in ner("rollback").output


def test_list_and_show_mark_a_rollback(ner, home):
    assert "rolled back" not in ner("list").output
    ner("rollback", "--why", "it tags nothing", "--no-sync")
    output = ner("list").output
    assert re.search(r"^ *1  champion ", output, re.MULTILINE)
    assert re.search(r"^ *2  .*rolled back ", output, re.MULTILINE)
    pattern = r"champion: version 1 again; version 2 was rolled back at 20\d\d-.* UTC by \S+.*: it tags nothing"
    assert re.search(pattern, " ".join(output.split()))
    assert {row["version"]: row["rolled_back"] for row in json.loads(ner("list", "--json").output)}[2] is True
    assert "rolled back" in ner("show", "2").output.splitlines()[0]
    ner("rollback", "--to", "2", "--why", "a mistake", "--no-sync")
    assert re.search(r"^ *2  champion ", ner("list").output, re.MULTILINE)
    assert "version 1 was rolled back" in ner("list").output


def test_rollback_synchronizes_the_serving_directory(ner, home):
    assert ner("sync").exit_code == 0
    result = ner("rollback", "--why", "it tags nothing")
    assert result.exit_code == 0, result.output
    assert "ner version 1 is the champion again" in result.output
    assert models_config(home / "serving", "ner") == ((1,), {"champion": 1})
    assert ner("rollback", "--to", "2", "--why", "a mistake", "--no-sync").exit_code == 0
    assert models_config(home / "serving", "ner") == ((1,), {"champion": 1})


def test_history_lists_the_changes(ner):
    ner("rollback", "--why", "it tags nothing")
    output = ner("history").output
    rows = [re.split(" {2,}", line)[1:] for line in output.splitlines()]
    assert rows[1:3] == [["promoted", "1", "tester", "the first"], ["promoted", "2", "1", "tester", "better"]]
    assert [rows[3][at] for at in (0, 1, 2, -1)] == ["rolled back", "1", "2", "it tags nothing"]
    plain = json.loads(ner("history", "--json").output)
    assert [(row["action"], row["counts"]) for row in plain] == [
        ("promoted", True), ("promoted", True), ("rolled back", True),
    ]  # fmt: skip


def test_an_alias_that_was_moved_by_hand_is_reported(ner, home):
    with _registry(home).client() as client:
        client.set_registered_model_alias("ner", "champion", "4")
    for command in ("list", "history"):
        assert "alias champion points to version 4" in ner(command).stderr
    assert "ner version 4 is the champion\n" in ner("adopt", "--why", "it reads the new forms").output
    assert ner("list").stderr == ""


def test_export_and_import_move_the_registry(ner, home):
    assert "2 entries of the history" in ner("export", str(home / "moved.tar")).output
    uri = f"registry.uri=sqlite:///{home / 'other' / 'mlflow.db'}"
    shutil.copytree(home / "registry", home / "other")
    output = ner("import", str(home / "moved.tar"), "--set", uri).output
    assert (
        "ner: imported no version (already there: versions 1, 2, 3, 4); 0 MLflow runs; 0 entries of the history\n"
        in output
    )
    assert "\nchampion: 2." in output


@pytest.mark.extended
def test_a_slow_fetch_says_what_it_does(ner, home, monkeypatch):
    slow_down(monkeypatch, ModelRegistry, "fetch")
    result = ner("fetch", "2", str(home / "fetched"))
    assert result.stdout == f"{home / 'fetched'}\n"
    assert "    copying version 2, 0:00:0" in result.stderr


def test_fetch_downloads_the_model(ner, home, made):
    result = ner("fetch", "champion", str(home / "fetched"))
    assert result.output == f"{home / 'fetched'}\n"
    assert tree_hash(home / "fetched") == tree_hash(made / "models" / "2")


def test_sync_of_another_directory_reports_its_changes(ner, home):
    result = ner("sync", str(home / "elsewhere"), "--keep", "0", "--base-path", "/models/ner")
    assert result.output.splitlines() == [f"{home}/elsewhere/ner: champion 2, previous 1", "added: 1, 2"]
    assert "/models/ner" in (home / "elsewhere" / "models.config").read_text()
    (home / "elsewhere" / "ner" / "99").mkdir()
    ner("rollback", "--why", "a test")
    result = ner("sync", str(home / "elsewhere"), "--keep", "0")
    assert "removed: 2" in result.stdout
    assert "not changed, not from this registry: 99" in result.stderr
    assert published_versions(home / "elsewhere", "ner") == (1, 99)
    assert "/models/ner" in (home / "elsewhere" / "models.config").read_text()


@pytest.mark.extended
def test_sync_reports_an_unreachable_server(ner):
    result = ner("sync", "--server", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "no answer like TensorFlow Serving" in result.output


@pytest.mark.extended
def test_sync_without_a_champion_changes_nothing(ner, home):
    shutil.rmtree(home / "registry")
    assert "ner has no champion; nothing was changed" in ner("sync").output


@pytest.mark.extended
def test_serve_ui_starts_mlflow_on_the_file_with_telemetry_off(ner, home, monkeypatch):
    started = []
    monkeypatch.setattr(os, "execve", lambda *arguments: started.append(arguments))
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)
    result = ner("serve-ui", "--port", "5123", "--allowed-hosts", "registry.example")
    assert result.exit_code == 0, result.output
    assert "http://127.0.0.1:5123/#/models/ner" in result.output
    ((program, command, environment),) = started
    assert program == command[0] == sys.executable
    assert command[command.index("--backend-store-uri") + 1] == f"sqlite:///{home}/registry/mlflow.db"
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--allowed-hosts") + 1] == "registry.example"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"


@pytest.mark.extended
def test_serve_ui_of_a_server_reports_its_address(ner):
    result = ner("serve-ui", "--set", "registry.uri=http://registry.example:5000")
    assert result.exit_code == 1
    assert "registry.uri http://registry.example:5000: is a server" in result.output


@pytest.mark.extended
def test_serve_ui_keeps_the_users_choice_of_telemetry(monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    assert ui_environment()["MLFLOW_DISABLE_TELEMETRY"] == "false"
    assert "--allowed-hosts" not in ui_command(_registry(Path("/data")), "127.0.0.1", 1)


_RUN = """
import sys
from pipeline.cli.main import main
for arguments in (
    ["list"], ["show", "champion"], ["diff", "1", "2"], ["history"], ["fetch", "1", "fetched"], ["sync"],
):
    main(["registry", *arguments, "--set", f"work_dir={sys.argv[1]}"], prog_name="ner", standalone_mode=False)
    heavy = {"mlflow", "sqlalchemy", "pandas", "tensorflow", "tfx"} & set(sys.modules)
    assert not heavy, (arguments, heavy)
"""


def test_commands_that_only_read_import_no_heavy_module(home):
    run([sys.executable, "-c", _RUN, str(home)], cwd=home, env=python_environment(), check=True, capture_output=True)


def test_tables_fit_a_terminal_of_80_columns(home):
    from rich.console import Console

    from pipeline.registry_view.tables import print_history, print_versions

    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    champions = _registry(home).champions("ner")
    print_versions(console, _registry(home).versions("ner"))
    print_history(console, champions.history(), champions.line())
    text = console.file.getvalue()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert "0.5400" in text
