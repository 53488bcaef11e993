"""`ner data`: the commands, from options to files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli.data import _FORMATS, data
from pipeline.cli.main import main

ROWS = {
    "train.conll": "Ida\tB-PER\nsaw\tO\nOslo\tB-LOC\n\n" + "".join(f"w{i}\tO\nPeru\tB-LOC\n\n" for i in range(20)),
    "dev.conll": "Bo\tB-PER\n\nNATO\tB-ORG\n\n",
}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for name, text in ROWS.items():
        (tmp_path / "in" / name).write_text(text)
    return tmp_path / "in"


def ner_data(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["data", *map(str, arguments)])


def test_convert_keeps_the_splits_and_says_what_it_wrote(corpus: Path, tmp_path: Path) -> None:
    result = ner_data("convert", corpus, tmp_path / "out", "--to", "doccano")
    assert result.exit_code == 0
    assert f"{tmp_path / 'out'}: doccano (JSONL), 23 sentences, 24 entities\n" in result.output
    assert "files: train.jsonl 21, dev.jsonl 2\n" in result.output
    again = ner_data("convert", corpus, tmp_path / "out", "--to", "doccano")
    assert (again.exit_code, "replace files with --force" in again.output) == (1, True)
    assert ner_data("convert", corpus, tmp_path / "out", "--to", "doccano", "--force").exit_code == 0


def test_convert_writes_a_file_to_standard_output_and_everything_else_to_standard_error(corpus: Path) -> None:
    result = ner_data("convert", corpus / "dev.conll", "-", "--to", "jsonl")
    assert [json.loads(line)["text"] for line in result.stdout.splitlines()] == ["Bo", "NATO"]
    assert "-: JSON lines with text and entities, 2 sentences, 2 entities" in result.stderr


@pytest.mark.parametrize(("name", "begin"), [("out.conll", "Bo\tB-PER"), ("OUT.JSONL", "{")])
def test_convert_takes_the_format_of_an_extension(corpus: Path, tmp_path: Path, name: str, begin: str) -> None:
    result = ner_data("convert", corpus / "dev.conll", tmp_path / name)
    assert result.exit_code == 0, result.output
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begin)


def test_convert_without_a_known_extension_asks_for_the_format(corpus: Path, tmp_path: Path) -> None:
    result = ner_data("convert", corpus / "dev.conll", tmp_path / "out.json")
    assert result.exit_code == 2
    assert "out.json: no format has this extension. Give --to: conll, jsonl, " in result.output


def test_convert_tells_how_the_corpus_was_read(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(
        '{"text": "Ida", "spans": [{"start": 0, "end": 3, "label": "PER"}], "answer": "accept"}\n'
        '{"text": "Bo", "spans": [], "answer": "reject"}\n'
    )
    result = ner_data("convert", tmp_path / "in.jsonl", tmp_path / "out.conll", "--to", "conll")
    assert "read as JSON lines with character spans (the field spans, as of Prodigy)" in result.output
    assert "records with the answer reject or ignore (Prodigy) are left out" in result.output


def test_every_format_has_a_choice() -> None:
    from components.corpus_tools.writers.formats import FORMATS

    assert tuple(FORMATS) == _FORMATS


def test_split_writes_three_files_and_a_table(corpus: Path, tmp_path: Path) -> None:
    result = ner_data("split", corpus, tmp_path / "out", "--shares", "6:2:2")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["dev.conll", "test.conll", "train.conll"]
    (line,) = [line for line in result.output.splitlines() if line.startswith("LOC")]
    assert line.split() == ["LOC", "13", "(62", "%)", "4", "(19", "%)", "4", "(19", "%)"]
    assert "kept in one part each: the corpus names no documents; 0 repeated sentences" in result.output


def test_files_that_no_split_takes_are_named(corpus: Path, tmp_path: Path) -> None:
    (corpus / "more").mkdir()
    for name in ("train2.conll", "more/x.conll"):
        (corpus / name).write_text("Ida\tB-PER\n\n")
    expected = f"not read of {corpus}: train2.conll, more/x.conll (no split takes them; corpus.splits names files)"
    commands = (
        ["convert", corpus, tmp_path / "a", "--to", "jsonl"],
        ["split", corpus, tmp_path / "b"],
        ["merge-types", corpus, tmp_path / "c", "--drop", "PER"],
        ["sample", corpus, "--n", 3],
        ["diff", corpus / "dev.conll", corpus],
    )
    for command in commands:
        result = ner_data(*command)
        assert result.exit_code == 0, result.output
        assert result.stderr.splitlines().count(expected) == 1, command
    assert "not read" not in ner_data("sample", corpus / "dev.conll", "--n", 1).stderr


def test_types_to_drop_that_no_sentence_has_are_named(corpus: Path, tmp_path: Path) -> None:
    expected = "corpus.drop_types: no sentence has an entity of type 'LOCC'. Did you mean LOC?"
    commands = (
        ["convert", corpus, tmp_path / "a", "--to", "jsonl"],
        ["split", corpus, tmp_path / "b"],
        ["merge-types", corpus, tmp_path / "c", "--drop", "ORG"],
        ["sample", corpus, "--n", 3],
        ["diff", corpus / "dev.conll", corpus],
    )
    for command in commands:
        result = ner_data(*command, "--set", "corpus.drop_types=[PER,LOCC]")
        assert result.exit_code == 0, result.output
        assert result.stderr.splitlines().count(expected) == 1, command
        assert "type 'PER'" not in result.stderr


def test_a_folder_without_spans_is_read_with_the_span_of_a_profile(corpus: Path) -> None:
    result = ner_data("sample", corpus, "--n", 3, "--set", "corpus.span=4", "--set", "corpus.span_window=2")
    assert (result.exit_code, result.stdout.count("\n\n")) == (0, 3), result.output


def test_split_says_that_it_mixes_published_splits(corpus: Path, tmp_path: Path) -> None:
    note = "has train, dev, which are mixed and divided anew: held-out sentences may become training data"
    assert note in ner_data("split", corpus, tmp_path / "a").stderr
    assert "divided anew" not in ner_data("split", corpus / "train.conll", tmp_path / "b").stderr


def test_sample_draws_from_all_files(corpus: Path, tmp_path: Path) -> None:
    assert ner_data("sample", corpus, tmp_path / "out.conll", "--n", 3, "--stratify").exit_code == 0
    assert (tmp_path / "out.conll").read_text().count("\n\n") == 3
    stream = ner_data("sample", corpus, "--share", 0.1, "--to", "jsonl")
    assert len(stream.stdout.splitlines()) == 2
    assert "give --n or --share" in ner_data("sample", corpus).output


def test_merge_types_keeps_the_splits_and_refuses_unknown_names(corpus: Path, tmp_path: Path) -> None:
    result = ner_data("merge-types", corpus, tmp_path / "out", "--map", "LOC+ORG=PLACE", "--drop", "PER")
    assert "types: PLACE 22\n" in result.output
    assert (tmp_path / "out/dev.conll").read_text() == "Bo\tO\n\nNATO\tB-PLACE\n\n"
    result = ner_data("merge-types", corpus, tmp_path / "new", "--map", "LOK=PLACE")
    assert (result.exit_code, "Did you mean LOC?" in result.output) == (1, True)
    assert not (tmp_path / "new").exists()


def test_diff_names_lines_of_both_versions_and_agreement(corpus: Path, tmp_path: Path) -> None:
    ner_data("merge-types", corpus, tmp_path / "out", "--map", "PER=LOC", "--to", "jsonl")
    result = ner_data("diff", corpus, tmp_path / "out")
    assert result.exit_code == 0
    first = "train.conll:1  train.jsonl:1\n  Ida saw Oslo\n  - PER 'Ida'\n  + LOC 'Ida'\n"
    assert first in result.output
    assert "shared 23, only a 0, only b 0, texts differ 0, labels differ 2, tokens differ 0" in result.output
    value = json.loads(ner_data("diff", corpus, tmp_path / "out", "--json").stdout)
    assert value["entities"]["by_type"]["LOC"] == {"precision": 21 / 23, "recall": 1.0, "f1": 42 / 44, "support": 21}
    assert [one["b"] for one in value["differences"]] == ["train.jsonl:1", "dev.jsonl:1"]
    assert value["tokens"]["count"] == 45


def test_generate_writes_a_corpus(tmp_path: Path) -> None:
    result = ner_data("generate", tmp_path / "new")
    assert (result.exit_code, len(result.output.splitlines())) == (0, 3)
    result = ner_data("generate", tmp_path / "new", "--kind", "newswire")
    assert "train.tsv: the folder holds another corpus. Choose an empty folder." in str(result.output)


def test_the_group_lists_its_commands() -> None:
    assert {"convert", "split", "sample", "merge-types", "diff", "generate"} <= set(data.commands)
