"""WordPiece in the graph, compared with TensorFlow Text, and the vocabularies of presets."""

from __future__ import annotations

import random

import pytest
from support.lazy import LazyModule

from components.common.errors import NerError

pytestmark = pytest.mark.extended

tf = LazyModule("tensorflow")
wordpieces = LazyModule("components.transform.wordpieces")

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = "abcdeéüABÉßİж中国한ﬁΣς"


@pytest.fixture
def cut(monkeypatch):
    """Splits tokens in a traced graph, with a table that replaces the asset of the transform graph."""

    def table(name, lines, with_ids, default):
        content = tf.lookup.KeyValueTensorInitializer(list(lines), list(range(len(lines))), tf.string, tf.int64)
        return tf.lookup.StaticHashTable(content, default)

    monkeypatch.setattr("components.transform.wordpieces.vocabulary_table", table)

    def cut(tokens, vocabulary, most=200):
        @tf.function(autograph=False)
        def graph(flat):
            return wordpieces.piece_ids(
                tf.RaggedTensor.from_row_lengths(flat, [tf.size(flat)]), vocabulary, most
            ).flat_values

        rows = graph(tf.constant(tokens, tf.string)).numpy()
        assert rows.shape == (len(tokens), most)
        return [[vocabulary.pieces[number - 1] for number in row if number] for row in rows]

    return cut


@pytest.fixture(scope="module")
def pieces():
    """Returns random pieces of a few letters."""
    rng = random.Random(0)
    words = {"".join(rng.choices(LETTERS, k=rng.choice([1, 1, 2, 2, 3, 4, 6]))) for _ in range(400)}
    forms = sorted({form for word in words for form in (word, word.casefold())})
    drawn = [inner + form for form in forms for inner in ("", "##") if rng.random() < 0.7]
    return (*SPECIAL, *".,-#'!", *drawn)


def test_agrees_with_tensorflow_text(cut, pieces):
    for options in [
        {},
        {"lowercase": True},
        {"strip_accents": True},
        {"lowercase": True, "strip_accents": True},
        {"split_on_cjk": False},
        {"split": False},
    ]:
        pytest.importorskip("tensorflow_text", reason="comes with the extra `encoder`")
        import keras_hub

        reference = keras_hub.tokenizers.WordPieceTokenizer(vocabulary=list(pieces), dtype="string", **options)
        vocabulary = wordpieces.WordPieceVocabulary(
            pieces,
            fold_case=reference.lowercase,
            strip_accents=reference.strip_accents,
            split=reference.split,
            split_cjk=reference.split_on_cjk,
        )
        rng = random.Random(1)
        alphabet = LETTERS + ".,-#'!\u200d\u00ad"
        tokens = ["".join(rng.choices(alphabet, k=rng.choice([1, 2, 3, 5, 8, 13, 40, 110]))) for _ in range(1000)]
        if options.get("split") is False:
            expected = [list(row) for row in reference.tokenize([[token] for token in tokens])]
        else:
            expected = [list(row) for row in reference.tokenize(tokens)]
        rows = cut(tokens, vocabulary)
        assert [row or ["[UNK]"] for row in expected] == rows
        assert len({piece for row in rows for piece in row}) > 50


@pytest.fixture
def vocabulary():
    return wordpieces.WordPieceVocabulary((*SPECIAL, "new", "newer", "##er", "##e", "##s", "##t", "!", "n", "##ew"))


def test_longest_match_first_or_unknown(cut, vocabulary):
    for token, pieces in [
        ("new", ["new"]),
        ("newest", ["new", "##e", "##s", "##t"]),
        ("newerer", ["newer", "##er"]),
        ("newx", ["[UNK]"]),
        ("xnew", ["[UNK]"]),
        ("new!new", ["new", "!", "new"]),
        ("newx!new", ["[UNK]", "!", "new"]),
        ("\u200d", ["[UNK]"]),
        ("", ["[UNK]"]),
        (b"new\xff", ["[UNK]"]),
        ("new" + "s" * 97, ["new", *["##s"] * 97]),
        ("new" + "s" * 98, ["[UNK]"]),
    ]:
        assert cut([token], vocabulary) == [pieces]


def test_only_the_first_pieces_of_a_token_are_kept(cut, vocabulary):
    assert cut(["newest!", "new"], vocabulary, most=2) == [["new", "##e"], ["new"]]


def test_tokens_are_independent(cut, vocabulary):
    tokens = ["newest", "new!", "x", "newest", "", "newer"]
    assert cut(tokens, vocabulary, 4) == [cut([token], vocabulary, 4)[0] for token in tokens]


def test_empty_batch(cut, vocabulary):
    assert cut([], vocabulary) == []


def test_pieces_and_settings_come_from_the_preset(tiny_preset):
    vocabulary = wordpieces.WordPieceVocabulary.from_preset(tiny_preset)
    assert vocabulary.pieces[:5] == ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    assert vocabulary.fold_case
    assert not vocabulary.strip_accents
    assert vocabulary.split


def test_a_missing_preset_is_named():
    pytest.importorskip("keras_hub")
    with pytest.raises(NerError, match=r"trainer\.encoder\.preset: the tokenizer of 'nowhere/x' cannot be"):
        wordpieces.WordPieceVocabulary.from_preset("nowhere/x")


def test_a_preset_without_tokenizer_is_named(tmp_path):
    keras_hub = pytest.importorskip("keras_hub")
    keras_hub.models.BertBackbone(10, 1, 2, 8, 8).save_to_preset(str(tmp_path))
    with pytest.raises(NerError, match=r"the tokenizer of .* cannot be loaded"):
        wordpieces.WordPieceVocabulary.from_preset(str(tmp_path))


def test_another_kind_of_tokenizer_is_rejected(tmp_path):
    keras_hub = pytest.importorskip("keras_hub")
    folder = str(tmp_path / "roberta")
    vocabulary = {piece: number for number, piece in enumerate(["<s>", "<pad>", "</s>", "<mask>", "a", "b", "ab"])}
    keras_hub.models.RobertaTokenizer(vocabulary=vocabulary, merges=["a b"]).save_to_preset(folder)
    keras_hub.models.RobertaBackbone(len(vocabulary), 1, 2, 8, 8).save_to_preset(folder)
    with pytest.raises(NerError, match=r"has a RobertaTokenizer, .* Use an encoder with WordPiece"):
        wordpieces.WordPieceVocabulary.from_preset(folder)
