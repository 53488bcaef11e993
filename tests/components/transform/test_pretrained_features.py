"""Features of taggers with pretrained parts."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from support.lazy import LazyModule

from components.common.errors import NerError
from components.transform import features as names

tf = LazyModule("tensorflow")
tft = LazyModule("tensorflow_transform")

SPELLINGS = [
    ("οδός", "Οδός", "ΟΔΌΣ"),
    ("οδος", "ΟΔΟΣ"),
    ("İstanbul", "istanbul", "i̇stanbul", "İSTANBUL"),
    ("STRASSE", "Straße", "strasse"),
]
SENTENCE = "Joe Biden visited Zanzibar PARIS in 1997 xyzzy"


def transform(graph, sentence):
    """Returns the features of a sentence from the saved and loaded graph."""
    output = tft.TFTransformOutput(graph)
    layer = output.transform_features_layer()
    features = layer({"sentence": tf.constant([[sentence]])})
    return {name: value.to_list()[0] for name, value in features.items() if isinstance(value, tf.RaggedTensor)}


def test_default_taggers_have_no_features_of_pretrained_parts(transformed):
    output = tft.TFTransformOutput(transformed.graph)
    assert names.model_features(output.transformed_feature_spec()) == names.MODEL_FEATURES
    assert output.vocabulary_file_by_name(names.VECTOR_VOCABULARY) is None
    assert output.vocabulary_file_by_name(names.PIECE_VOCABULARY) is None


@pytest.fixture(scope="module")
def with_vectors(transform_corpus, tmp_path_factory):
    """Returns the graph with all but the last word of a vector file, which is deleted afterwards."""
    path = tmp_path_factory.mktemp("vectors") / "vectors.txt"
    words = ["Paris", "Zanzibar", "1984", "in", *(spellings[0] for spellings in SPELLINGS), "xyzzy"]
    path.write_text("".join(f"{word} 1 2\n" for word in words), encoding="utf-8")
    vectors = {"path": str(path), "words": len(words) - 1}
    made = transform_corpus(["min_count=1"], vectors=vectors)
    path.unlink()
    return made.graph


def test_vector_ids_of_seen_and_unseen_words(with_vectors):
    row = transform(with_vectors, SENTENCE)
    words = [word.decode() for word in tft.TFTransformOutput(with_vectors).vocabulary_by_name(names.WORD_VOCABULARY)]
    tokens = SENTENCE.split()
    ids = dict(zip(tokens, row[names.VECTOR_IDS], strict=True))
    assert ids["Zanzibar"] == 3
    assert "zanzibar" not in words
    assert ids["PARIS"] == 2, "by its folded spelling"
    assert ids["1997"] == 4, "digits are folded, too"
    assert ids["in"] == 5
    assert ids["xyzzy"] == names.UNK_ID, "the file's last word, which training lacks"
    for word in ("Joe", "Biden", "visited"):
        assert ids[word] == words.index(word.lower()) + 4 + len(SPELLINGS)


def test_all_spellings_of_a_word_have_the_same_vector_id(with_vectors):
    """More spellings: tests/components/text/test_folding.py."""
    for number, spellings in enumerate(SPELLINGS, 6):
        assert transform(with_vectors, " ".join(spellings))[names.VECTOR_IDS] == [number] * len(spellings)


def test_the_vector_vocabulary_is_an_asset_of_the_graph(with_vectors):
    file = tft.TFTransformOutput(with_vectors).vocabulary_file_by_name(names.VECTOR_VOCABULARY)
    assert Path(file).read_text(encoding="utf-8").splitlines()[:2] == ["Paris\t2", "Zanzibar\t3"]


@pytest.mark.extended
def test_without_words_of_the_file_ids_are_those_of_the_word_vocabulary(transform_corpus):
    graph = transform_corpus(vectors={"path": "is not read", "words": 0}).graph
    row = transform(graph, SENTENCE)
    assert row[names.VECTOR_IDS] == row[names.WORD_IDS]


@pytest.mark.extended
def test_a_missing_file_is_named(transform_corpus):
    with pytest.raises(NerError, match=r"nowhere\.txt: cannot be read"):
        transform_corpus(vectors={"path": "nowhere.txt", "words": 4})


@pytest.mark.extended
def test_frequent_words_of_unlabelled_texts_are_known(transform_corpus, tmp_path):
    texts = tmp_path / "texts.jsonl.gz"
    texts.write_bytes(gzip.compress(b'"Oslo is Oslo, Biden"\n"Biden in Oslo"\n'))
    output = tft.TFTransformOutput(transform_corpus(unlabelled={"path": str(texts)}).graph)
    words = output.vocabulary_by_name(names.WORD_VOCABULARY)
    assert words[:4] == [b"[PAD]", b"[UNK]", b"oslo", b"biden"]
    assert len(words) == len({*words}) > 10
    row = transform(output.transform_savedmodel_dir.removesuffix("/transform_fn"), "OSLO went to Oslo")
    assert row[names.WORD_IDS][0] == row[names.WORD_IDS][3] == 2


@pytest.mark.extended
def test_word_pieces_of_a_preset(transform_corpus, tiny_preset):
    graph = transform_corpus(encoder={"preset": tiny_preset, "max_pieces": 3}).graph
    output = tft.TFTransformOutput(graph)
    file = Path(output.vocabulary_file_by_name(names.PIECE_VOCABULARY))
    pieces = file.read_text(encoding="utf-8").split("\n")[:-1]
    row = transform(graph, "Joe going Bo ÿ")
    texts = [[pieces[number - 1] for number in token if number] for token in row[names.PIECE_IDS]]
    assert texts == [["joe"], ["g", "##o", "##ing"], ["b", "##o"], ["[UNK]"]]
    assert all(len(token) == 3 for token in row[names.PIECE_IDS])
    assert names.model_features(output.transformed_feature_spec())[-1] == names.PIECE_IDS
