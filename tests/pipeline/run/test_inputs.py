"""Inputs of a run."""

from __future__ import annotations

import os

import pytest

from components.common.errors import NerError
from configs.loading import load_config
from pipeline.run.inputs import inputs_of_cluster, prepare_inputs


def config(tmp_path, *settings):
    return load_config(None, [f"work_dir={tmp_path / 'work'}", *settings])


def test_without_a_corpus_the_articles_sentences_are_written_once(tmp_path):
    first = prepare_inputs(config(tmp_path))
    files = {path: path.stat().st_mtime_ns for path in first.corpus.iterdir()}
    assert prepare_inputs(config(tmp_path)) == first
    assert {path: path.stat().st_mtime_ns for path in first.corpus.iterdir()} == files
    assert first.split_names == ("train", "eval", "test")
    assert first.test_splits == ["test"]


def test_fingerprint_follows_content_and_settings_and_not_times_or_places(tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name in ("train", "dev"):
        (corpus / f"{name}.conll").write_text("Paris\tB-LOC\n", encoding="utf-8")
    at = f"corpus.path={corpus}"
    first = prepare_inputs(config(tmp_path, at))
    assert first.test_splits == ["eval"]
    os.utime(corpus / "train.conll", (1, 1))
    moved = corpus.rename(tmp_path / "moved")
    assert prepare_inputs(config(tmp_path, f"corpus.path={moved}")).fingerprint == first.fingerprint
    assert prepare_inputs(config(tmp_path, f"corpus.path={moved}", "trainer.seed=4")).fingerprint != first.fingerprint
    (moved / "dev.conll").write_text("Rome\tB-LOC\n", encoding="utf-8")
    assert prepare_inputs(config(tmp_path, f"corpus.path={moved}")).fingerprint != first.fingerprint


def test_schemas_are_told_apart_by_their_content(tmp_path):
    plain = prepare_inputs(config(tmp_path))
    more = prepare_inputs(config(tmp_path, "corpus.metadata=[genre]"))
    assert plain.schema_name != more.schema_name
    assert "genre" in more.schema


def test_of_a_corpus_elsewhere_only_what_is_configured_is_known(tmp_path):
    inputs = inputs_of_cluster(config(tmp_path, "corpus.path=/nowhere", "corpus.span_window=3"))
    assert (inputs.corpus, inputs.splits, inputs.fingerprint, inputs.test_splits) == (None, (), "", [])
    assert inputs.split_names == ("train", "eval")
    assert inputs.window.size == 3
    inputs = inputs_of_cluster(config(tmp_path, "corpus.splits={train: a.tsv, test: b.tsv}"))
    assert inputs.splits == (("train", "a.tsv"), ("test", "b.tsv"))
    assert inputs.test_splits == ["test"]


def test_a_missing_corpus_is_named(tmp_path):
    with pytest.raises(NerError, match="nowhere"):
        prepare_inputs(config(tmp_path, f"corpus.path={tmp_path / 'nowhere'}"))
