"""Tests of components/corpus_example_gen/corpus/parallel_files.py."""

from __future__ import annotations

import gzip
import subprocess

import pytest
from support.settings import corpus_settings

from components.corpus_example_gen.corpus import parallel_files
from components.corpus_example_gen.corpus.layout import find_splits
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.readers.corpus_reader import read_corpus_file

TEXTS, TAGS = "add salerno to my list\nplay rome\n", "O B-artist O O O\nO B-track\n"


@pytest.fixture
def corpus(tmp_path):
    for split in ("train", "dev", "test"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "seq.in").write_text(TEXTS)
        (tmp_path / split / "seq.out").write_text(TAGS)
        (tmp_path / split / "label").write_text("AddToPlaylist\nPlayMusic\n")
    return tmp_path


def test_the_command_of_the_error_joins_texts_and_tags(corpus):
    for split in ("dev", "test", "train"):
        with pytest.raises(CorpusError) as caught:
            find_splits(corpus)
        assert "but texts in dev/seq.in and their tags in dev/seq.out. Join the files of each split" in str(
            caught.value
        )
        command = str(caught.value).split("`")[1].replace("dev", split)
        subprocess.run(command, shell=True, check=True, cwd=corpus)
        if split != "train":
            (corpus / f"{split}.tsv").rename(corpus / f"{split}.later")
    for split in ("dev", "test"):
        (corpus / f"{split}.later").rename(corpus / f"{split}.tsv")
    assert dict(find_splits(corpus)) == {"train": "train.tsv", "eval": "dev.tsv", "test": "test.tsv"}
    sentences = list(read_corpus_file(str(corpus / "train.tsv"), corpus_settings()))
    assert [one.tags for one in sentences] == [tuple(line.split()) for line in TAGS.splitlines()]


def test_a_file_of_tags_names_the_file_of_its_texts(tmp_path):
    (tmp_path / "labels.txt").write_text(TAGS)
    with pytest.raises(CorpusError, match=r"labels\.txt:1: holds tags without their tokens\. .* `paste TEXTS labels"):
        list(read_corpus_file(str(tmp_path / "labels.txt"), corpus_settings()))
    (tmp_path / "sentences.txt").write_text(TEXTS)
    with pytest.raises(CorpusError, match=r"`paste sentences\.txt labels\.txt > corpus\.tsv`"):
        list(read_corpus_file(str(tmp_path / "labels.txt"), corpus_settings()))


@pytest.mark.parametrize(
    ("texts", "tags", "target"),
    [
        ("seq.in", "seq.out", "corpus.tsv"),
        ("my texts.txt", "Ida's tags.txt", "corpus.tsv"),
        ("words.txt", "-tags.txt", "corpus.tsv"),
        ("sentences.txt.gz", "labels.txt.gz", "corpus.tsv"),
        ("dev.words.txt", "dev.tags.txt", "dev.tsv"),
        ("train.seq.in", "train.seq.out", "train.tsv"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_command_works_for_every_name_and_line_end(tmp_path, texts, tags, target, end):
    for name, content in ((texts, TEXTS), (tags, TAGS)):
        data = content.replace("\n", end).encode()
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    with pytest.raises(CorpusError, match=r"texts in .* and their tags in .*\. Join the files of each split") as caught:
        find_splits(tmp_path)
    subprocess.run(str(caught.value).split("`")[1], shell=True, check=True, cwd=tmp_path)
    joined = tmp_path / target
    sentences = list(read_corpus_file(str(joined), corpus_settings()))
    assert [one.tags for one in sentences] == [tuple(line.split()) for line in TAGS.splitlines()]
    if target == "corpus.tsv":
        assert dict(find_splits(tmp_path)) == {"all": "*.tsv"}


def test_texts_and_tags_of_splits_are_recognized_before_names(tmp_path):
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.words.txt").write_text(TEXTS)
        (tmp_path / f"{split}.tags.txt").write_text(TAGS)
    with pytest.raises(CorpusError, match=r"`paste dev\.words\.txt dev\.tags\.txt > dev\.tsv`"):
        find_splits(tmp_path)


def test_each_file_is_looked_at_once_and_long_lines_in_part(tmp_path, monkeypatch):
    looked_at = []
    monkeypatch.setattr(parallel_files, "is_tags_only", lambda lines: looked_at.append(lines) or False)
    for number in range(10):
        (tmp_path / f"{number}.json").write_text("[" + "{} " * 100_000 + "]")
    assert parallel_files.parallel_files(tmp_path) is None
    assert [sum(map(len, lines)) for lines in looked_at] == [100_000] * 10
