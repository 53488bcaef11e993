"""Word clusters: columns of tokens, files, errors."""

from __future__ import annotations

import gzip

import pytest
from support.lazy import LazyModule

from components.common.errors import NerError

tf = LazyModule("tensorflow")
clusters = LazyModule("components.transform.clusters")

BROWN = "0010110\tParis\t12\n0010111\tRome\t9\n0010\tin\t40\n1100\tFrance\t3\n"


@pytest.fixture
def read(tmp_path):
    def read(content):
        path = tmp_path / "clusters.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return clusters.Clusters.read(str(path))

    return read


@pytest.fixture
def ids(monkeypatch, read):
    """Returns a function from a file and words to ids, without a saved graph."""

    def in_memory(name, lines, with_ids, default):
        rows = [line.split("\t") for line in lines]
        keys, values = tf.constant([row[0] for row in rows]), tf.constant([int(row[1]) for row in rows], tf.int64)
        return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), default)

    monkeypatch.setattr("components.transform.vocabulary_asset.vocabulary_table", in_memory)
    return lambda content, words: (
        read(content).ids(tf.ragged.constant([words]), tf.ragged.constant([[word.lower() for word in words]])).to_list()
    )[0]


def test_words_of_close_clusters_share_prefixes(ids):
    paris, rome, within, france, unknown, folded = ids(BROWN, ["Paris", "Rome", "in", "France", "xyzzy", "PARIS"])
    assert paris == folded
    assert (paris[:2], paris[2:]) == (rome[:2], [paris[2], paris[3]])
    assert paris[2] != rome[2]
    assert within[0] == paris[0]
    assert within[1] != paris[1]
    assert not {*france} & {*paris, *rome, *within}
    assert unknown == [clusters.NONE] * 4


def test_files_of_two_columns_have_one_cluster_for_a_word(ids):
    for content in (
        "Paris 7\nRome 7\nin 31\n",
        "Paris\t7\nRome\t7\nin\t31\n",
        gzip.compress(b"Paris 7\nRome 7\nin 31\n"),
    ):
        assert ids(content, ["Rome", "rome", "in", "x"]) == [[2], [2], [3], [1]]


def test_the_asset_says_how_many_ids_and_columns_there_are(read):
    for content, size in ((BROWN, (15, 4)), ("Paris 7\nRome 7\nin 31\n", (4, 1))):
        lines = [f"{word}\t{packed}" for word, packed in read(content).words.items()]
        assert clusters.size_of(iter(lines)) == size


def test_errors_name_file_line_and_problem(read):
    for content, message in [
        ("", r"clusters\.txt: has no word\. Use UTF-8 text"),
        (BROWN + "001x\tBonn\t2\n", r"clusters\.txt:5: .* is not bits, a word and a count"),
        ("Paris 7\nNew York 7\n", r"clusters\.txt:2: 'New York 7' is not a word and a cluster"),
        ("7 Paris\n7 Rome\n", r"clusters\.txt:2: a second cluster of '7'\. Keep one .*swapped\? Use .*the word first"),
        ("0010\tParis\n0010\tRome\n", r"clusters\.txt:2: a second cluster of '0010'"),
        ("Paris\t0010110\t12\n", r"clusters\.txt:1: .* is not a word and a cluster\. Are the columns swapped\? Use"),
        (b"1\tZ\xfcrich\t4\n", r"clusters\.txt:1: byte 0xFC in the word .* is not UTF-8"),
        ("".join(f"w{n} {n}\n" for n in range(40_000)), r"clusters\.txt:32767: more than 32766 clusters"),
    ]:
        with pytest.raises(NerError, match=message):
            read(content)


def test_a_file_that_changes_during_the_run_is_an_error(tmp_path):
    (tmp_path / "clusters.txt").write_text("Paris 7\n")
    with pytest.raises(NerError, match=r"transform\.clusters: .* changed during the run"):
        clusters.Clusters.read(str(tmp_path / "clusters.txt"), "0" * 64)
