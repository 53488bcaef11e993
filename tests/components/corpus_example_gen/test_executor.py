"""The executor on real files: splits, counts, errors."""

from __future__ import annotations

import gzip
import json
import logging

import pytest
from support.settings import corpus_settings

from components.common.errors import NerError
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.labelled_data import LabelledData
from pipeline.samples import write_sample

# The second argument keeps TFX from packaging itself, which takes seconds.
BEAM_ARGS = ["--direct_num_workers=1", "--sdk_container_image=none"]


def execute(tmp_path, inputs, properties):
    """Runs the executor as the launcher does, without metadata; returns the artifact."""
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.types import standard_artifacts

    from components.corpus_example_gen.executor import Executor

    examples = standard_artifacts.Examples()
    examples.uri = str(tmp_path / "examples")
    context = BaseBeamExecutor.Context(beam_pipeline_args=BEAM_ARGS, tmp_dir=str(tmp_path), unique_id="1")
    Executor(context).Do(inputs, {"examples": [examples]}, properties)
    return examples


def read_folder(tmp_path, corpus, **changes):
    """Runs the executor on a folder."""
    return execute(tmp_path, {}, resolved_properties(corpus, **changes))


def resolved_properties(corpus, **changes):
    """The driver runs before the executor: it hashes the files and substitutes the newest span in the patterns."""
    from components.corpus_example_gen import CorpusExampleGen
    from components.corpus_example_gen.component import Driver

    component = CorpusExampleGen(settings=corpus_settings(**changes), input_base=str(corpus))
    return Driver(None).resolve_exec_properties(dict(component.spec.exec_properties), None, None)


def read_artifact(tmp_path, corpus, span=None, **changes):
    """Runs the executor on a corpus artifact, as Kubeflow does."""
    from tfx import types

    from components.artifacts import Corpus
    from components.corpus_example_gen import CorpusExampleGen

    channel = types.Channel(type=Corpus)
    component = CorpusExampleGen(settings=corpus_settings(**changes), corpus=channel, span=span)
    folder = Corpus()
    folder.uri = str(corpus)
    properties = {name: value for name, value in component.spec.exec_properties.items() if value is not None}
    return execute(tmp_path, {"corpus": [folder]}, properties)


def records(examples, split):
    import tensorflow as tf
    from tfx.types import artifact_utils

    files = sorted(tf.io.gfile.glob(f"{artifact_utils.get_split_uri([examples], split)}/*.gz"))
    stored = [tf.train.Example.FromString(r.numpy()) for r in tf.data.TFRecordDataset(files, compression_type="GZIP")]
    return [
        {name: [v.decode() for v in feature.bytes_list.value] for name, feature in example.features.feature.items()}
        for example in stored
    ]


def sentences(examples, split):
    return sorted(record["sentence"][0] for record in records(examples, split))


def splits_of(examples):
    from tfx.types import artifact_utils

    return artifact_utils.decode_split_names(examples.split_names)


def fill(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        data = text if isinstance(text, bytes) else text.encode()
        (folder / name.replace("__", ".")).write_bytes(data)
    return folder


def test_splits_features_and_counts(tmp_path):
    corpus = fill(
        tmp_path / "c",
        train__conll="-DOCSTART-\tO\n\n# id = s1\n# topic = sport\nZoë Lima\tB-PER\nwon\tO\n\nOslo\tI-OTH\n",
        dev__tsv__gz=gzip.compress(b"Peru won\tB-LOC O\r\nPeru won\tB-LOC O\r\n"),
        test__jsonl='{"text": "Peru won.", "entities": [[0, 4, "LOC"]], "meta": {"topic": "news"}}\n',
    )
    examples = read_folder(tmp_path, corpus, metadata=["topic"], drop_types=["OTH"])
    assert splits_of(examples) == ["train", "eval", "test"]
    train = sorted(records(examples, "train"), key=lambda record: record["key"], reverse=True)
    assert train[0] == {
        "key": ["train.conll:s1"],
        "sentence": ["Zoë Lima won"],
        "tags": ["B-PER", "I-PER", "O"],
        "source": ["train.conll"],
        "topic": ["sport"],
    }
    assert train[1]["tags"] == ["O"]
    keys = {record["key"][0] for record in records(examples, "eval")}
    assert len(keys) == 2
    assert all(key.startswith("dev.tsv.gz:") for key in keys)
    assert records(examples, "test")[0]["topic"] == ["news"]
    assert examples.get_int_custom_property("sentences_in") == 5
    assert examples.get_int_custom_property("tokens_in") == 3 + 4 + 3
    assert examples.get_int_custom_property("tokens_out") == 4 + 4 + 3
    assert examples.get_int_custom_property("entities_in") == 5
    assert examples.get_int_custom_property("entities_out") == 4
    assert examples.get_int_custom_property("skipped") == 0
    assert examples.get_int_custom_property("repaired") == 3
    assert [examples.get_int_custom_property(f"sentences_{s}") for s in ("train", "eval", "test")] == [2, 2, 1]
    report = IngestReport.from_json(examples.get_string_custom_property("ingest_report"))
    report.check()
    assert report.entities_out == {"PER": 1, "LOC": 3}
    assert report.documents == 1
    names = sorted(path.name.split("-")[0] for path in (tmp_path / "examples" / "ingest").iterdir())
    assert names == ["lines"] * 3 + ["report"] * 3
    from components.corpus_example_gen.cleaning.report_folder import ReportFolder

    places = ReportFolder(str(tmp_path / "examples" / "ingest")).places([record["key"][0] for record in train])
    assert places == {"train.conll:s1": "train.conll:5", train[1]["key"][0]: "train.conll:8"}


def test_hash_split_keeps_equal_sentences_together(tmp_path):
    sentences = [f"w{i % 300} won\tB-PER O\n" for i in range(600)]
    examples = read_folder(
        tmp_path, fill(tmp_path / "c", a__tsv="".join(sentences[:400]), b__tsv="".join(sentences[400:]))
    )
    parts = {split: records(examples, split) for split in splits_of(examples)}
    assert list(parts) == ["train", "eval", "test"]
    assert len({record["key"][0] for part in parts.values() for record in part}) == 600
    train, dev, test = ({record["sentence"][0] for record in part} for part in parts.values())
    assert not train & (dev | test)
    assert not dev & test
    assert 0.7 < len(parts["train"]) / 600 < 0.9


@pytest.mark.extended
def test_sentence_keeps_its_split_in_later_spans(tmp_path, caplog):
    """An example must not move between train and eval when it comes again in a later span."""
    corpus = tmp_path / "c"
    for span in range(1, 4):
        fill(
            corpus / f"span-{span}", all__tsv="".join(f"w{i} won\tB-PER O\n" for i in range(span * 50, span * 50 + 100))
        )
    split_of: dict[str, str] = {}
    for span in range(1, 4):
        examples = read_folder(tmp_path / str(span), corpus, span=span, span_window=2)
        for split in splits_of(examples):
            for record in records(examples, split):
                assert split_of.setdefault(record["sentence"][0], split) == split
        assert examples.get_int_custom_property("duplicates") == 0
    assert len(split_of) == 200
    assert examples.get_int_custom_property("sentences_out") == 200
    assert {record["source"][0] for record in records(examples, "train")} == {"span-2/all.tsv", "span-3/all.tsv"}


@pytest.mark.parametrize(("duplicates", "train"), [(None, ["a"]), ("keep", ["a", "b", "c"])])
def test_duplicates_across_splits_of_spans_are_counted_and_removed(tmp_path, duplicates, train, caplog):
    corpus = tmp_path / "c"
    fill(corpus / "span-1", train__tsv="a\tB-X\n\nb\tB-X\n", dev__tsv="x\tB-X\n", test__tsv="y\tB-X\n")
    fill(corpus / "span-2", train__tsv="c\tB-X\n", dev__tsv="b\tB-X\n", test__tsv="c\tB-X\n")
    with caplog.at_level(logging.WARNING, logger="absl"):
        examples = read_folder(tmp_path, corpus, span_window=2, duplicates=duplicates)
    assert (sentences(examples, "train"), sentences(examples, "eval")) == (train, ["b", "x"])
    assert examples.get_int_custom_property("duplicates") == 2
    assert examples.get_int_custom_property("duplicates_removed") == 3 - len(train)
    assert "split train: 1 sentences of span-1/train.tsv also occur in a later split" in caplog.text


@pytest.mark.parametrize(("duplicates", "scored"), [(None, ["a", "a", "b", "b"]), ("keep", ["a"] * 4 + ["b"] * 2)])
def test_a_test_set_that_comes_with_each_span_counts_once(tmp_path, duplicates, scored, caplog):
    corpus = tmp_path / "c"
    for span, tag in ((1, "O"), (2, "B-X")):  # both labels of `b` stay, and so do both lines of `a` in a file
        test = f"a\tB-X\n\nb\t{tag}\n\na\tB-X\n"
        fill(corpus / f"span-{span}", train__tsv=f"c{span}\tB-X\n\nt\tB-X\n", dev__tsv="e\tB-X\n", test__tsv=test)
    with caplog.at_level(logging.WARNING, logger="absl"):
        examples = read_folder(tmp_path, corpus, span_window=2, duplicates=duplicates)
    removed = 0 if duplicates else 3
    assert sentences(examples, "train") == ["c1", "c2", "t", "t"]
    assert sentences(examples, "eval") == ["e"] * (1 if removed else 2)
    assert sentences(examples, "test") == scored
    counts = [examples.get_int_custom_property(name) for name in ("duplicates", "repeats", "duplicates_removed")]
    assert counts == [0, 3, removed]
    assert "split test: 2 sentences of span-1/test.tsv also occur in this split of a newer span" in caplog.text
    data = LabelledData(corpus, corpus_settings(span_window=2, duplicates=duplicates), "test")
    assert sorted((each.key, each.sentence.text) for each in data.sentences()) == sorted(
        (record["key"][0], record["sentence"][0]) for record in records(examples, "test")
    )


@pytest.mark.extended
def test_duplicates_of_published_splits_are_counted_and_kept(tmp_path, caplog):
    corpus = fill(tmp_path / "c", train__tsv="a\tB-X\n\nb\tB-X\n", dev__tsv="b\tB-X\n")
    with caplog.at_level(logging.WARNING, logger="absl"):
        examples = read_folder(tmp_path, corpus)
    assert len(records(examples, "train")) == 2
    assert examples.get_int_custom_property("duplicates") == 1
    assert examples.get_int_custom_property("duplicates_removed") == 0
    assert "kept (corpus.duplicates)" in caplog.text


@pytest.mark.parametrize(("names", "warned"), [(("train", "dev"), True), (("train", "dev", "test"), False)])
def test_a_corpus_without_a_test_split_is_scored_on_the_eval_split_with_a_warning(tmp_path, names, warned, caplog):
    corpus = fill(tmp_path / "c", **{f"{name}__tsv": f"{name} Oslo\tO B-LOC\n" for name in names})
    with caplog.at_level(logging.WARNING, logger="absl"):
        read_folder(tmp_path, corpus)
    assert ("no test split: the model is scored on the eval split" in caplog.text) == warned


def test_types_that_the_training_split_lacks_are_named(tmp_path, caplog):
    corpus = fill(
        tmp_path / "c", train__tsv="Oslo\tB-LOC\n", dev__tsv="Bob\tB-PER\n\nUN\tB-ORG\n", test__tsv="Rome\tB-LOC\n"
    )
    with caplog.at_level(logging.WARNING, logger="absl"):
        read_folder(tmp_path, corpus)
    assert "eval split: the training split has no entity of type ORG, PER, so none" in caplog.text
    assert "test split:" not in caplog.text


@pytest.mark.extended
def test_older_span_without_a_split_adds_nothing_to_it(tmp_path, caplog):
    corpus = tmp_path / "c"
    fill(corpus / "span-1", train__tsv="a\tB-X\n")
    fill(corpus / "span-2", train__tsv="b\tB-X\n", dev__tsv="c\tB-X\n")
    with caplog.at_level(logging.WARNING, logger="absl"):
        examples = read_folder(tmp_path, corpus, span_window=2)
    assert [len(records(examples, split)) for split in ("train", "eval")] == [2, 1]
    assert "span-1 has no file of the split eval; it adds nothing to it" in caplog.text


def test_spans_of_different_formats_are_all_read(tmp_path):
    corpus = tmp_path / "c"
    fill(corpus / "span-1", train__conll="a\tB-X\n", dev__conll="b\tO\n")
    fill(corpus / "span-2", train__jsonl='{"text": "c", "entities": []}\n', dev__tsv="d\tO\n")
    examples = read_folder(tmp_path, corpus, span_window=2)
    assert [sentences(examples, split) for split in ("train", "eval")] == [["a", "c"], ["b", "d"]]


def test_files_that_change_between_hash_and_reading_stop_the_run(tmp_path):
    corpus = fill(tmp_path / "c", train__tsv="a\tO\n", dev__tsv="b\tO\n")
    properties = resolved_properties(corpus)
    fill(corpus, dev__tsv="c\tO\n")
    with pytest.raises(CorpusError, match=r"files changed between the start of the run and the reading\. Run again"):
        execute(tmp_path, {}, properties)


def test_corpus_without_eval_holds_it_out_of_train(tmp_path):
    train = "".join(f"w{i % 150} won\tB-PER O\n" for i in range(300))
    examples = read_folder(tmp_path, fill(tmp_path / "c", train__tsv=train, test__tsv="Peru won\tB-LOC O\n"))
    assert splits_of(examples) == ["train", "eval", "test"]
    held_out = set(sentences(examples, "eval"))
    assert not set(sentences(examples, "train")) & held_out
    assert 5 <= len(held_out) <= 30
    assert sentences(examples, "test") == ["Peru won"]
    assert examples.get_int_custom_property("sentences_out") == 301


def test_corpus_error_leaves_beam_unchanged_and_errors_of_other_files_are_logged(tmp_path, caplog):
    corpus = fill(tmp_path / "c", train__conll="a\tO\n\nb\tNN\n", dev__conll=b"b\tO\n\xff\n", test__conll="c\tO\n")
    with caplog.at_level(logging.INFO, logger="absl"), pytest.raises(CorpusError) as caught:
        read_folder(tmp_path, corpus)
    assert type(caught.value) is CorpusError
    assert (caught.value.path, caught.value.line) == (str(corpus / "dev.conll"), 2)
    assert "found byte 0xFF, which is not UTF-8, at byte offset 4. Corpora are UTF-8 text" in str(caught.value)
    assert "while running" not in str(caught.value)
    assert any("train.conll:3: found 'NN', expected a tag" in record.getMessage() for record in caplog.records)


def test_skipped_sentences_and_files_are_counted_and_listed(tmp_path, caplog):
    corpus = fill(
        tmp_path / "c",
        train__conll="a\tO\n\nb\tNN\nc\tB-X\n\nd\tB-X\n",
        dev__conll="e\tO\n",
        test__conll=b"\0\1\2",
    )
    with caplog.at_level(logging.INFO, logger="absl"):
        examples = read_folder(tmp_path, corpus, on_error="skip")
    assert [len(records(examples, split)) for split in ("train", "eval", "test")] == [2, 1, 0]
    assert examples.get_int_custom_property("skipped") == 2
    report = json.loads(examples.get_string_custom_property("ingest_report"))
    assert (report["sentences_skipped"], report["files_skipped"], report["tokens_skipped"]) == (1, 1, 2)
    assert any("test.conll:1: found a NUL byte" in what for what in report["skipped"])
    logged = [record.getMessage() for record in caplog.records]
    assert any(line.startswith("train.conll: sentences 3 in, 2 out; tokens 4 in, 2 out") for line in logged)
    assert any(line.startswith("skipped: ") and "train.conll:3: found 'NN'" in line for line in logged)
    assert "split train: 2 sentences" in logged
    assert "split test has no sentence" in logged


@pytest.mark.extended
def test_empty_training_split_is_an_error(tmp_path):
    corpus = fill(tmp_path / "c", train__conll="b\tNN\n", dev__conll="e\tO\n")
    with pytest.raises(CorpusError, match=r"the split train has no sentence \(2 read, 1 skipped\)\. Add sentences"):
        read_folder(tmp_path, corpus, on_error="skip")


def test_a_type_to_drop_that_no_sentence_has_is_named(tmp_path, caplog):
    corpus = fill(tmp_path / "c", train__conll="a\tB-LOC\n\nb\tB-OTH\n", dev__conll="b\tO\n", x__tsv="")
    with caplog.at_level(logging.WARNING, logger="absl"):
        read_folder(tmp_path, corpus, drop_types=["LOCC", "OTH"])
    assert "corpus.drop_types: no sentence has an entity of type 'LOCC'. Did you mean LOC?" in caplog.text
    assert "OTH" not in caplog.text


def test_no_neighbour_of_a_single_file_is_named(tmp_path, caplog):
    corpus = fill(tmp_path / "c", a__conll="".join(f"w{i}\tB-X\n\n" for i in range(60)), b__conll="b\tO\n")
    with caplog.at_level(logging.WARNING, logger="absl"):
        read_folder(tmp_path, corpus / "a.conll")
    assert "not read" not in caplog.text


@pytest.mark.parametrize("span", ["", "span-4/"])
def test_files_of_different_depths_below_the_folder_of_a_split_are_read(tmp_path, span, caplog):
    for name, row in (("train/a/x", "a"), ("train/b/c/y", "b"), ("dev/x", "c"), ("train/b/.old/z", "d")):
        (tmp_path / "c" / span / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "c" / span / f"{name}.conll").write_text(f"{row}\tB-X\n")
    with caplog.at_level(logging.WARNING, logger="absl"):
        examples = read_folder(tmp_path, tmp_path / "c")
    assert [sentences(examples, split) for split in ("train", "eval")] == [["a", "b"], ["c"]]
    assert "not read" not in caplog.text


def test_file_that_no_split_takes_is_in_log_and_report(tmp_path, caplog):
    corpus = fill(tmp_path / "c", train__conll="a\tB-X\n", dev__conll="b\tO\n", train_own__jsonl="", README__txt="x")
    fill(corpus / "more", x__conll="c\tO\n")
    with caplog.at_level(logging.WARNING, logger="absl"):
        examples = read_folder(tmp_path, corpus)
    assert f"{corpus}: not read, no split takes them (corpus.splits): train_own.jsonl, more/x.conll" in caplog.text
    assert "README" not in caplog.text
    report = json.loads(examples.get_string_custom_property("ingest_report"))
    assert report["files_ignored"] == ["train_own.jsonl", "more/x.conll"]
    assert (report["lines"], report["line_kinds"]) == (2, {"token": 2})


@pytest.mark.parametrize(
    ("train", "changes", "problem"),
    [
        ("and\tO\n\nhouse\tO\n", {}, "in the training split, no sentence has an entity. Label entities"),
        ("a\tB-X\n", {"drop_types": ["X"]}, r"has an entity \(1 entities of the corpus are dropped or skipped\)"),
    ],
)
def test_training_split_without_an_entity_is_an_error(tmp_path, train, changes, problem):
    corpus = fill(tmp_path / "c", train__conll=train, dev__conll="b\tB-Y\n")
    with pytest.raises(CorpusError, match=problem):
        read_folder(tmp_path, corpus, **changes)


def test_limit_of_repairs_counts_the_files_together(tmp_path):
    files = {f"f{i}__conll": f"a b\tB-X\n\nc{i}\tO\n" for i in range(5)}
    with pytest.raises(CorpusError, match="5 files: the repair split_token touched 5 of 10 sentences"):
        read_folder(tmp_path, fill(tmp_path / "c", **files))


@pytest.mark.extended
def test_pattern_without_files_is_an_error(tmp_path):
    corpus = fill(tmp_path / "c", train__conll="a\tO\n")
    with pytest.raises(CorpusError, match=r"no\*\.conll: no file matches\. Check the folder and corpus\.splits"):
        read_folder(tmp_path, corpus, splits={"train": "train.conll", "eval": "no*.conll"})


@pytest.mark.extended
def test_sample_corpus_gives_the_same_examples_each_time_and_fits_the_schema(tmp_path):
    import tensorflow_data_validation as tfdv
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    from components.corpus_example_gen.schema import compose_schema
    from schemas import __file__ as schemas

    write_sample(tmp_path / "c", "newswire")
    examples, again = (read_folder(tmp_path / name, tmp_path / "c", metadata=["topic"]) for name in "ab")
    assert sorted(map(repr, records(examples, "test"))) == sorted(map(repr, records(again, "test")))
    base = schemas.replace("__init__.py", "schema.pbtxt")

    def anomalies(columns):
        schema = text_format.Parse(compose_schema(base, columns), schema_pb2.Schema())
        return set(tfdv.validate_statistics(statistics, schema).anomaly_info)

    statistics = tfdv.generate_statistics_from_tfrecord(f"{examples.uri}/Split-eval/*.gz")
    assert anomalies(["topic"]) == set()
    assert anomalies([]) == {"topic"}
    assert anomalies(["topic", "missing"]) == {"missing"}


def test_executor_detects_the_layout_of_a_corpus_artifact(tmp_path):
    corpus = fill(tmp_path / "c", train__tsv="".join(f"w{i} won\tB-PER O\n" for i in range(60)), test__tsv="z y\tO O\n")
    examples = read_artifact(tmp_path, corpus)
    assert splits_of(examples) == ["train", "eval", "test"], "eval is held out of train"
    assert len(records(examples, "train")) + len(records(examples, "eval")) == 60
    assert examples.get_int_custom_property("span") == 0
    of_file = read_artifact(tmp_path / "of file", corpus / "train.tsv")
    assert splits_of(of_file) == ["train", "eval", "test"], "divided by hash"
    counted = [len(records(of_file, split)) for split in splits_of(of_file)]
    assert sum(counted) == 60
    assert 0 < counted[2] < 30, "no sentence of test.tsv"


@pytest.mark.parametrize(
    ("span", "window", "expected"),
    [pytest.param("newest", 1, {3}, marks=pytest.mark.extended), ("2", 1, {2}), ("newest", 2, {2, 3})],
)
def test_span_of_a_corpus_artifact_is_selected_at_run_time(tmp_path, span, window, expected):
    corpus = tmp_path / "c"
    for number in (1, 2, 3):
        fill(corpus / f"span-{number}", train__tsv=f"a{number}\tB-X\n", dev__tsv=f"b{number}\tB-X\n")
    examples = read_artifact(tmp_path, corpus, span=span, span_window=window)
    sources = {record["source"][0] for record in records(examples, "train")}
    assert sources == {f"span-{number}/train.tsv" for number in expected}
    assert examples.get_int_custom_property("span") == max(expected)
    assert len(examples.get_string_custom_property("input_fingerprint")) == 64


def test_missing_or_invalid_span_of_a_corpus_artifact_is_an_error(tmp_path):
    fill(tmp_path / "c" / "span-1", train__tsv="a\tO\n", dev__tsv="b\tO\n")
    with pytest.raises(CorpusError, match="has no span 7, only 1"):
        read_artifact(tmp_path, tmp_path / "c", span="7")
    with pytest.raises(NerError, match=r"span: got '-1'\. Give the number"):
        read_artifact(tmp_path, tmp_path / "c", span="-1")


def _write(file, words):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{word}\tB-PER\nleft\tO\n\n" if word != MARK else f"{MARK}\tO\n\n" for word in words))


MARK = "-DOCSTART-"


def _documents(prefix, count=50):
    return [word for number in range(count) for word in (MARK, *_words(f"{prefix}{number}x", 4))]


def _words(prefix, count=200):
    return [f"{prefix}{number}" for number in range(count)]


LAYOUTS = {
    "three splits": {"train.conll": _words("a"), "dev.conll": _words("b"), "test.conll": _words("c")},
    "no eval split, folders": {
        "train/a/x.conll": _documents("a"), "train/b/x.conll": _words("b"), "test/x.conll": _words("c"),
    },
    "files of one kind": {"one.conll": _documents("a"), "two.conll": _words("b")},
    "repeated sentences": {
        "span-1/train.conll": _words("a"), "span-1/dev.conll": _words("a", 90), "span-1/test.conll": _words("a", 30),
    },
}  # fmt: skip


@pytest.mark.parametrize(
    "layout",
    [pytest.param(name, marks=[] if name == "no eval split, folders" else pytest.mark.extended) for name in LAYOUTS],
)
def test_splits_and_keys_are_those_that_the_reader_without_tfx_finds(tmp_path, layout):
    for name, words in LAYOUTS[layout].items():
        _write(tmp_path / "corpus" / name, words)
    examples = read_folder(tmp_path, tmp_path / "corpus")
    splits = splits_of(examples)
    split_of: dict[str | None, set[str]] = {}
    assert {"train", "eval", "test"} == set(splits)
    for split in splits:
        theirs = {(r["key"][0], r["sentence"][0], r["source"][0]) for r in records(examples, split)}
        assert theirs
        data = LabelledData(tmp_path / "corpus", corpus_settings(), split)
        assert {(each.key, each.sentence.text, each.source) for each in data.sentences()} == theirs
        for each in data.sentences():
            split_of.setdefault(each.sentence.unit, set()).add(split)
    assert all(len(names) == 1 for unit, names in split_of.items() if unit is not None)


def test_the_tokenizer_is_chosen_by_the_scripts_of_the_corpus_and_recorded(tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "train.tsv").write_text("王伟 去了 北京\tB-PER O B-LOC\n", encoding="utf-8")
    (corpus / "dev.tsv").write_text("李敏 来了\tB-PER O\n", encoding="utf-8")
    examples = execute(tmp_path, {}, {**resolved_properties(corpus), "tokenizer": "auto"})
    assert examples.get_string_custom_property("tokenizer") == "characters"
    [record] = records(examples, "train")
    assert record["sentence"] == ["王 伟 去 了 北 京"]
    assert record["tags"] == ["B-PER", "I-PER", "O", "O", "B-LOC", "I-LOC"]
    read = [labelled.sentence for labelled in LabelledData(corpus, corpus_settings(), "train").sentences()]
    assert [" ".join(sentence.tokens) for sentence in read] == record["sentence"]
