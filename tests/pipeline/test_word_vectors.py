"""`ner data vectors`."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from click.testing import CliRunner
from support.lazy import LazyModule

from components.common.errors import NerError
from components.transform.vector_file import VectorFile
from pipeline.cli.main import main

encoding = LazyModule("pipeline.word_vectors")
vocabularies = LazyModule("components.transform.wordpieces")

LINES = ["Joe Biden went to Paris .", "Biden visited Paris , 24 times .", "PARIS was in the news ."]
WORDS = ["joe", "biden", "went", "to", "paris", "visiting", "abc", "zebra", "hello", "world", "a", "went-to"]


@pytest.fixture
def texts(tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return str(file)


def run(*arguments):
    return CliRunner().invoke(main, ["data", "vectors", *map(str, arguments)])


def test_the_file_has_the_most_frequent_words_first_and_training_reads_it(texts, tiny_preset, tmp_path):
    target = tmp_path / "vectors.txt.gz"
    result = run(texts, target, "--encoder", tiny_preset, "--dimension", 4, "--words", 12)
    assert result.exit_code == 0, result.output
    assert f"{target}: 12 words, 4 numbers each" in result.output
    file = VectorFile(str(target))
    entries = list(file)
    words = [word for _, word, _ in entries]
    assert file.dim == 4
    assert words[:3] == ["paris", ".", "biden"]  # two occur three times: in the order of the texts
    assert "00" in words  # case and digits are folded, as the encoder folds case
    assert all(file.parse(*entry).shape == (4,) for entry in entries)
    before = gzip.decompress(target.read_bytes())
    assert run(texts, target, "--encoder", tiny_preset).exit_code == 2  # exists
    run(texts, target, "--encoder", tiny_preset, "--dimension", 4, "--words", 12, "--force")
    assert gzip.decompress(target.read_bytes()) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--encoder", "no/such/folder"], "--encoder: no/such/folder: does not exist."),
        (["--dimension", "99"], "Choose 14 or fewer"),
        (["--texts", "missing.txt"], "TEXTS: missing.txt does not exist."),
    ],
)
def test_errors_name_the_option(texts, tiny_preset, tmp_path, options, message):
    if options[0] == "--texts":
        texts, options = options[1], []
    encoder = [] if "--encoder" in options else ["--encoder", tiny_preset]
    result = run(texts, tmp_path / "vectors.txt", *encoder, *options)
    assert result.exit_code == 1
    assert message in result.output
    assert not (tmp_path / "vectors.txt").exists()


def test_texts_are_not_replaced(texts, tiny_preset):
    result = run(texts, texts, "--encoder", tiny_preset, "--force")
    assert (result.exit_code, "would replace" in result.output) == (2, True)


@pytest.fixture(scope="module")
def vocabulary(tiny_preset):
    return vocabularies.WordPieceVocabulary.from_preset(tiny_preset)


def test_vectors_are_centred_components_of_falling_variance(tiny_preset, vocabulary):
    vectors = encoding.encoder_vectors(WORDS, vocabulary, tiny_preset, 8)
    assert (vectors.shape, vectors.dtype) == ((len(WORDS), 8), np.float32)
    np.testing.assert_allclose(vectors.std(), 1, rtol=1e-5)
    np.testing.assert_allclose(vectors.mean(0), 0, atol=1e-4)
    spread = vectors.std(0)
    assert (spread[:-1] >= spread[1:]).all()
    assert len(np.unique(vectors.round(4), axis=0)) == len(WORDS)


def test_a_word_is_the_mean_of_the_states_of_its_row(tiny_preset, vocabulary):
    import keras_hub

    encoder = encoding.encoder_from_preset(
        num_tags=2, maxlen=1, pieces=vocabulary.pieces, preset=tiny_preset, dropout=0.0
    )
    states = encoding._states(encoder, encoding._pieces(WORDS, vocabulary))
    backbone = keras_hub.models.Backbone.from_preset(tiny_preset)
    pieces = ["[CLS]", "a", "##b", "##c", "[SEP]"]
    row = np.array([[vocabulary.pieces.index(piece) for piece in pieces]])
    inputs = {"token_ids": row, "padding_mask": np.ones_like(row), "segment_ids": np.zeros_like(row)}
    expected = np.asarray(backbone(inputs)["sequence_output"])[0].mean(0)
    np.testing.assert_allclose(states[WORDS.index("abc")], expected, atol=1e-5)


@pytest.mark.parametrize(("words", "dimension", "most"), [(WORDS, 40, 12), (WORDS * 4, 33, 32)])
def test_too_many_dimensions_are_refused(tiny_preset, vocabulary, words, dimension, most):
    with pytest.raises(NerError, match=f"--dimension {dimension}: .* Choose {most} or fewer"):
        encoding.encoder_vectors(words, vocabulary, tiny_preset, dimension)
