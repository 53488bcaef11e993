"""`ner suggest`, with stand-ins for the models."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from support.spotter import Spotter

from pipeline.cli.main import main
from pipeline.registry_view import evaluated_model

MODELS = {
    None: (Spotter({"Rome": 0.2, "Ida": 0.9}), "champion of ner"),
    "http://server/v1/models/ner": (Spotter({"rains": 0.1}), "http://server/v1/models/ner"),
    "2": (Spotter(tags={"met": "B-X"}), "2"),
}
TEXTS = ["Bo met Ida", "it rains", "in Rome"]


@pytest.fixture
def suggest(monkeypatch, tmp_path):
    """Runs the command in a folder with raw.txt; `output` is its last option."""
    monkeypatch.setattr(evaluated_model, "chosen_tagger", lambda reference, config: MODELS[reference])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw.txt").write_text("".join(f"{text}\n" for text in TEXTS), encoding="utf-8")
    return lambda *arguments: CliRunner().invoke(
        main, ["suggest", "--input", "raw.txt", "--output", "out", *arguments], catch_exceptions=False
    )


def texts(path):
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_sentences_of_which_the_champion_is_unsure_come_first(suggest, tmp_path):
    result = suggest("--n", "2")
    assert (result.exit_code, texts(tmp_path / "out")) == (0, ["in Rome", "Bo met Ida"])
    assert result.stdout.splitlines()[1].split(maxsplit=2) == ["3", "0.680", "in [Rome X]"]
    assert "2 of 3 rows in out\n" in result.stderr


def test_a_server_and_a_second_model_are_asked(suggest, tmp_path):
    assert suggest("--n", "1", "--url", "http://server/v1/models/ner").exit_code == 0
    assert texts(tmp_path / "out") == ["it rains"]
    assert suggest("--against", "2", "--force").exit_code == 0
    assert json.loads((tmp_path / "out").read_text("utf-8").splitlines()[0])["meta"]["disagreement"] == "0.3333"


def test_the_file_for_the_tool_and_the_labels_of_the_model_have_the_same_sentences(suggest, tmp_path):
    assert suggest("--to", "label-studio", "--labels", "labels.jsonl").exit_code == 0
    tasks = json.loads((tmp_path / "out").read_text(encoding="utf-8"))
    assert [task["data"]["text"] for task in tasks] == texts(tmp_path / "labels.jsonl")
    assert tasks[0]["predictions"][0]["model_version"] == "champion of ner"


def test_labelled_files_and_folders_are_left_out(suggest, tmp_path):
    (tmp_path / "done.conll").write_text("in\tO\nRome\tB-X\n", encoding="utf-8")
    result = suggest("--labelled", "done.conll")
    assert texts(tmp_path / "out") == ["Bo met Ida", "it rains"]
    assert "1 labelled already" in result.stderr
    assert "note: fewer than the 200 of --n" in result.stderr


def test_a_field_to_forward_that_no_row_has_changes_the_exit_code(suggest, tmp_path):
    (tmp_path / "raw.jsonl").write_text('{"sentence": "in Rome", "id": 7}\n', encoding="utf-8")
    result = suggest("--input", "raw.jsonl", "--forward", "id,nope")
    assert (result.exit_code, texts(tmp_path / "out")) == (3, ["in Rome"])
    assert "no row has 'nope': the output is complete, without it. Correct --forward" in result.stderr
    result = suggest("--input", "raw.jsonl", "--forward", "id", "--force")
    assert (result.exit_code, "no row has" in result.stderr) == (0, False)


def test_labelled_folders_name_the_files_that_they_leave_out(suggest, tmp_path):
    (tmp_path / "done/more").mkdir(parents=True)
    for name in ("done/train.conll", "done/more/x.conll"):
        (tmp_path / name).write_text("in\tO\nRome\tB-X\n", encoding="utf-8")
    assert "not read of done: more/x.conll (no split takes them" in suggest("--labelled", "done").stderr


def test_rows_that_cannot_be_tagged_are_named_and_change_the_exit_code(suggest, tmp_path):
    (tmp_path / "raw.txt").write_text("in Rome\nthey refuse\n", encoding="utf-8")
    result = suggest()
    assert (result.exit_code, texts(tmp_path / "out")) == (3, ["in Rome"])
    assert "1 row could not be read or tagged, the first is 2: the model refuses the word" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["--model", "2", "--url", "http://server/v1/models/ner"], 2, "--model and --url name the same thing"),
        (["--labels", "out"], 2, "--labels out: would replace --output"),
        (["--labels", "raw.txt"], 2, "--labels raw.txt: would replace --input"),
        (["--text", "body", "--key", "id"], 1, "raw.txt: has no field"),
        (["--input", "missing.txt", "--model", "not loaded"], 1, "missing.txt: does not exist"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_written(suggest, tmp_path, arguments, code, problem):
    result = suggest(*arguments)
    assert result.exit_code == code
    assert problem in result.stderr
    assert not (tmp_path / "out").exists()


def test_an_existing_file_is_kept_unless_force_is_given(suggest, tmp_path):
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    result = suggest()
    assert result.exit_code == 1
    assert "out: the file exists. Give another name, or replace it with --force" in result.stderr
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"
