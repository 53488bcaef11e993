"""Hashed texts of the training data."""

from __future__ import annotations

import numpy as np
import pytest

from components.evaluator.counts.text_hashes import TextHashes, text_hashes
from components.evaluator.errors import EvaluationError

pytestmark = pytest.mark.extended


def test_texts_match_exactly():
    known = TextHashes.of(["Paris", "New Delhi", "Paris", "été"])
    assert known.contain(["Paris", "paris", "New", "New Delhi", "été", ""]).tolist() == [1, 0, 0, 1, 1, 0]
    assert len(known.hashes) == 3


def test_no_entities():
    assert TextHashes.of([]).contain(["a"]).tolist() == [False]
    assert TextHashes.of(["a"]).contain([]).tolist() == []


def test_set_can_be_read_back_and_contains_no_text():
    known = TextHashes.of(["Paris", "New Delhi"])
    content = known.to_bytes()
    assert b"Paris" not in content
    assert TextHashes.from_bytes(content, "f").contain(["Paris", "x"]).tolist() == [True, False]


def test_hashes_of_a_hundred_thousand_texts_differ():
    assert len(np.unique(text_hashes(map(str, range(100_000))))) == 100_000


def npy(array):
    import io

    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_other_files_are_refused_by_name():
    for content in (b"", b"no", npy(np.zeros(3)), npy(np.zeros((2, 2), np.uint64))):
        with pytest.raises(EvaluationError, match=r"folder/file\.npy"):
            TextHashes.from_bytes(content, "folder/file.npy")
