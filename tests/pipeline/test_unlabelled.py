"""Unlabelled texts in one file."""

from __future__ import annotations

import gzip
import json
import os
import re

import pytest
from absl import logging

from components.common.errors import NerError
from components.text.unlabelled import frequent_words, read_texts
from configs.loading import load_config
from pipeline.unlabelled import gather_texts

SETTINGS = load_config(None).corpus


def write(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return str(path)


def gathered(tmp_path, *names):
    return [*read_texts(str(gather_texts(names, SETTINGS, tmp_path / "gathered")))]


def test_texts_come_from_files_of_all_forms_once_each(tmp_path):
    names = [
        write(tmp_path / "a.txt", "Ann came.\n\n  Ann left.  \nAnn came.\n"),
        write(tmp_path / "b.txt.gz", "Zoë saw Oslo.\n"),
        write(tmp_path / "c.jsonl", '{"text": "Bo slept.", "id": 1}\n\n{"id": 2, "text": "Al ran."}\n'),
        write(tmp_path / "c.csv", 'id,sentence\n1,"Flo, ""Jo"" sat."\n2,Ann left.\n'),
        write(tmp_path / "c.tsv.gz", 'text\tid\nLi said "no".\t1\n'),
        write(tmp_path / "d.conll", "Eve B-PER\nsang O\n\nUp O\n"),
        write(tmp_path / "d.csv", "Sentence,Word,Tag\n1,Pat,B-PER\n1,sat,O\n"),
        write(tmp_path / "e.jsonl", '{"tokens": ["Kim", "won"], "tags": ["B-PER", "O"]}\n'),
    ]
    rows = ["Ann came.", "Ann left.", "Zoë saw Oslo.", "Bo slept.", "Al ran.", 'Flo, "Jo" sat.', 'Li said "no".']
    expected = [*rows, "Eve sang", "Up", "Pat sat", "Kim won"]
    assert gathered(tmp_path, *names) == expected


def test_parquet_has_rows_of_text_or_of_tokens(tmp_path):
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.table({"id": [1, 2], "text": ["Ann came.", "Bo slept."]}), tmp_path / "a.parquet")
    parquet.write_table(pa.table({"tokens": [["Kim", "won"]], "ner_tags": [["B-PER", "O"]]}), tmp_path / "b.parquet")
    names = [str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")]
    assert gathered(tmp_path, *names) == ["Ann came.", "Bo slept.", "Kim won"]


def test_long_texts_are_divided_into_sentences(tmp_path):
    sentences = [f"This is sentence number {number} of a long text." for number in range(100, 120)]
    assert gathered(tmp_path, write(tmp_path / "a.txt", " ".join(sentences))) == sentences


def test_sentences_of_the_labelled_corpus_are_left_out(tmp_path, monkeypatch):
    warnings = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: warnings.append(text % values))
    (tmp_path / "corpus").mkdir()
    write(tmp_path / "corpus" / "train.conll", "Ann B-PER\ncame O\n. O\n")
    write(tmp_path / "corpus" / "test.conll", "Bo B-PER\nslept O\n. O\n")
    texts = write(tmp_path / "a.txt", "Ann came.\nAl ran.\nBo slept .\nBo slept.\n" + "Bo slept. " * 50)
    file = gather_texts([texts], SETTINGS, tmp_path / "gathered", labelled=tmp_path / "corpus")
    assert [*read_texts(str(file))] == ["Al ran."]
    assert warnings == [
        "trainer.unlabelled: 2 sentences left out that the labelled corpus has, whose scores they would raise"
    ]
    write(tmp_path / "corpus" / "test.conll", "Al B-PER\nran O\n. O\n")
    assert gather_texts([texts], SETTINGS, tmp_path / "gathered", labelled=tmp_path / "corpus") != file
    mixed = write(tmp_path / "m.txt", "Ann came. Flo sat.\nUp we go. Yes.\n")
    file = gather_texts([mixed], SETTINGS, tmp_path / "gathered", labelled=tmp_path / "corpus")
    assert [*read_texts(str(file))] == ["Flo sat.", "Up we go. Yes."]
    (tmp_path / "spans").mkdir()
    record = {"text": "Flo sat. Up we go.", "entities": [[0, 3, "PER"]]}
    write(tmp_path / "spans" / "train.jsonl", json.dumps(record) + "\n")
    file = gather_texts([mixed], SETTINGS, tmp_path / "gathered", labelled=tmp_path / "spans")
    assert [*read_texts(str(file))] == ["Ann came.", "Yes."]
    only = write(tmp_path / "b.txt", "Ann came.\n")
    with pytest.raises(NerError, match=r"no text that the labelled corpus does not have"):
        gather_texts([only], SETTINGS, tmp_path / "gathered", labelled=tmp_path / "corpus")


def test_equal_contents_share_a_file_and_others_do_not(tmp_path):
    first = gather_texts([write(tmp_path / "a.txt", "one")], SETTINGS, tmp_path / "gathered")
    before = first.read_bytes(), os.stat(first).st_ino
    os.utime(first, (0, 0))
    again = gather_texts([write(tmp_path / "b.txt", "one")], SETTINGS, tmp_path / "gathered")
    assert (again, again.read_bytes(), os.stat(again).st_ino) == (first, *before)
    assert os.stat(first).st_mtime > 0  # `ner clean` removes those that no recent run used
    other = gather_texts([write(tmp_path / "a.txt", "two")], SETTINGS, tmp_path / "gathered")
    assert other != first
    assert len([*(tmp_path / "gathered").iterdir()]) == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "id,note\n1,x\n", r"a\.csv:1: .* Or give rows with a field `text` or `sentence`"),
        ("a.xlsx", "x", r"a\.xlsx:1: .* Or give rows with"),
        ("a.txt", "\n \n", "the files have no text"),
        ("a.txt", "\udcff\n", r"a\.txt:1: .* is not UTF-8\. No row can be read"),
        ("a.txt.gz", "x", r"a\.txt\.gz: found an incomplete or invalid gzip file"),
    ],
)
def test_unusable_texts_are_named_and_leave_no_file(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(NerError, match=rf"^trainer\.unlabelled: .*{message}"):
        gathered(tmp_path, str(tmp_path / name))
    with pytest.raises(NerError, match=r"nowhere\.txt does not exist"):
        gathered(tmp_path, "nowhere.txt")
    assert [*(tmp_path / "gathered").iterdir()] == []


def test_texts_in_another_encoding_get_the_command_that_converts_them(tmp_path):
    (tmp_path / "a.txt").write_bytes("Иван едет в Москву\nПётр живёт в Твери\n".encode("cp1251"))
    with pytest.raises(
        NerError, match=r"a\.txt:1: .* is not UTF-8\. No row can be read\. .*`iconv -f CP1251 -t UTF-8 a"
    ):
        gathered(tmp_path, str(tmp_path / "a.txt"))


def test_rows_that_cannot_be_read_are_left_out_and_counted(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(logging, "warning", lambda text, *args: lines.append(text % args))
    names = [
        write(tmp_path / "a.jsonl", '{"text": "Ann came."}\n{"body": "y"}\n{"text": "Bo sat."}\n{"text": \n'),
        str(tmp_path / "b.txt"),
    ]
    (tmp_path / "b.txt").write_bytes(b"Al ran.\n\xff\n")
    assert gathered(tmp_path, *names) == ["Ann came.", "Bo sat.", "Al ran."]
    assert re.search(
        r"a\.jsonl: 2 unreadable rows left out, the first is .*a\.jsonl:2: no field 'text'; it has", lines[0]
    )
    assert re.search(
        r"b\.txt: 1 unreadable row left out, the first is .*b\.txt:2: 'text': byte 0xFF is not UTF-8", lines[1]
    )


def test_frequent_words_are_folded_and_ranked(tmp_path):
    file = str(gather_texts([write(tmp_path / "a.txt", "Oslo, OSLO 12\noslo 34, x\n")], SETTINGS, tmp_path / "g"))
    assert frequent_words(file, "words", 2, 9) == ("oslo", ",", "00")
    assert frequent_words(file, "words", 2, 1) == ("oslo",)
    assert frequent_words(file, "words", 1, 9)[-1] == "x"
    assert frequent_words(file, "words", 1, 9, folded=False)[:3] == (",", "Oslo", "OSLO")


def test_a_list_of_words_keeps_its_order(tmp_path):
    file = str(gather_texts([write(tmp_path / "a.txt", "the\nof\nand\nParis\n")], SETTINGS, tmp_path / "g"))
    assert frequent_words(file, "words", 1, 3) == ("the", "of", "and")


def test_a_damaged_file_of_texts_is_named(tmp_path):
    with pytest.raises(NerError, match=r"t\.jsonl\.gz:1: is not a JSON string\. Delete the file"):
        [*read_texts(write(tmp_path / "t.jsonl.gz", "{}\n"))]
