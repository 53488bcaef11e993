"""Tagging with an exported model in this process."""

from __future__ import annotations

import pytest

from components.exporter.saved_model.exporting import export
from components.exporter.settings import ExportSettings
from components.serving.saved_model_tagger import SavedModelTagger


@pytest.mark.parametrize("default", ["plain", "keyed"])
def test_sentences_come_back_with_one_tag_a_token(trained, transformed, tmp_path, default):
    export(trained, transformed.graph, str(tmp_path), ExportSettings(default, {}))
    sentences = ["Justin Trudeau went to New Delhi India", "", "Joe Biden visited Paris France 😳"]
    tagged = SavedModelTagger(tmp_path).tag(sentences)
    assert [t.sentence for t in tagged] == sentences
    assert tagged[0].tags == ("B-NAME", "I-NAME", "OUT", "OUT", "B-LOCATION", "I-LOCATION", "I-LOCATION")
    assert tagged[1].tokens == tagged[1].tags == ()
    assert tagged[2].tokens[-1] == "😳"
    for t in tagged:
        assert tuple(t.sentence[s:e] for s, e in zip(t.starts, t.ends, strict=True)) == t.tokens
        assert len(t.scores) == len(t.tags) == len(t.tokens)


def test_no_sentence_gives_nothing(trained, transformed, tmp_path):
    export(trained, transformed.graph, str(tmp_path), ExportSettings("plain", {}))
    assert SavedModelTagger(tmp_path).tag([]) == []
