"""CorpusError: its text, pickling and JSON."""

from __future__ import annotations

import json
import pickle

from components.common.errors import NerError
from components.corpus_example_gen.errors import CorpusError


def test_text_names_location_problem_and_fix():
    error = CorpusError("train.conll", 12, "found x", "Do y.")
    assert str(error) == "train.conll:12: found x. Do y."
    assert str(CorpusError("train.conll", None, "found x", "Do y.")) == "train.conll: found x. Do y."
    assert isinstance(error, NerError)


def test_copies_are_equal_in_all_parts():
    error = CorpusError("a.tsv", 3, "found 'é'", "Do y.")
    for copy in (pickle.loads(pickle.dumps(error)), CorpusError(**json.loads(json.dumps(error.to_dict())))):
        assert (str(copy), copy.to_dict()) == (str(error), error.to_dict())
