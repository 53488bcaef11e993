"""`ner predict`, with a stand-in for the model."""

from __future__ import annotations

import io
import json
import sys

import click
import pytest
from click.testing import CliRunner

from components.serving import saved_model_tagger
from components.serving.batch_prediction import job
from components.serving.saved_model_tagger import TaggedSentence
from pipeline.cli.main import main


class Upper:
    """Tags words in upper case as X; counts its batches."""

    batches: list[int]

    def __init__(self, folder):
        type(self).batches = []

    def tag(self, sentences):
        self.batches.append(len(sentences))
        for sentence in sentences:
            words = tuple(sentence.split())
            tags = tuple("B-X" if word.isupper() else "O" for word in words)
            yield TaggedSentence(sentence, words, tags, (1.0,) * len(words), (0,) * len(words), (1,) * len(words))


@pytest.fixture
def predict(monkeypatch, tmp_path):
    monkeypatch.setattr(saved_model_tagger, "SavedModelTagger", Upper)
    (tmp_path / "saved_model.pb").touch()
    return lambda *arguments, **options: CliRunner().invoke(
        main, ["predict", "--model", str(tmp_path), *arguments], **options
    )


def test_tokens_and_tags_stand_in_columns_with_an_empty_line_after_each_sentence(predict):
    assert predict("AB c", "d").stdout == "AB\tB-X\nc\tO\n\nd\tO\n\n"


@pytest.mark.parametrize(
    ("content", "field"),
    [('{"id": 1, "Tweet": "AB c"}\n', "'Tweet'"), ('{"id": 1}\n', ""), ("", ""), (None, "")],
)
def test_the_field_with_the_text_is_named_if_the_file_has_it(predict, tmp_path, monkeypatch, content, field):
    monkeypatch.setattr(job, "run_batch", lambda batch: job.BatchResult(1, 0, 0, 0.5))
    file = tmp_path / "rows.jsonl"
    if content is not None:
        file.write_text(content)
    output = predict("--input", str(file)).stderr
    assert output.count("the text is the field") == bool(field)
    assert field in output
    assert "rows/s" not in output


@pytest.mark.parametrize("no_color", [False, True])
def test_a_terminal_shows_marked_entities_in_colour_unless_no_color_is_set(predict, monkeypatch, no_color):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    result = predict("AB c", color=True)
    assert click.unstyle(result.stdout) == "[A X]B c\n"
    assert ("\x1b[" in result.stdout) == (not no_color)


def test_lines_of_standard_input_are_tagged_in_batches_and_in_order(predict):
    lines = [f"A{i}" for i in range(150)]
    rows = [json.loads(row) for row in predict("--json", input="\r\n".join(lines)).stdout.splitlines()]
    assert [row["sentence"] for row in rows] == lines
    assert Upper.batches == [64, 64, 22]


def test_bytes_that_are_no_utf8_do_not_stop_the_others(predict):
    rows = [json.loads(row) for row in predict("--json", input=b"caf\xe9\nZo\xc3\xab\x85x\n").stdout.splitlines()]
    assert [row["sentence"] for row in rows] == ["caf\ufffd", "Zoë\ufffdx"]


def test_an_argument_that_is_no_utf8_is_tagged_like_a_line(predict):
    assert json.loads(predict("--json", "caf\udce9 x").stdout)["sentence"] == "caf\ufffd x"


def test_standard_input_without_a_line_gives_a_warning(predict):
    result = predict("-", input="")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "warning: standard input has no line, so nothing is tagged" in result.stderr


def test_a_dash_is_standard_input(predict):
    assert predict("-", input="AB c\nd\n").stdout == predict(input="AB c\nd\n").stdout == "AB\tB-X\nc\tO\n\nd\tO\n\n"
    result = predict("-", "AB", input="c")
    assert (result.exit_code, "Give - or sentences." in result.output) == (2, True)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_on_standard_input_is_named_as_in_a_file(predict, tmp_path, monkeypatch, capsys, encoding):
    stream = io.BufferedReader(io.BytesIO("AB c\n".encode(encoding)))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
    with pytest.raises(SystemExit):
        main(["predict", "--model", str(tmp_path), "-"])
    assert "standard input: is UTF-16. Convert it to UTF-8" in capsys.readouterr().err


def test_standard_input_in_another_encoding_gets_a_warning(predict):
    result = predict("-", input=b"AB c\nZ\xfcrich c\nK\xf6ln\n")
    assert "standard input:2: byte 0xFC is not UTF-8, and read as U+FFFD. Convert the text" in result.stderr
    assert result.stderr.count("U+FFFD") == 1


def test_a_labelled_file_on_standard_input_leads_to_other_commands(predict):
    result = predict(input="Ida\tB-X\nleft\tO\n\n")
    assert result.exit_code == 1
    assert "such as a tag at each token. `ner evaluate --data` scores" in result.output


def test_a_registry_without_a_champion_says_what_to_do(tmp_path):
    result = CliRunner().invoke(main, ["predict", "--set", f"work_dir={tmp_path}", "x"])
    assert result.exit_code == 1
    assert "no champion of the model 'ner'. Run `ner run` first" in result.output


def test_a_json_object_is_refused_with_the_command_for_rows_with_keys(predict):
    result = predict(input='plain\n{"key": "a", "sentence": "AB c"}\n')
    assert result.exit_code == 1
    assert "standard input:2: a JSON object, which is not a sentence" in result.output
    assert "Use `ner predict --input FILE --key key --output FILE`" in result.output
    for other in ('{"meta": {}, "id": 1, "body": "AB"}', '{"body": "AB", "id": 1, "meta": {}}'):
        assert "Use `ner predict --input FILE --key id --output FILE`" in predict(input=f"{other}\n").output
    assert "--input FILE --text FIELD --output FILE" in predict(input='{"a": "AB", "b": "c"}\n').output
    assert predict("{AB} c", '{"AB').exit_code == 0


def test_a_control_character_is_refused_as_in_the_rows_of_a_file(predict):
    result = predict("plain", "AB\x07c")
    assert result.exit_code == 1
    assert "argument 2: U+0007, a control character, in a sentence. Remove it, or use" in result.output
    assert "standard input:2: U+0000, a control character" in predict(input="plain\nA\0\n").output
    assert predict("AB\tc\x0c").exit_code == 0


def test_a_file_given_as_a_sentence_is_refused(predict, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("my rows.csv", "Oslo"):
        (tmp_path / name).write_text("text\nIda left\n")
    result = predict("my rows.csv")
    assert result.exit_code == 2
    assert "my rows.csv is a file, not a sentence. Tag its texts with --input 'my rows.csv'." in result.output
    assert predict("Oslo", "no.csv", "x" * 5_000 + ".a").exit_code == 0


def test_formats_of_sentences(predict):
    assert predict("--format", "highlight", "AB c").stdout == "[A X]B c\n"
    doccano = json.loads(predict("--format", "doccano", "AB c").stdout)
    assert doccano == {"text": "AB c", "label": [[0, 1, "X"]]}
    assert json.loads(predict("--format", "entities", "AB").stdout)["entities"][0]["label"] == "X"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--key", "id", "x"], "--key belongs to a batch: add --input FILE"),
        (["--input", "a.jsonl", "--output", "b.jsonl", "x"], "give sentences or --input FILE, not both"),
        (["--format", "brat", "x"], "writes two files"),
        (["--jsno", "x"], "No such option '--jsno'. Did you mean '--json'?"),
    ],
    ids=str,
)
def test_options_that_do_not_belong_together_are_refused(predict, arguments, problem):
    result = predict(*arguments)
    assert result.exit_code == 2
    assert problem in result.output
