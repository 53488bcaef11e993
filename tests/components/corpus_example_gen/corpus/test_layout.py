"""Detection of the splits of a folder."""

from __future__ import annotations

import json

import pytest

from components.corpus_example_gen.corpus.layout import (
    corpus_fingerprint,
    find_splits,
    matched_files,
    newest_span,
    split_patterns,
    unread_files,
)
from components.corpus_example_gen.corpus.span_window import SpanWindow
from components.corpus_example_gen.errors import CorpusError


def fill(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a\tO\n")
    return folder


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["train.conll", "dev.conll", "test.conll", "test.unlabelled.txt", "README.md", "LICENSE.txt"],
         [("train", "train.conll"), ("eval", "dev.conll"), ("test", "test.conll")]),
        (["train.txt", "valid.txt"], [("train", "train.txt"), ("eval", "valid.txt")]),
        (["train.jsonl", "validation.jsonl"], [("train", "train.jsonl"), ("eval", "validation.jsonl")]),
        (["train.tsv.gz", "eval.tsv.gz"], [("train", "train.tsv.gz"), ("eval", "eval.tsv.gz")]),
        (["train.iob2", "testa.iob2", "testb.iob2"],
         [("train", "train.iob2"), ("eval", "testa.iob2"), ("test", "testb.iob2")]),
        (["train.conll", "dev.tsv"], [("train", "train.conll"), ("eval", "dev.tsv")]),
        (["train.conll", "test.conll"], [("train", "train.conll"), ("test", "test.conll")]),
        (["train.conll"], [("train", "train.conll")]),
        (["a.conll", "b.conll", "README.txt"], [("all", "*.conll")]),
        (["a.jsonl.gz"], [("all", "*.jsonl.gz")]),
        (["a.txt", ".hidden.conll", "notes.md"], [("all", "*.txt")]),
        (["my-test.conll"], [("all", "*.conll")]),
        (["trainer.conll", "contest.conll"], [("all", "*.conll")]),
        (["TRAIN.CONLL", "Dev.conll", "Test.Conll.GZ"],
         [("train", "TRAIN.CONLL"), ("eval", "Dev.conll"), ("test", "Test.Conll.GZ")]),
        (["Train/a.conll", "Test/b.conll"], [("train", "Train/*.conll"), ("test", "Test/*.conll")]),
        (["span-1/train.conll", "span-2/train.conll", "span-2/dev.conll"],
         [("train", "span-{SPAN}/train.conll"), ("eval", "span-{SPAN}/dev.conll")]),
        (["span-9/a.tsv", "span-10/b.tsv"], [("all", "span-{SPAN}/*.tsv")]),
        (["span-09/train.tsv", "span-10/train.tsv"], [("train", "span-{SPAN:2}/train.tsv")]),
        (["span-0/train.tsv"], [("train", "span-{SPAN}/train.tsv")]),
        (["training.tsv", "devel.tsv", "test.tsv"],
         [("train", "training.tsv"), ("eval", "devel.tsv"), ("test", "test.tsv")]),
        (["train.json", "val.json"], [("train", "train.json"), ("eval", "val.json")]),
        (["eng.train", "eng.testa", "eng.testb"],
         [("train", "eng.train"), ("eval", "eng.testa"), ("test", "eng.testb")]),
        (["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "data/test-00000-of-00001.parquet",
          "README.md"],
         [("train", "data/train-*-of-*.parquet"), ("test", "data/test-*-of-*.parquet")]),
        (["dataset_dict.json", "train/data-00000-of-00001.arrow", "train/dataset_info.json", "train/state.json",
          "validation/data-00000-of-00001.arrow"],
         [("train", "train/*.arrow"), ("eval", "validation/*.arrow")]),
        (["data-00000-of-00001.arrow", "dataset_info.json", "state.json"], [("all", "*.arrow")]),
        (["a.txt", "a.ann", "b.txt", "b.ann", "annotation.conf"], [("all", "*.ann")]),
        (["train/a.txt", "train/a.ann", "dev/b.txt", "dev/b.ann", "README.txt"],
         [("train", "train/*.ann"), ("eval", "dev/*.ann")]),
        (["train.ann", "train.txt", "test.ann", "test.txt"], [("train", "train.ann"), ("test", "test.ann")]),
        (["train.spacy", "dev.spacy"], [("train", "train.spacy"), ("eval", "dev.spacy")]),
        (["output.manifest"], [("all", "*.manifest")]),
        (["train/a/x.conll", "train/b/x.conll", "dev/x.conll"],
         [("train", "train/*/*.conll"), ("eval", "dev/*.conll")]),
        (["train/x.conll", "train/more/y.conll"], [("train", "train/*.conll")]),
        (["train/a/x.conll", "train/b/c/y.conll", "dev/x.conll"],
         [("train", "train/**/*.conll"), ("eval", "dev/*.conll")]),
        (["train/a/x.conll", "train/a/old/y.conll"], [("train", "train/*/*.conll")]),
        (["train/a/x.conll", "train/b/c/y.conll", "train/b/c/old/y.conll"], [("train", "train/*/*.conll")]),
        (["en_ewt-ud-train.iob2", "en_ewt-ud-dev.iob2", "en_ewt-ud-test.iob2", "LICENSE.txt"],
         [("train", "en_ewt-ud-train.iob2"), ("eval", "en_ewt-ud-dev.iob2"), ("test", "en_ewt-ud-test.iob2")]),
        (["foo_Train.conll", "foo.dev.conll.gz"], [("train", "foo_Train.conll"), ("eval", "foo.dev.conll.gz")]),
        (["a-train-00000-of-00002.parquet", "a-train-00001-of-00002.parquet", "a-test-00000-of-00001.parquet"],
         [("train", "a-train-*-of-*.parquet"), ("test", "a-test-*-of-*.parquet")]),
        (["my-train.conll", "other.conll"], [("all", "*.conll")]),
        (["span-1/train/a.arrow"], [("train", "span-{SPAN}/train/*.arrow")]),
    ],
)  # fmt: skip
def test_splits_are_detected(tmp_path, names, splits):
    assert find_splits(fill(tmp_path, *names)) == splits


def test_ambiguous_or_missing_corpus_is_an_error(tmp_path):
    cases = [
        ([], "has no corpus file. Expected train, dev and test files"),
        (["README.md"], "has no corpus file"),
        (["train.conll", "train.tsv"], "has 2 files for the split train: train.conll, train.tsv. Keep one"),
        (["train.conll", "dev.conll", "valid.conll"], "has 2 files for the split eval: dev.conll, valid.conll"),
        (["dev.conll", "test.conll"], "has dev.conll, test.conll but no training file. Add train"),
        (["a.conll", "b.tsv"], r"has files of several kinds \(conll, tsv\)"),
        (["a.conll", "b.conll.gz"], r"has files of several kinds \(conll, conll.gz\)"),
        (["a-train.iob2", "b-train.iob2", "a-test.iob2"], "seem to be splits but have longer names: .* Rename them"),
        (["train set.conll", "dev set.conll"], "seem to be splits"),
        (["train_data.csv", "test_data.csv"], "seem to be splits but have longer names: test_data.csv, train_data.csv"),
        (["Train1.conll", "Train2.conll", "Test1.conll"], "seem to be splits"),
        (["train.en.conll", "dev.en.conll"], "seem to be splits"),
        (["trainset.conll", "testset.conll"], "seem to be splits"),
        (["train/a.conll", "training/a.conll"], "has 2 folders for the split train: train, training"),
        (["eng.train", "deu.train"], "has 2 files for the split train: deu.train, eng.train"),
        (["train.conll.bz2", "test.conll.bz2"], r"only test.conll.bz2, .*\. Unpack it, .* `bunzip2 test.conll.bz2`"),
        (["corpus.zip", "README.md"], r"only corpus\.zip\. Unpack it, for example with `unzip corpus\.zip`"),
        (["span-1/x.md"], "span-1: has no corpus file"),
        (["span-1/monday/a.conll", "span-1/week"], "span-1: has no corpus file, only monday/, week"),
        (["span-1/train.tsv", "span-old/train.tsv"], "span-old: not a span"),
        (["span-01/train.tsv", "span-2/train.tsv"], "span numbers of different widths"),
    ]
    for number, (names, problem) in enumerate(cases):
        (tmp_path / str(number)).mkdir()
        with pytest.raises(CorpusError, match=problem):
            find_splits(fill(tmp_path / str(number), *names))


def test_folder_with_other_extensions_names_files_and_extensions_or_the_remedy(tmp_path):
    (tmp_path / "docs").mkdir()
    with pytest.raises(CorpusError, match=r"has no corpus file, only train\.pdf\. .* Extensions: conll, .*csv"):
        find_splits(fill(tmp_path / "docs", "train.pdf", "README.md"))
    with pytest.raises(CorpusError, match=r"has no corpus file, only docs/, train\.xlsx\. Save it as CSV"):
        find_splits(fill(tmp_path, "train.xlsx", "README.md"))


@pytest.mark.parametrize(
    ("names", "read", "unread"),
    [
        (["train.conll", "train-own.jsonl", "dev.conll"], ["train.conll", "dev.conll"], ["train-own.jsonl"]),
        (["train.conll", "train.parquet", "dev2.xlsx", "notes.csv"], ["train.conll"],
         ["notes.csv", "train.parquet"]),
        (["a.conll", "b.conll", "c.jsonl.gz"], ["a.conll", "b.conll"], ["c.jsonl.gz"]),
        (["README.txt", "LICENSE", "LICENSE.txt", "CITATION.json", "license-CC.txt", ".x.conll", "stats.md"], [], []),
        (["train.conll", "Train.xlsx", "test.unlabelled.txt"], ["train.conll"], ["Train.xlsx", "test.unlabelled.txt"]),
        (["eng.train", "deu.train", "x.spacy", "y.arrow", "dataset_info.json"], ["eng.train"],
         ["deu.train", "x.spacy", "y.arrow"]),
        (["OLD.CONLL"], [], ["OLD.CONLL"]),
        (["a.conll", "b.conll.xz", "c.conll.zip", "d.zip"], ["a.conll"], ["b.conll.xz", "c.conll.zip"]),
        (["a.conll", "more/b.conll", "more/again/c.tsv"], ["a.conll"], ["more/b.conll", "more/again/c.tsv"]),
        (["train/x.conll", "train/more/y.conll", "test/x.conll"], ["train/x.conll", "test/x.conll"],
         ["train/more/y.conll"]),
        (["train.conll", "train/x.conll"], ["train.conll"], ["train/x.conll"]),
        (["a.txt", "a.ann", "sub/b.txt", "sub/b.ann"], ["a.ann"], ["sub/b.ann"]),
        (["a.txt", "sub/b.txt", "sub/c.json"], ["a.txt"], ["sub/b.txt"]),
        (["a.conll", "code/package.json", "code/notes.txt", ".git/x.conll", "docs/README.md"], ["a.conll"], []),
        (["span-1/train.conll", "span-2/train.conll", "span-2/more/x.conll", "span-1/b.tsv"], ["span-2/train.conll"],
         ["span-2/more/x.conll"]),
    ],
)  # fmt: skip
def test_files_that_no_split_takes_are_named_in_subfolders_too(tmp_path, names, read, unread):
    fill(tmp_path, *names)
    assert unread_files(tmp_path, [tmp_path / name for name in read]) == unread


def test_two_stars_of_a_pattern_stand_for_folders_that_are_not_hidden(tmp_path):
    fill(tmp_path, "train/a/x.conll", "train/b/c/y.conll", "train/b/.old/z.conll", "test/x.conll")
    names = ["test/x.conll", "train/a/x.conll", "train/b/c/y.conll"]
    assert [path.relative_to(tmp_path).as_posix() for path in matched_files(tmp_path)] == names
    splits = [("train", "**/*.conll")]
    assert [path.relative_to(tmp_path).as_posix() for path in matched_files(tmp_path, splits)] == names


def test_links_to_folders_are_followed_once(tmp_path):
    fill(tmp_path, "c/a.conll", "other/b.conll")
    (tmp_path / "c/more").symlink_to(tmp_path / "other")
    (tmp_path / "c/loop").symlink_to(tmp_path / "c")
    assert unread_files(tmp_path / "c", [tmp_path / "c/a.conll"]) == ["more/b.conll"]


def test_an_error_names_the_files_that_it_ignores(tmp_path):
    fill(tmp_path, "my train/x.conll", "dev/x.conll", "test/x.conll")
    with pytest.raises(CorpusError, match=r"but no training file; no split takes my train/x\.conll\. Add train"):
        find_splits(tmp_path)


@pytest.mark.parametrize(
    ("names", "fix"),
    [
        (["corpus/train.conll", "README.txt", "__MACOSX/corpus/._train.conll"], "Give the folder {}/corpus."),
        (["x/corpus/train/a.ann", "x/corpus/train/a.txt"], "Give the folder {}/x/corpus."),
        (["en/train.conll", "de/span-1/train.conll"], "Give one of the folders {0}/de, {0}/en."),
        (["docs/a.md"], "Expected train, dev and test files"),
    ],
)
def test_a_folder_around_a_corpus_leads_to_it(tmp_path, names, fix):
    with pytest.raises(CorpusError, match="has no corpus file, only ") as error:
        find_splits(fill(tmp_path, *names))
    assert error.value.fix.startswith(fix.format(tmp_path))


def test_longer_names_of_splits_come_with_a_setting_to_paste(tmp_path):
    fill(tmp_path, "train_data.csv", "test_data.csv")
    with pytest.raises(CorpusError) as error:
        find_splits(tmp_path)
    setting = error.value.fix.partition("--set 'corpus.splits=")[2].rstrip("'.")
    assert json.loads(setting) == {"train": "train_data.csv", "test": "test_data.csv"}


def test_a_link_without_a_target_is_an_error_and_not_a_missing_split(tmp_path):
    fill(tmp_path, "train.conll", "notes.md")
    (tmp_path / "plan.md").symlink_to("nowhere")
    assert find_splits(tmp_path) == [("train", "train.conll")]
    (tmp_path / "dev.conll").symlink_to("nowhere")
    with pytest.raises(CorpusError, match=r"dev\.conll: a link whose target does not exist\. Restore the file"):
        find_splits(tmp_path)


def test_missing_folder_is_an_error(tmp_path):
    with pytest.raises(CorpusError, match=r"no: no such file or folder\. Give a labelled file, or"):
        find_splits(tmp_path / "no")
    with pytest.raises(CorpusError, match=r"a\[1\].conll: neither a folder nor a file with a plain name\. Give"):
        find_splits(fill(tmp_path, "a[1].conll") / "a[1].conll")


def test_matched_files_are_those_of_the_newest_span(tmp_path):
    fill(tmp_path, "span-9/train.tsv", "span-10/train.tsv", "span-10/test.unlabelled.txt")
    assert matched_files(tmp_path) == [tmp_path / "span-10/train.tsv"]
    assert matched_files(tmp_path, window=SpanWindow(newest=9)) == [tmp_path / "span-9/train.tsv"]
    both = [tmp_path / "span-10/train.tsv", tmp_path / "span-9/train.tsv"]
    assert matched_files(tmp_path, window=SpanWindow(size=2)) == both
    assert newest_span(tmp_path) == 10


def test_splits_are_those_of_the_newest_span_to_read(tmp_path):
    fill(tmp_path, "span-1/train.tsv", "span-1/dev.tsv", "span-2/train.tsv")
    assert [name for name, _ in find_splits(tmp_path)] == ["train"]
    assert [name for name, _ in find_splits(tmp_path, SpanWindow(newest=1))] == ["train", "eval"]


def test_a_span_or_window_of_a_corpus_without_spans_is_an_error(tmp_path):
    fill(tmp_path, "train.conll", "dev.conll")
    for window in (SpanWindow(newest=3), SpanWindow(size=2)):
        for options in ({}, {"for_training": False}, {"splits": [("train", "train.conll")]}):
            with pytest.raises(CorpusError, match=r"the corpus has no span-<N> folders\. Remove the setting"):
                split_patterns(tmp_path, window=window, **options)


def test_a_window_has_the_patterns_of_each_span(tmp_path):
    fill(tmp_path, "span-1/train.conll", "span-1/dev.tsv", "span-2/train.jsonl", "span-2/dev.tsv", "span-3/train.tsv")
    window = SpanWindow(newest=2, size=2)
    assert split_patterns(tmp_path, window=window) == {
        "train": ["span-1/train.conll", "span-2/train.jsonl"],
        "eval": ["span-1/dev.tsv", "span-2/dev.tsv"],
    }
    with pytest.raises(CorpusError, match=r"span-2: has the split eval, but the newest span, span-3, has train\. Give"):
        split_patterns(tmp_path, window=SpanWindow(size=2))


def test_single_splits_of_a_window_belong_together_under_any_name(tmp_path):
    fill(tmp_path, "span-1/train.conll", "span-2/a.tsv", "span-2/b.tsv")
    assert split_patterns(tmp_path, window=SpanWindow(size=2)) == {"all": ["span-1/train.conll", "span-2/*.tsv"]}


def test_configured_patterns_cover_the_window_and_every_span_of_it(tmp_path):
    fill(tmp_path, "span-1/a.jsonl", "span-2/a.conll", "span-3/a.conll")
    splits = [("train", "span-{SPAN}/a.conll")]
    two = [tmp_path / "span-2/a.conll", tmp_path / "span-3/a.conll"]
    assert matched_files(tmp_path, splits, SpanWindow(size=2)) == two
    assert matched_files(tmp_path, splits) == two[1:]
    with pytest.raises(CorpusError, match=r"span-1: no file matches corpus\.splits\. Correct corpus\.splits, or"):
        matched_files(tmp_path, splits, SpanWindow(size=3))


def test_fingerprint_covers_the_window(tmp_path):
    fill(tmp_path, "span-1/train.tsv", "span-2/train.tsv")
    two = SpanWindow(size=2)
    before = (corpus_fingerprint(tmp_path), corpus_fingerprint(tmp_path, window=two))
    (tmp_path / "span-1/train.tsv").write_text("b\tO\n")
    assert corpus_fingerprint(tmp_path) == before[0]
    assert corpus_fingerprint(tmp_path, window=two) != before[1]


def test_corpus_without_spans_has_no_newest_span(tmp_path):
    assert newest_span(fill(tmp_path, "train.tsv")) is None


@pytest.mark.corpora
def test_real_corpora_have_their_three_splits(shared_data):
    for name in ["btc", "uner_da_ddt", "uner_en_ewt", "uner_hr_set", "uner_sv_talbanken", "wnut17"]:
        splits = [("train", "train.conll"), ("eval", "dev.conll"), ("test", "test.conll")]
        assert find_splits(shared_data / name) == splits


def test_fingerprint_follows_names_and_contents_only(tmp_path):
    one = fill(tmp_path / "one", "train.conll", "dev.conll", "test.unlabelled.txt")
    other = fill(tmp_path / "other", "dev.conll", "train.conll", "README.md")
    assert corpus_fingerprint(one) == corpus_fingerprint(str(other))
    (other / "dev.conll").write_text("b\tO\n")
    changed = corpus_fingerprint(other)
    assert changed != corpus_fingerprint(one)
    (other / "dev.conll").rename(other / "valid.conll")
    assert corpus_fingerprint(other) not in {changed, corpus_fingerprint(one)}


def test_fingerprint_covers_the_files_that_a_reader_reads_too(tmp_path):
    fill(tmp_path, "a.ann", "a.txt", "b.txt")
    fill(tmp_path, "hf/data/train.jsonl", "hf/dataset_infos.json", "hf/README.md")
    before, names = corpus_fingerprint(tmp_path), corpus_fingerprint(tmp_path / "hf")
    (tmp_path / "b.txt").write_text("changed")
    (tmp_path / "hf/README.md").write_text("changed")
    assert (corpus_fingerprint(tmp_path), corpus_fingerprint(tmp_path / "hf")) == (before, names)
    (tmp_path / "a.txt").write_text("changed")
    (tmp_path / "hf/dataset_infos.json").write_text("changed")
    assert corpus_fingerprint(tmp_path) != before
    assert corpus_fingerprint(tmp_path / "hf") != names


def test_texts_of_azure_belong_to_their_labels(tmp_path):
    fill(tmp_path, "a.txt", "b.txt")
    (tmp_path / "labels.json").write_text('{"assets": {"projectKind": "CustomEntityRecognition"}}')
    assert find_splits(tmp_path) == [("all", "*.json")]
    assert len(matched_files(tmp_path)) == 3
