"""Vocabularies of presets."""

from __future__ import annotations

import pytest

from components.common.errors import NerError
from components.transform.wordpiece_vocabulary import WordPieceVocabulary

pytestmark = pytest.mark.extended


def test_pieces_and_settings_come_from_the_preset(tiny_preset):
    vocabulary = WordPieceVocabulary.from_preset(tiny_preset)
    assert vocabulary.pieces[:5] == ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    assert vocabulary.fold_case
    assert not vocabulary.strip_accents
    assert vocabulary.split


def test_a_missing_preset_is_named():
    pytest.importorskip("keras_hub")
    with pytest.raises(NerError, match=r"trainer\.encoder\.preset: the tokenizer of 'nowhere/x' cannot be"):
        WordPieceVocabulary.from_preset("nowhere/x")


def test_a_preset_without_tokenizer_is_named(tmp_path):
    keras_hub = pytest.importorskip("keras_hub")
    keras_hub.models.BertBackbone(10, 1, 2, 8, 8).save_to_preset(str(tmp_path))
    with pytest.raises(NerError, match=r"the tokenizer of .* cannot be loaded"):
        WordPieceVocabulary.from_preset(str(tmp_path))


def test_another_kind_of_tokenizer_is_rejected(tmp_path):
    keras_hub = pytest.importorskip("keras_hub")
    folder = str(tmp_path / "roberta")
    vocabulary = {piece: number for number, piece in enumerate(["<s>", "<pad>", "</s>", "<mask>", "a", "b", "ab"])}
    keras_hub.models.RobertaTokenizer(vocabulary=vocabulary, merges=["a b"]).save_to_preset(folder)
    keras_hub.models.RobertaBackbone(len(vocabulary), 1, 2, 8, 8).save_to_preset(folder)
    with pytest.raises(NerError, match=r"has a RobertaTokenizer, .* Use an encoder with WordPiece"):
        WordPieceVocabulary.from_preset(folder)
