"""`ner data check`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from pipeline.cli.data import data

CLEAN = "".join(f"Ada\tB-PER\nsaw\tO\n{i}\tO\n\n" for i in range(60))


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "train.conll").write_text(CLEAN)
    (folder / "dev.conll").write_text("Bo\tB-PER\n\n")
    return folder


def check(*arguments):
    return CliRunner().invoke(data, ["check", *map(str, arguments)])


def test_exit_codes(corpus):
    assert check(corpus).exit_code == 0
    assert check(corpus, "--strict").exit_code == 0
    (corpus / "train.conll").write_text(CLEAN + "Pa\u200bul\tB-PER\n\n", encoding="utf-8")
    assert check(corpus).exit_code == 0
    assert check(corpus, "--strict").exit_code == 3
    (corpus / "train.conll").write_text(CLEAN + "Paul\n\n")
    result = check(corpus, "--strict")
    assert result.exit_code == 1
    assert "train.conll:241" in result.output
    assert check(corpus, "--colour").exit_code == 2


def test_files_in_subfolders_that_no_split_takes_are_named(corpus):
    (corpus / "more").mkdir()
    (corpus / "more/x.conll").write_text(CLEAN)
    result = check(corpus, "--strict")
    assert (result.exit_code, "more/x.conll  no split takes it" in result.output) == (3, True)
    (corpus / "train.conll").rename(corpus / "more/y.conll")
    result = check(corpus)
    assert result.exit_code == 1
    assert "No split takes more/x.conll, more/y.conll: rename these, or set corpus.splits." in result.output


@pytest.mark.parametrize(
    ("setting", "code", "text"),
    [
        ("corpus.drop_types=[PERS]", 3, "warning: Types of corpus.drop_types that no sentence has: 1 [unknown_type]"),
        ("exporter.min_score={NOPE: .5}", 1, "exporter.min_score: NOPE"),
        ("exporter.min_score={pers: .5}", 1, "Did you mean PER?"),
        ("exporter.min_score={PER: .5}", 0, "0 errors, 0 warnings"),
        ("corpus.span=3", 1, "corpus.span or corpus.span_window is set, but the corpus has no span-<N> folders"),
    ],
)
def test_settings_that_would_do_nothing_are_named(corpus, setting, code, text):
    result = check(corpus, "--strict", "--set", setting)
    assert (result.exit_code, text in result.output) == (code, True), result.output


def test_settings_of_the_corpus_apply(corpus):
    (corpus / "train.conll").write_text(CLEAN.replace("B-PER", "PER"))
    (corpus / "dev.conll").write_text("Bo\tPER\nleft\tO\n\n")
    assert check(corpus).exit_code == 1
    assert check(corpus, "--set", "corpus.scheme=io").exit_code == 0


def test_json_has_the_counts_and_the_places(corpus):
    (corpus / "train.conll").write_text(CLEAN + "Pa\u200bul\tB-PER\n\n", encoding="utf-8")
    values = json.loads(check(corpus, "--json").output)
    assert values["format"] == 1
    assert values["types"] == {"PER": {"train": 61, "eval": 1}}
    (finding,) = [each for each in values["findings"] if each["kind"] == "invisible"]
    assert finding["items"][0]["places"][0] == {
        "file": "train.conll", "line": 241, "tokens": ["Pa\u200bul"], "start": 0, "end": 1,
        "entities": [{"type": "PER", "start": 0, "end": 1}],
    }  # fmt: skip


@pytest.mark.parametrize("name", ["2024", "-", "null", "a: b", "[a].conll", "*.conll", "é\x1b[31m 😀.conll", " a"])
def test_any_name_of_a_file_is_a_path(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(CLEAN)
    result = check("--json", "--", name)
    assert (result.exit_code, json.loads(result.output)["path"]) == (0, name)


def test_a_page_does_not_replace_the_corpus(corpus):
    page = corpus.parent / "page.html"
    assert check(corpus, "--html", page).exit_code == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    result = check(corpus / "dev.conll", "--html", corpus / "dev.conll")
    assert result.exit_code == 2
    assert "would replace" in result.output


def test_neither_tensorflow_nor_tfx_is_loaded(corpus):
    program = (
        "import sys; from pipeline.cli.data import data\n"
        f"data(['check', {str(corpus)!r}], standalone_mode=False)\n"
        "print([m for m in ('tensorflow', 'tfx', 'apache_beam', 'keras', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
