"""Ids of tags."""

from __future__ import annotations

import numpy as np
import pytest

from components.evaluator.counts.tag_vocabulary import BEGIN, INSIDE, OUTSIDE, TagVocabulary

pytestmark = pytest.mark.extended


def test_ids_are_assigned_in_order_and_never_change():
    vocabulary = TagVocabulary()
    assert vocabulary.encode(["O", "B-X", "O"]).tolist() == [0, 1, 0]
    assert vocabulary.encode(["I-Y", "B-X"]).tolist() == [2, 1]
    assert vocabulary.type_names == ("X", "Y")
    assert vocabulary.decode(np.array([2, 0])) == ["I-Y", "O"]


def test_bytes_and_text_of_a_tag_share_an_id():
    vocabulary = TagVocabulary()
    assert vocabulary.encode([b"B-\xc3\xa9", "B-é", b"B-\xc3\xa9"]).tolist() == [0, 0, 0]
    assert vocabulary.type_names == ("é",)


def test_prefixes_and_types_of_ids():
    vocabulary = TagVocabulary()
    ids = vocabulary.encode(["O", "OUT", "B-X", "I-X", "I-Y", "[PAD]", "", "E-X", "B-O"])
    assert vocabulary.prefixes(ids).tolist() == [OUTSIDE, OUTSIDE, BEGIN, INSIDE, INSIDE, *[OUTSIDE] * 4]
    assert vocabulary.types(ids).tolist() == [-1, -1, 0, 0, 1, -1, -1, -1, -1]


def test_empty_vocabulary():
    vocabulary = TagVocabulary()
    ids = vocabulary.encode([])
    assert ids.dtype == np.int32
    assert vocabulary.prefixes(ids).tolist() == vocabulary.types(ids).tolist() == []
    assert vocabulary.type_names == ()
