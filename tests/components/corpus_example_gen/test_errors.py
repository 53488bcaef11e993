"""CorpusError: its text, pickling and JSON."""

from __future__ import annotations

import json
import pickle

import pytest
from support.settings import corpus_settings

from components.common.errors import NerError
from components.corpus_example_gen.errors import CorpusError, CorpusReadingError
from components.corpus_example_gen.readers import corpus_reader


def test_text_names_location_problem_and_fix():
    error = CorpusError("train.conll", 12, "found x", "Do y.")
    assert str(error) == "train.conll:12: found x. Do y."
    assert str(CorpusError("train.conll", None, "found x", "Do y.")) == "train.conll: found x. Do y."
    assert isinstance(error, NerError)


def test_copies_are_equal_in_all_parts():
    error = CorpusError("a.tsv", 3, "found 'é'", "Do y.")
    for copy in (pickle.loads(pickle.dumps(error)), CorpusError(**json.loads(json.dumps(error.to_dict())))):
        assert (str(copy), copy.to_dict()) == (str(error), error.to_dict())


def test_skipping_errors_does_not_skip_a_doubt_about_the_whole_file(monkeypatch):
    doubt = CorpusReadingError("a.conll", 3, "found two meanings", "Set corpus.format.")
    assert type(pickle.loads(pickle.dumps(doubt))) is CorpusReadingError

    def read(*_: object) -> None:
        raise doubt

    monkeypatch.setattr(corpus_reader, "find_format", read)
    with pytest.raises(CorpusReadingError, match="two meanings"):
        list(corpus_reader.read_corpus_file("a.conll", corpus_settings(on_error="skip"), data=b"a O\n"))
