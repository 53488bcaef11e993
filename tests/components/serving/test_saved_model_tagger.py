"""Tagging with an exported model in this process."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule
from support.settings import exporter_settings

from components.serving import SavedModelTagger

exporter = LazyModule("components.exporter")


@pytest.mark.parametrize("default", ["plain", pytest.param("keyed", marks=pytest.mark.extended)])
def test_sentences_get_one_tag_per_token(trained, transformed, tmp_path, default):
    exporter.export(trained, transformed.graph, str(tmp_path), exporter_settings(default=default))
    tagger = SavedModelTagger(tmp_path)
    sentences = ["Justin Trudeau went to New Delhi India", "", "Joe Biden visited Paris France 😳"]
    tagged = tagger.tag(sentences)
    assert [t.sentence for t in tagged] == sentences
    assert tagged[0].tags == ("B-NAME", "I-NAME", "OUT", "OUT", "B-LOCATION", "I-LOCATION", "I-LOCATION")
    assert tagged[1].tokens == tagged[1].tags == ()
    assert tagged[2].tokens[-1] == "😳"
    for t in tagged:
        assert tuple(t.sentence[s:e] for s, e in zip(t.starts, t.ends, strict=True)) == t.tokens
        assert len(t.scores) == len(t.tags) == len(t.tokens)
    assert tagger.tag([]) == []
