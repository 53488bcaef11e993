"""The error of a corpus: its text, and that it survives the ways it travels."""

from __future__ import annotations

import json
import pickle

import pytest

from components.common.errors import NerError
from components.corpus_example_gen.errors import CorpusError


@pytest.mark.parametrize(
    ("line", "text"), [(12, "train.conll:12: found x. Do y."), (None, "train.conll: found x. Do y.")]
)
def test_text_names_place_finding_and_fix(line, text):
    error = CorpusError("train.conll", line, "found x", "Do y.")
    assert str(error) == text
    assert isinstance(error, NerError)


@pytest.mark.parametrize("copy", [lambda e: pickle.loads(pickle.dumps(e)), lambda e: CorpusError(**e.to_dict())])
def test_copies_are_equal_in_all_parts(copy):
    error = CorpusError("a.tsv", 3, "found 'é'", "Do y.")
    again = copy(error)
    assert (str(again), again.to_dict()) == (str(error), error.to_dict())
    assert json.loads(json.dumps(error.to_dict())) == error.to_dict()
