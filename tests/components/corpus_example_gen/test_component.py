"""CorpusExampleGen: its parameters, and in a pipeline with spans, cache and errors."""

from __future__ import annotations

import pytest
from tfx import types
from tfx.dsl.components.common.importer import Importer
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as pipeline_lib
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.proto import example_gen_pb2
from tfx.utils import proto_utils

from components.artifacts import Corpus
from components.common.errors import NerError
from components.corpus_example_gen.component import CorpusExampleGen
from components.corpus_example_gen.corpus.span_window import SpanWindow
from components.corpus_example_gen.errors import CorpusError
from components.corpus_example_gen.plan import IngestConfig
from components.corpus_example_gen.readers.read_options import ReadOptions


def parameters(component):
    values = component.spec.exec_properties
    input_config, output_config = example_gen_pb2.Input(), example_gen_pb2.Output()
    proto_utils.json_to_proto(values["input_config"], input_config)
    proto_utils.json_to_proto(values["output_config"], output_config)
    splits = [(split.name, split.pattern) for split in input_config.splits]
    return splits, output_config.split_config, IngestConfig.unpack(values["custom_config"])


def fill(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.conll").write_text(text)
    return str(folder)


def test_layout_is_found_and_options_are_handed_on(tmp_path):
    base = fill(tmp_path, train="a\tO\n", dev="b\tO\n", test="c\tO\n")
    options = ReadOptions(on_error="skip")
    splits, division, config = parameters(CorpusExampleGen(base, None, options, ["topic"], code_version="v1"))
    assert splits == [("train", "train.conll"), ("eval", "dev.conll"), ("test", "test.conll")]
    assert not division.splits
    assert config == IngestConfig(options, ("topic",), code_version="v1")


def test_one_split_is_divided_by_hash_of_the_sentence(tmp_path):
    _, division, config = parameters(CorpusExampleGen(fill(tmp_path, all="a\tO\n")))
    assert [(split.name, split.hash_buckets) for split in division.splits] == [("train", 8), ("eval", 1), ("test", 1)]
    assert division.partition_feature_name == "sentence"
    assert not config.hold_out


def test_missing_eval_is_held_out_of_train(tmp_path):
    splits, division, config = parameters(CorpusExampleGen(fill(tmp_path, train="a\tO\n", test="b\tO\n")))
    assert [name for name, _ in splits] == ["train", "test"]
    assert not division.splits
    assert config.hold_out


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"splits": [("train", "a"), ("train", "b")]}, "names a split twice: train, train"),
        ({"splits": [("a", "a"), ("b", "b")]}, "holds a, b and no train"),
        ({"metadata_columns": ["key"]}, "'key', which is a feature"),
        (
            {"window": SpanWindow(size=2)},
            "a span was asked for, but the corpus has no span",
        ),
    ],
)
def test_unusable_arguments_are_refused(tmp_path, arguments, found):
    with pytest.raises(NerError, match=found):
        CorpusExampleGen(fill(tmp_path, train="a\tO\n"), **arguments)


def test_folder_without_corpus_is_refused_when_the_pipeline_is_built(tmp_path):
    with pytest.raises(CorpusError, match="holds no corpus file"):
        CorpusExampleGen(str(tmp_path))


def test_a_corpus_is_a_folder_or_an_artifact(tmp_path):
    with pytest.raises(NerError, match="give one of them"):
        CorpusExampleGen()
    with pytest.raises(NerError, match="give one of them"):
        CorpusExampleGen(fill(tmp_path, train="a\tO\n"), corpus=types.Channel(type=Corpus))


def test_what_depends_on_a_corpus_not_there_yet_is_left_open():
    component = CorpusExampleGen(corpus=types.Channel(type=Corpus), window=SpanWindow(newest=4, size=2))
    splits, division, config = parameters(component)
    assert splits == []
    assert [split.name for split in division.splits] == ["train", "eval", "test"], "if it has but one"
    assert (config.span_window, config.remove_duplicates) == (2, None)
    assert component.spec.exec_properties["span"] == "4"


def test_a_pipeline_on_this_machine_can_read_an_artifact_too(tmp_path):
    fill(tmp_path / "corpus" / "span-2", train="a\tO\n", dev="b\tO\n")
    corpus = Importer(source_uri=str(tmp_path / "corpus"), artifact_type=Corpus).with_id("Corpus")
    newest = run(tmp_path, corpus, CorpusExampleGen(corpus=corpus.outputs["result"]))
    assert newest.custom_properties["span"].int_value == 2


def run(tmp_path, *components):
    """Runs a pipeline of the one component; returns its newest examples artifact."""
    connection = metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.sqlite"))
    LocalDagRunner().run(
        pipeline_lib.Pipeline(
            pipeline_name="ingest",
            pipeline_root=str(tmp_path / "root"),
            components=list(components),
            enable_cache=True,
            metadata_connection_config=connection,
            beam_pipeline_args=["--direct_num_workers=1", "--sdk_container_image=none"],
        )
    )
    with metadata.Metadata(connection) as handle:
        executions = handle.store.get_executions()
        artifacts = {artifact.id: artifact for artifact in handle.store.get_artifacts()}
        events = handle.store.get_events_by_execution_ids([max(execution.id for execution in executions)])
    return artifacts[events[-1].artifact_id]


def test_pipeline_reads_the_newest_span_caches_and_hands_errors_on(tmp_path):
    corpus = tmp_path / "corpus"
    fill(corpus / "span-9", train="a\tO\n", dev="b\tO\n")
    fill(corpus / "span-10", train="c\tO\n\nd\tO\n", dev="e\tO\n")

    newest = run(tmp_path, CorpusExampleGen(str(corpus)))
    assert newest.custom_properties["span"].int_value == 10
    assert newest.custom_properties["sentences_out"].int_value == 3
    assert newest.custom_properties["sentences_train"].int_value == 2

    assert run(tmp_path, CorpusExampleGen(str(corpus))).id == newest.id

    nine = CorpusExampleGen(str(corpus), window=SpanWindow(newest=9))
    assert run(tmp_path, nine).custom_properties["span"].int_value == 9

    fill(corpus / "span-11", train="f\tO\n", dev="g\n")
    with pytest.raises(CorpusError, match=r"span-11/dev\.conll:1: found one column \('g'\) and no tags\. Write"):
        run(tmp_path, CorpusExampleGen(str(corpus)))


def test_pipeline_reads_a_window_of_spans_and_sees_when_an_older_one_changes(tmp_path):
    corpus = tmp_path / "corpus"
    for span, word in ((1, "a"), (2, "b"), (3, "c")):
        fill(corpus / f"span-{span}", train=f"{word}\tO\n", dev=f"{word}{word}\tO\n")

    def window(fingerprint):
        return CorpusExampleGen(str(corpus), window=SpanWindow(size=2), fingerprint=fingerprint)

    first = run(tmp_path, window("1"))
    assert first.custom_properties["span"].int_value == 3
    assert first.custom_properties["sentences_train"].int_value == 2
    assert run(tmp_path, window("1")).id == first.id
    assert run(tmp_path, window("2")).id != first.id
