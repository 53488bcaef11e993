"""Facts that decide whether to retrain."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from components.common.errors import NerError
from components.registry.store.version import RegisteredVersion
from configs.loading import load_config
from pipeline.retraining.facts import delayed_label_f1, gather
from pipeline.run.inputs import prepare_inputs


class _Registry:
    """A registry with one champion."""

    def __init__(self, **tags):
        self.champion = RegisteredVersion("ner", 3, (), tags, "", "", datetime(2026, 1, 1, tzinfo=UTC))

    def get(self, name, version):
        assert (name, version) == ("ner", "champion")
        return self.champion


@pytest.fixture
def corpus(tmp_path):
    """A corpus of the spans 1 and 2."""
    for span in (1, 2):
        folder = tmp_path / "corpus" / f"span-{span}"
        folder.mkdir(parents=True)
        (folder / "train.conll").write_text(f"Paris{span}\tB-LOC\n")
    return tmp_path / "corpus"


@pytest.fixture
def new_data(tmp_path, corpus):
    """Returns `Facts.new_data` for settings and the champion's tags; `same` gives it the corpus's fingerprint."""

    def describe(*settings, same=False, **tags):
        config = load_config(None, [f"work_dir={tmp_path / 'work'}", f"corpus.path={corpus}", *settings])
        inputs = prepare_inputs(config)
        tags = {name.replace("__", "."): value for name, value in tags.items()}
        own = {"corpus_fingerprint": inputs.corpus_fingerprint} if same else {}
        return gather(config, _Registry(**tags, **own), inputs).new_data

    return describe


def test_the_champions_training_data_is_not_new(new_data):
    assert new_data(same=True, data__span="2") == ""


def test_a_newer_span_is_reported_by_its_number(new_data):
    expected = "span 2 is new: the champion, version 3, was trained up to span 1"
    assert new_data(data__span="1", corpus_fingerprint="other") == expected


def test_changed_files_of_a_span_are_new_data(new_data):
    for span in (2, 1):
        text = new_data(f"corpus.span={span}", data__span="2", corpus_fingerprint="other")
        assert text == "the corpus files differ from those of the champion, version 3"


def test_unrecorded_training_data_counts_as_different(new_data):
    assert "not recorded" in new_data(data__span="2")


def test_the_delayed_label_score_is_read_from_both_formats(tmp_path):
    path = tmp_path / "scores.json"
    scores = {"overall": {"candidate": {"entities": {"micro": {"f1": {"value": 0.5, "low": 0.4}}}}}}
    for values in (scores, {"evaluation": scores}):
        path.write_text(json.dumps(values))
        assert delayed_label_f1(path) == 0.5


def test_unusable_scores_are_an_error(tmp_path):
    path = tmp_path / "scores.json"
    for text, problem in (
        (None, "cannot be read"), ("{", "cannot be read"), ("[1]", "has neither"), ('{"overall": {}}', "has neither"),
    ):  # fmt: skip
        if text is not None:
            path.write_text(text)
        with pytest.raises(NerError, match=rf"retrain\.scores: .*scores\.json {problem}"):
            delayed_label_f1(path)
