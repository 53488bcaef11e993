"""Corpora."""

from __future__ import annotations

import pytest

from benchmarks.corpus import LabelledSentence, corpus_folders, load_corpus
from components.common.errors import NerError

TEXT = "Ada\tB-PER\nLovelace\tI-PER\nwrote\tO\n\nParis\tB-LOC\n\n"


def write(folder, **texts):
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "dev", "test"):
        (folder / f"{split}.conll").write_text(texts.get(split, TEXT), encoding="utf-8")
    return folder


def test_splits_are_read_as_tokens_and_tags(tmp_path):
    corpus = load_corpus(write(tmp_path / "mine", test="Rome\tB-LOC\n\n"))
    assert corpus.name == "mine"
    assert corpus.train[0] == LabelledSentence(("Ada", "Lovelace", "wrote"), ("B-PER", "I-PER", "O"))
    assert corpus.train[0].text == "Ada Lovelace wrote"
    assert [len(corpus.train), len(corpus.dev), len(corpus.test)] == [2, 2, 1]


def test_text_without_spaces_is_cut_into_characters(tmp_path):
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.conll").write_text("北京\tB-LOC\n很\tO\n大\tO\n", encoding="utf-8")
    assert load_corpus(tmp_path).test[0] == LabelledSentence(tuple("北京很大"), ("B-LOC", "I-LOC", "O", "O"))


def test_digest_depends_on_every_split(tmp_path):
    changed = [{}, *({split: TEXT.replace("B-LOC", "B-ORG")} for split in ("train", "dev", "test"))]
    digests = {load_corpus(write(tmp_path / str(number), **texts)).digest for number, texts in enumerate(changed)}
    assert len(digests) == 4
    assert load_corpus(write(tmp_path / "same")).digest in digests


def test_a_corpus_without_a_split_is_rejected(tmp_path):
    (write(tmp_path / "mine") / "dev.conll").unlink()
    with pytest.raises(NerError, match="no file for eval"):
        load_corpus(tmp_path / "mine")


def test_folders_are_found_inside_folders_and_sorted(tmp_path):
    b, a = write(tmp_path / "data" / "b"), write(tmp_path / "data" / "a")
    (tmp_path / "data" / "notes").mkdir()
    assert corpus_folders([tmp_path / "data"]) == [a, b]
    assert corpus_folders([b]) == [b]


def test_two_corpora_of_one_name_are_rejected(tmp_path):
    with pytest.raises(NerError, match="two corpora are called a"):
        corpus_folders([write(tmp_path / "x" / "a"), write(tmp_path / "y" / "a")])


def test_a_folder_without_a_corpus_is_rejected(tmp_path):
    (tmp_path / "empty").mkdir()
    for folder, message in (("missing", "not a folder"), ("empty", "no train file")):
        with pytest.raises(NerError, match=message):
            corpus_folders([tmp_path / folder])


def test_a_real_corpus_is_read_completely(shared_data):
    corpus = load_corpus(shared_data / "wnut17")
    assert [len(corpus.train), len(corpus.dev), len(corpus.test)] == [3394, 1009, 1287]
    assert sum(len(sentence.tokens) for sentence in corpus.train) == 62730
