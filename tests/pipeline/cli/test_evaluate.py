"""`ner evaluate`: table, JSON and exit status."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner
from support.slow_steps import slow_down

from components.evaluator.counts.text_hashes import TextHashes
from components.serving import saved_model_tagger
from components.serving.saved_model_tagger import TaggedSentence
from pipeline.cli.main import main


def answer(number, tag, **more):
    return {"key": number, "tokens": ["Ann"], "tags": [tag], "scores": [0.9], "starts": [0], "ends": [3], **more}


@pytest.fixture
def evaluate(tmp_path):
    """Runs the command on five predictions of three days; four have a label, three of these are correct."""
    log = [
        answer(number, tag, timestamp=f"2026-11-2{number // 2}T00:00:00Z", app="web" if number else "mail")
        for number, tag in enumerate(["B-PER", "B-PER", "B-PER", "B-LOC", "O"])
    ]
    labels = [{"key": number, "tags": ["B-PER"]} for number in (0, 1, 2, 3, 9)]
    for name, records in (("log", log), ("labels", labels)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    files = ["--requests", str(tmp_path / "log.jsonl"), "--labels", str(tmp_path / "labels.jsonl")]
    return lambda *arguments: CliRunner().invoke(main, ["evaluate", *files, *arguments], env={"COLUMNS": "200"})


def test_tables_show_slices_windows_types_and_unmatched_lines(evaluate):
    result = evaluate("--by", "app", "--window", "day")
    assert result.exit_code == 0, result.output
    lines = (re.split(r"  +", line.strip()) for line in result.output.splitlines())
    rows = {name: cells for name, *cells in lines if len(cells) >= 4}
    slices = {"slice", "all examples", "app=mail", "app=web", "window=2026-11-20", "window=2026-11-21"}
    types = {"entity type", "LOC", "PER", "all (micro)"}
    assert set(rows) == slices | types | {"scheme (nervaluate)", "strict", "exact", "partial", "type"}
    assert rows["window=2026-11-21"][:5] == ["2", "2", "0.500", "0.500", "0.500"]
    assert "4 of 5 predictions scored" in result.output
    assert "predictions without a label: 1 (4)" in result.output
    assert "labels without a prediction: 1 (9)" in result.output


def test_a_slow_evaluation_says_what_it_does(evaluate, monkeypatch):
    from components.evaluator.delayed_labels import evaluation

    slow_down(monkeypatch, evaluation, "evaluate_delayed_labels")
    assert "    joining requests and labels, 0:00:0" in evaluate().stderr


def test_slice_without_entities_has_no_scores_in_table_page_csv_and_json(tmp_path):
    log, labels, page, scores = (tmp_path / name for name in ("log.jsonl", "labels.jsonl", "page.html", "scores.json"))
    log.write_text("".join(json.dumps(answer(n, tag, app=tag)) + "\n" for n, tag in enumerate(["B-PER", "O"])))
    labels.write_text("".join(json.dumps({"key": n, "tags": [tag]}) + "\n" for n, tag in enumerate(["B-PER", "O"])))
    result = CliRunner().invoke(
        main,
        ["evaluate", "--requests", str(log), "--labels", str(labels), "--by", "app", "--output", str(page),
         "--json", str(scores), "--threshold", "entity_f1>=0.5@app", "--min-support", "0"],
        env={"COLUMNS": "200"},
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    rows = {name: cells for name, *cells in (re.split(r"  +", line.strip()) for line in result.output.splitlines())}
    assert rows["app=O"] == ["1", "0", "-", "-", "-", "-"]
    assert rows["app=B-PER"] == ["1", "1", "1.000", "1.000", "1.000", "1.000–1.000", "1.000"]
    assert "does not apply: entity F1 on app=O is not judged: it is undefined" in result.output
    shares = json.loads(scores.read_text())["evaluation"]["slices"][1]["candidate"]["entities"]["micro"]
    assert shares["f1"] == {"value": None, "low": None, "high": None}
    assert "app,O,,,,,,0,0,," in page.with_suffix(".scores.csv").read_text()
    assert re.search(r'data-label="F1" class="num strong">\s*–\s*</td>', page.read_text())


def test_page_of_delayed_labels_has_a_history_and_tables(evaluate, tmp_path):
    for _ in range(2):
        assert evaluate("--output", str(tmp_path / "page.html")).exit_code == 0
    assert "4 of 5 answers scored" in (tmp_path / "page.html").read_text()
    assert len((tmp_path / "page.history.jsonl").read_text().splitlines()) == 2
    assert "type,Ann,PER,Ann,LOC,1,3" in (tmp_path / "page.mistakes.csv").read_text()


@pytest.mark.parametrize(
    ("threshold", "status", "text"),
    [
        ("entity_f1>=0.7", 0, "passed: entity F1 on all examples is 0.7500"),
        ("entity_f1>=0.8", 3, "failed: entity F1 on all examples is 0.7500"),
        ("entity_f1>=0.6@window", 3, "failed: entity F1 on window=2026-11-21 is 0.5000"),
        ("entity_f1>=0.6@app=mail", 0, "passed: entity F1 on app=mail is 1.0000"),
    ],
)
def test_crossed_threshold_exits_with_3(evaluate, threshold, status, text):
    result = evaluate("--window", "day", "--min-support", "1", "--threshold", threshold)
    assert result.exit_code == status, result.output
    assert text in result.output


def test_threshold_does_not_apply_to_little_support(evaluate):
    result = evaluate("--threshold", "entity_f1>=0.99")
    assert result.exit_code == 0
    assert "does not apply: entity F1 on all examples is not judged: 4 gold entities; required: 50" in result.output


def test_json_is_written_atomically(evaluate, tmp_path):
    assert evaluate("--json", str(tmp_path / "out.json")).exit_code == 0
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["evaluation"]["overall"]["candidate"]["entities"]["micro"]["f1"]["value"] == 0.75
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.jsonl", "log.jsonl", "out.json"]
    assert json.loads(evaluate("--json", "-").stdout) == document


def test_entity_seen_needs_training_entities(evaluate, tmp_path):
    result = evaluate("--by", "entity_seen")
    assert result.exit_code == 2
    assert "needs --training-entities FILE" in result.output
    (tmp_path / "known.npy").write_bytes(TextHashes.of(["Ann"]).to_bytes())
    result = evaluate("--by", "entity_seen", "--training-entities", str(tmp_path / "known.npy"))
    assert "entity_seen=seen" in result.output


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["--threshold", "f1>=1"], 1, "error: --threshold 'f1>=1': not a threshold. Write METRIC>=BOUND"),
        (["--threshold", "entity_f1>=0.5@window"], 2, "a threshold on window needs --window"),
        (["--by", "team"], 1, "has the field 'team' to slice by"),
        (["--window", "day", "--time", "when"], 1, "log.jsonl:1: when: not a time: None"),
    ],
)
def test_errors_name_the_fix(evaluate, arguments, status, text):
    result = evaluate(*arguments)
    assert result.exit_code == status
    assert text in result.output


def test_command_imports_neither_tensorflow_nor_tfx():
    code = (
        "import sys, components.evaluator.delayed_labels.evaluation, pipeline.cli.evaluate; "
        "print([m for m in ('tensorflow', 'tfx', 'apache_beam') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


class Table:
    """Stands in for an exported model: its tags are in the file `tags.json` of its folder."""

    def __init__(self, folder):
        self.folder, self.tags = folder, json.loads((folder / "tags.json").read_text())

    def tag(self, sentences):
        for sentence in sentences:
            words = tuple(sentence.split(" "))
            starts = tuple(len(" ".join(words[:number])) + bool(number) for number in range(len(words)))
            ends = tuple(start + len(word) for start, word in zip(starts, words, strict=True))
            tags = tuple(self.tags.get(word, "O") for word in words)
            yield TaggedSentence(sentence, words, tags, (0.9,) * len(words), starts, ends)


@pytest.fixture
def on_data(monkeypatch, tmp_path):
    """Runs the command on a file of three sentences, with the models `good` and `bad`."""
    monkeypatch.setattr(saved_model_tagger, "SavedModelTagger", Table)
    (tmp_path / "new.conll").write_text("Ann B-PER\nleft O\n\nKyiv B-LOC\n\nin O\nKyiv B-LOC\n")
    for name, tags in {"good": {"Ann": "B-PER", "Kyiv": "B-LOC"}, "bad": {"Ann": "B-PER", "Kyiv": "B-PER"}}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").touch()
        (tmp_path / name / "tags.json").write_text(json.dumps(tags))
    files = ["--data", str(tmp_path / "new.conll"), "--set", "evaluator.slices=[case]"]
    return lambda *arguments: CliRunner().invoke(
        main, ["evaluate", *files, *(arguments or ["--model", str(tmp_path / "good")])], env={"COLUMNS": "200"}
    )


def test_labelled_file_is_scored_with_table_json_and_page(on_data, tmp_path):
    out, page = tmp_path / "out.json", tmp_path / "page.html"
    result = on_data("--model", str(tmp_path / "good"), "--json", str(out), "--output", str(page))
    assert result.exit_code == 0, result.output
    assert "good on" in result.output
    assert "3 sentences" in result.output
    document = json.loads(out.read_text())
    assert document["evaluation"]["overall"]["candidate"]["entities"]["micro"]["f1"]["value"] == 1
    assert set(document["model"]["identity"]) == {"folder", "tree hash"}
    text = page.read_text()
    assert "Rules met" in text
    assert "SHA-256" in text
    assert text.count("<script") == 1  # the filter of the mistakes
    assert (tmp_path / "page.mistakes.csv").read_text().startswith("kind,gold_text")
    assert json.loads(on_data("--model", str(tmp_path / "good"), "--json", "-").stdout) == document


def test_worse_model_than_the_other_one_exits_with_3_and_shows_the_sentences(on_data, tmp_path):
    page = tmp_path / "page.html"
    models = ["--model", str(tmp_path / "bad"), "--against", str(tmp_path / "good")]
    result = on_data(*models, "--output", str(page))
    assert result.exit_code == 3, result.output
    assert "changed sentences: 2: 0 fixed, 2 broken, 0 wrong in both" in result.output
    assert "failed: entity F1 on all examples changed by -0.6667" in result.output
    assert "Broken: only the other model is right" in page.read_text()
    assert (
        on_data("--model", str(tmp_path / "good"), "--threshold", "entity_f1>=0.9", "--min-support", "1").exit_code == 0
    )


def test_a_model_is_not_compared_with_itself(on_data, tmp_path):
    models = ["--model", str(tmp_path / "good"), "--against", str(tmp_path / "good")]
    result = on_data(*models)
    assert result.exit_code == 0, result.output
    assert "is the same model as" in result.output
    assert "change of F1" not in result.output


def test_outputs_do_not_replace_inputs_or_each_other(evaluate, on_data, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "log.jsonl")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "test.conll").touch()
    folder = ["--data", f"{tmp_path}/corpus"]
    for command, arguments, problem in [
        (evaluate, ["--json", f"{tmp_path}/link"], "--json: would replace --requests"),
        (evaluate, ["--output", f"{tmp_path}/labels.jsonl"], "--output: would replace --labels"),
        (on_data, ["--output", f"{tmp_path}/new.conll"], "--output: would replace --data"),
        (on_data, [*folder, "--json", f"{tmp_path}/corpus/test.conll"], "--json: would replace a file of --data"),
        (on_data, ["--output", f"{tmp_path}/x", "--json", f"{tmp_path}/x"], "--json: would replace --output"),
    ]:
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        result = command(*arguments)
        assert result.exit_code == 2, result.output
        assert problem in result.output.replace(f" {arguments[-1]}:", ":")
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["--split", "test"], 1, "new.conll: no split 'test', only all."),
        (["--model", "x/y"], 1, "error: "),
        (["--url", "http://localhost/ner"], 1, "not the address of a served model"),
        (["--url", "champion"], 2, "write http://HOST:PORT/v1/models/NAME"),
        (["--model", "1", "--url", "http://localhost/v1/models/ner"], 2, "--model and --url name the same thing"),
        (["--window", "day"], 2, "--window needs --requests"),
        (["--threshold", "f1>=1"], 1, "error: --threshold 'f1>=1': not a threshold. Write METRIC>=BOUND"),
    ],
)
def test_errors_on_data_name_the_fix(on_data, arguments, status, text):
    result = on_data(*arguments)
    assert result.exit_code == status, result.output
    assert text in result.output


def test_a_labelled_corpus_is_not_the_labels_of_requests(tmp_path):
    (tmp_path / "l.conll").write_text("Ida\tB-PER\nleft\tO\n")
    result = CliRunner().invoke(main, ["evaluate", "--requests", __file__, "--labels", str(tmp_path / "l.conll")])
    assert (result.exit_code, "not JSON lines with the keys of requests. Give --data" in result.output) == (2, True)
    assert f"`ner data convert {tmp_path}/l.conll OUT.jsonl` makes labels of it" in result.output


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "give --data DIR_OR_FILE for a labelled corpus, or --requests LOG with --labels FILE"),
        (
            ["--requests", __file__],
            "give --data DIR_OR_FILE for a labelled corpus, or --requests LOG with --labels FILE",
        ),
        (["--requests", __file__, "--labels", __file__, "--split", "x"], "--split needs --data"),
        (["--requests", __file__, "--data", "x"], "--data and --requests are two uses"),
    ],
)
def test_the_two_uses_do_not_mix(arguments, text):
    result = CliRunner().invoke(main, ["evaluate", *arguments])
    assert (result.exit_code, text in result.output) == (2, True)
