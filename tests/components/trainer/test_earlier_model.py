from __future__ import annotations

import json
import logging
from pathlib import Path

import keras
import numpy as np
import pytest

from components.common.errors import NerError
from components.model.taggers import build_tagger
from components.text.windows import Windows
from components.trainer.earlier_model import warm_start_from
from components.trainer.trained_model import TrainedModel

TAGS = ("[PAD]", "O", "B-X")
SIZES = {"num_tags": 3, "num_cases": 7, "num_subwords": 64, "maxlen": 8, "seed": 0}
ARTICLE = {"embed_dim": 8, "num_heads": 2, "ff_dim": 8}


class _Graph:
    """The vocabularies of a transform graph."""

    def __init__(self, words: list[str]) -> None:
        self._words = words

    def vocabulary_by_name(self, name: str) -> list[bytes]:
        return [entry.encode() for entry in {"word_vocabulary": self._words, "tag_vocabulary": TAGS}[name]]


def _tagger(words: int) -> keras.Model:
    return build_tagger("article", {**SIZES, "vocab_size": words}, **ARTICLE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An earlier model over four words, one of them odd."""
    TrainedModel(_tagger(5), Windows(8, 1), TAGS).save(str(tmp_path))
    (tmp_path / "word_vocabulary").write_text("[PAD]\n[UNK]\na\nb\u2028c\nd\n", encoding="utf-8")
    return tmp_path


def test_warm_start_from_reads_weights_and_vocabularies(folder, caplog):
    model = _tagger(4)
    with caplog.at_level(logging.INFO, logger="absl"):
        report = warm_start_from(str(folder), model, _Graph(["[PAD]", "[UNK]", "b\u2028c", "new"]))
    assert report.matched["embedding/token_embedding/embeddings"] == (3, 4)
    earlier = keras.saving.load_model(folder / "model.keras", compile=False)
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(model.embedding.token_embedding.embeddings)[2],
        keras.ops.convert_to_numpy(earlier.embedding.token_embedding.embeddings)[3],
    )
    assert "warm start: " in caplog.text


def test_warm_start_from_another_kind_of_tagger_is_none(folder, caplog):
    options = {"embed_dim": 8, "width": 8, "dilations": [1], "linear_weights": 100, "linear_members": 1}
    options |= dict.fromkeys(("input_dropout", "dropout", "word_dropout", "subword_dropout", "linear_dropout"), 0.0)
    model = build_tagger("production", {**SIZES, "vocab_size": 4}, **options)
    with caplog.at_level(logging.WARNING, logger="absl"):
        assert warm_start_from(str(folder), model, _Graph(["[PAD]", "[UNK]", "a", "d"])) is None
    assert "the champion is a NERModel, this is a ProductionModel" in caplog.text


@pytest.mark.parametrize("file", ["model.keras", "trained_model.json", "word_vocabulary"])
@pytest.mark.parametrize("damage", ["missing", "garbage"])
def test_damaged_files_are_told(folder, file, damage):
    (folder / file).unlink()
    if damage == "garbage":
        (folder / file).write_bytes(b"\xff" if file == "word_vocabulary" else b"garbage")
    with pytest.raises(NerError, match="without a warm start"):
        warm_start_from(str(folder), _tagger(4), _Graph(["[PAD]", "[UNK]", "a", "d"]))


def test_the_file_of_a_saved_model_names_its_class(folder):
    """What `_class_name` relies on; Keras does not document it."""
    import zipfile

    with zipfile.ZipFile(folder / "model.keras") as archive:
        assert json.loads(archive.read("config.json"))["class_name"] == "NERModel"
