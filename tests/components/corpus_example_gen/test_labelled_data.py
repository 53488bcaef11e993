"""Splits of a corpus without TFX; test_executor.py compares them with those of CorpusExampleGen."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support.settings import corpus_settings

from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.labelled_data import LabelledData
from components.corpus_example_gen.splitting import hash_split


def write(file, words, tag="B-PER"):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{word}\t{tag}\nleft\tO\n\n" for word in words))


def names(prefix, count=200):
    return [f"{prefix}{number}" for number in range(count)]


def test_hash_split_is_the_rule_of_tfx():
    import tensorflow as tf
    from tfx.components.example_gen.base_example_gen_executor import _PartitionFn
    from tfx.proto import example_gen_pb2

    config = example_gen_pb2.SplitConfig(partition_feature_name="sentence")
    for sentence in ("", "Kyiv", "é" * 200, *(f"name {number}" for number in range(300)), "x" * 20_000):
        value = tf.train.BytesList(value=[sentence.encode()])
        example = tf.train.Example(features=tf.train.Features(feature={"sentence": tf.train.Feature(bytes_list=value)}))
        split = ("train", "eval", "test")[_PartitionFn(example, 3, [8, 9, 10], config)]
        assert hash_split(sentence.encode()) == split


def test_a_file_and_a_folder_without_training_files_are_read_whole(tmp_path):
    write(tmp_path / "test.conll", names("a", 5))
    for path, split in ((tmp_path, "test"), (tmp_path / "test.conll", "all")):
        data = LabelledData(path, corpus_settings())
        files = [each.key.split(":")[0] for each in data.sentences()]
        assert (data.split, files) == (split, ["test.conll"] * 5)
        assert data.report.sentences_out == 5
        assert list(data.hashes) == ["test.conll"]
        assert data.training_sentences() is None


def test_the_default_is_the_split_that_the_evaluator_takes(tmp_path):
    write(tmp_path / "train.conll", names("a"))
    assert LabelledData(tmp_path, corpus_settings()).split == "all"
    write(tmp_path / "dev.conll", names("b", 3))
    assert LabelledData(tmp_path, corpus_settings()).split == "eval"
    write(tmp_path / "test.conll", names("c", 3))
    data = LabelledData(tmp_path, corpus_settings())
    assert (data.split, data.splits, data.undivided) == ("test", ("train", "eval", "test", "all"), False)
    assert len(list(data.training_sentences())) == 200
    assert len(list(LabelledData(tmp_path, corpus_settings(), "all").sentences())) == 206


def test_raw_text_travels_with_the_sentence(tmp_path):
    record = {"text": "Ann's in Kyiv.", "entities": [[9, 13, "LOC"]]}
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n")
    (labelled,) = LabelledData(tmp_path / "a.jsonl", corpus_settings()).sentences()
    assert labelled.sentence.raw_text == "Ann's in Kyiv."
    assert labelled.sentence.text == "Ann 's in Kyiv ."


@pytest.mark.parametrize(
    ("path", "split", "text"),
    [
        ("absent", None, "absent: no such file or folder. Give a labelled file, or a corpus folder."),
        ("", "dev", "no split 'dev', only train, eval, test, all. Give one of these, or name the files in"),
        ("a.conll", "test", "a.conll: no split 'test', only all."),
    ],
)
def test_errors_name_the_splits(tmp_path, path, split, text):
    write(tmp_path / "a.conll", names("a", 3))
    with pytest.raises(CorpusError) as error:
        LabelledData(tmp_path / path, corpus_settings(), split)
    assert text in str(error.value)


def test_reading_needs_neither_tensorflow_nor_tfx():
    code = (
        "import sys, components.corpus_example_gen.labelled_data; "
        "print([m for m in ('tensorflow', 'tfx', 'apache_beam') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
