"""CorpusExampleGen: its parameters, and in a pipeline with spans, cache and errors."""

from __future__ import annotations

import json
import os

import pytest
from support.settings import corpus_settings

from components.common.errors import NerError
from components.corpus_example_gen.corpus.layout import corpus_fingerprint
from components.corpus_example_gen.errors import CorpusError


def component(folder=None, *, artifact=False, span=None, **changes):
    from tfx import types

    from components.artifacts import Corpus
    from components.corpus_example_gen import CorpusExampleGen

    return CorpusExampleGen(
        settings=corpus_settings(**changes),
        input_base=None if folder is None else str(folder),
        corpus=types.Channel(type=Corpus) if artifact else None,
        span=span,
    )


def parameters(node):
    """(splits, whether they are divided by hash, settings)."""
    properties = node.spec.exec_properties
    splits = [(split["name"], split["pattern"]) for split in json.loads(properties["input_config"]).get("splits", [])]
    return splits, "split_config" in json.loads(properties["output_config"]), json.loads(properties["settings"])


def fill(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.conll").write_text(text)
    return folder


def test_splits_are_detected_and_settings_passed_to_the_executor(tmp_path):
    folder = fill(tmp_path, train="a\tB-X\n", dev="b\tB-X\n", test="c\tB-X\n")
    splits, divided, settings = parameters(component(folder, on_error="skip", metadata=["topic"]))
    assert splits == [("train", "train.conll"), ("eval", "dev.conll"), ("test", "test.conll")]
    assert not divided
    assert (settings["on_error"], settings["metadata"], settings["duplicates"]) == ("skip", ["topic"], "keep")
    assert parameters(component(fill(tmp_path / "one", all="a\tB-X\n")))[1]


def test_invalid_arguments_are_errors(tmp_path):
    with pytest.raises(NerError, match=r"corpus\.metadata: contains 'key', which is a feature"):
        component(fill(tmp_path, train="a\tB-X\n"), metadata=["key"])
    with pytest.raises(CorpusError, match="has no corpus file"):
        component(fill(tmp_path / "empty"))
    for arguments in ({}, {"folder": tmp_path, "artifact": True}):
        with pytest.raises(NerError, match="Set one of them"):
            component(**arguments)


def test_splits_of_a_corpus_artifact_are_left_to_the_executor():
    node = component(artifact=True, span_window=2)
    splits, divided, settings = parameters(node)
    assert (splits, divided, settings["duplicates"]) == ([], False, None)
    assert node.spec.exec_properties["span"] == "newest"
    assert component(artifact=True, span="4").spec.exec_properties["span"] == "4"


def run(tmp_path, *nodes):
    """Runs a pipeline of the nodes; returns the newest examples artifact."""
    from tfx.orchestration import metadata
    from tfx.orchestration import pipeline as pipeline_lib
    from tfx.orchestration.local.local_dag_runner import LocalDagRunner

    connection = metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.sqlite"))
    LocalDagRunner().run(
        pipeline_lib.Pipeline(
            pipeline_name="ingest",
            pipeline_root=str(tmp_path / "root"),
            components=list(nodes),
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


def test_pipeline_reads_the_newest_span_uses_the_cache_and_raises_corpus_errors(tmp_path):
    corpus = tmp_path / "corpus"
    fill(corpus / "span-9", train="a\tB-X\n", dev="b\tB-X\n")
    fill(corpus / "span-10", train="c\tB-X\n\nd\tB-X\n", dev="e\tB-X\n")

    newest = run(tmp_path, component(corpus))
    assert newest.custom_properties["span"].int_value == 10
    assert newest.custom_properties["sentences_out"].int_value == 3
    assert newest.custom_properties["sentences_train"].int_value == 2
    assert run(tmp_path, component(corpus)).id == newest.id
    assert run(tmp_path, component(corpus, on_error="skip")).id != newest.id

    fill(corpus / "span-11", train="f\tB-X\n", dev="g\n")
    with pytest.raises(CorpusError, match=r"span-11/dev\.conll:1: found one column \('g'\) and no tags\. Write"):
        run(tmp_path, component(corpus))


def test_contents_decide_and_not_times(tmp_path):
    corpus = fill(tmp_path / "corpus", train="Mira B-PER\n", dev="b O\n")
    train = corpus / "train.conll"
    first = run(tmp_path, component(corpus))
    os.utime(train, ns=(1, 1))
    assert run(tmp_path, component(corpus)).id == first.id
    train.write_text("Mira B-LOC\n")  # a label corrected in place
    os.utime(train, ns=(1, 1))
    corrected = run(tmp_path, component(corpus))
    assert corrected.id != first.id
    fingerprints = [artifact.custom_properties["input_fingerprint"].string_value for artifact in (first, corrected)]
    assert fingerprints[0] != fingerprints[1] == corpus_fingerprint(corpus)


@pytest.mark.extended
def test_local_pipeline_reads_a_corpus_artifact(tmp_path):
    from tfx.dsl.components.common.importer import Importer

    from components.artifacts import Corpus
    from components.corpus_example_gen import CorpusExampleGen

    fill(tmp_path / "corpus" / "span-2", train="a\tB-X\n", dev="b\tB-X\n")
    corpus = Importer(source_uri=str(tmp_path / "corpus"), artifact_type=Corpus).with_id("Corpus")
    reader = CorpusExampleGen(settings=corpus_settings(), corpus=corpus.outputs["result"])
    assert run(tmp_path, corpus, reader).custom_properties["span"].int_value == 2


@pytest.mark.extended
def test_pipeline_reads_a_window_of_spans_and_notices_a_change_in_an_older_span(tmp_path):
    corpus = tmp_path / "corpus"
    for span, word in ((1, "a"), (2, "b"), (3, "c")):
        fill(corpus / f"span-{span}", train=f"{word}\tB-X\n", dev=f"{word}{word}\tB-X\n")
    first = run(tmp_path, component(corpus, span_window=2))
    assert first.custom_properties["span"].int_value == 3
    assert first.custom_properties["sentences_train"].int_value == 2
    fill(corpus / "span-1", train="d\tB-X\n")
    assert run(tmp_path, component(corpus, span_window=2)).id == first.id, "span-1 is not in the window"
    fill(corpus / "span-2", train="d\tB-X\n")
    assert run(tmp_path, component(corpus, span_window=2)).id != first.id
