"""Preprocessing: features, vocabularies and tags of pieces."""

from __future__ import annotations

import sys

import pytest
from support.lazy import LazyModule
from support.processes import run

from components.transform import features as names
from configs.loading import load_config

tf = LazyModule("tensorflow")
tft = LazyModule("tensorflow_transform")
tft_beam = LazyModule("tensorflow_transform.beam")
tokenizing = LazyModule("components.text.tokenizer")
preprocessing = LazyModule("components.transform.preprocessing")

ROWS = [
    ("a", "Joe Biden visited U.S. bases .", ["B-PER", "I-PER", "O", "B-LOC", "O", "O"]),
    ("b", "Biden(Joe visited 1997", ["B-PER", "O", "O"]),
    ("c", "rare", ["O"]),
]


def spread(rows: list[tuple[str, list[str]]], tokenizer: str = "words") -> list[list[str]]:
    tokens = tokenizing.tokenize(tf.constant([sentence for sentence, _ in rows]), tokenizer)
    tags = tf.ragged.constant([tags for _, tags in rows], dtype=tf.string, ragged_rank=1)
    return [[t.decode() for t in row] for row in preprocessing.spread_tags(tags, tokens.starts, tokens.ends).to_list()]


def test_tags_spread_over_the_pieces_of_a_token():
    assert spread([(s, t) for _, s, t in ROWS]) == [
        ["B-PER", "I-PER", "O", "B-LOC", "O", "O"],
        ["B-PER", "I-PER", "I-PER", "O", "O"],
        ["O"],
    ]


def test_tags_are_unchanged_if_tokens_are_not_split():
    assert spread([(s, t) for _, s, t in ROWS], "whitespace") == [t for _, _, t in ROWS]


def test_words_of_scripts_without_spaces_are_tagged_by_character():
    assert spread([("王伟 去了 Oslo 。", ["B-PER", "O", "B-LOC", "O"])], "characters") == [
        ["B-PER", "I-PER", "O", "O", "B-LOC", "O"]
    ]


def test_spread_tags_separates_sentences_and_accepts_missing_tags():
    assert spread([("", []), ("a(b", ["B-X"]), ("c", ["B-Y"]), ("", [])]) == [[], ["B-X", "I-X", "I-X"], ["B-Y"], []]
    assert spread([("a b", []), ("c", [])]) == [["[PAD]", "[PAD]"], ["[PAD]"]]


def test_case_and_digits_of_any_script_are_folded():
    folded = preprocessing.folded_tokens(tokenizing.tokenize(tf.constant(["ÉLAN-1997 ٣٤", ""]), "whitespace"))
    assert [[t.decode() for t in row] for row in folded.to_list()] == [["élan-0000", "00"], []]


@pytest.fixture(scope="module")
def transformed(tmp_path_factory):
    """Returns the transformed ROWS by key and the transform output."""
    from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

    from components.transform.bounded_vocabularies import bounded_vocabularies

    spec = {
        "key": tf.io.FixedLenFeature([1], tf.string),
        "sentence": tf.io.FixedLenFeature([1], tf.string),
        "tags": tf.io.VarLenFeature(tf.string),
    }
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(spec))
    data = [{"key": [k.encode()], "sentence": [s.encode()], "tags": [t.encode() for t in tags]} for k, s, tags in ROWS]
    out = str(tmp_path_factory.mktemp("transform"))
    config = {"settings": load_config(None, ["transform.tokenizer=words"]).transform.model_dump(mode="json")}
    with bounded_vocabularies(), tft_beam.Context(temp_dir=str(tmp_path_factory.mktemp("temp"))):
        (rows, _), fn = (data, metadata) | tft_beam.AnalyzeAndTransformDataset(
            lambda inputs: preprocessing.preprocessing_fn(inputs, config)
        )
        _ = fn | tft_beam.WriteTransformFn(out)
    plain = [{name.removesuffix("$ragged_values"): value for name, value in row.items()} for row in rows]
    return {row["key"][0].decode(): row for row in plain}, tft.TFTransformOutput(out)


def test_padding_and_unknown_words_have_reserved_ids(transformed):
    rows, output = transformed
    words = [w.decode() for w in output.vocabulary_by_name(names.WORD_VOCABULARY)]
    assert words[:2] == ["[PAD]", "[UNK]"]
    assert set(words[2:]) == {"joe", "biden", "visited"}
    assert list(rows["c"][names.WORD_IDS]) == [names.UNK_ID]
    assert all(0 not in row[names.WORD_IDS] and 0 not in row[names.CASE_IDS] for row in rows.values())


def test_tag_vocabulary_has_padding_and_the_tags_of_the_data(transformed):
    rows, output = transformed
    tags = [t.decode() for t in output.vocabulary_by_name(names.TAG_VOCABULARY)]
    assert tags[0] == "[PAD]"
    assert sorted(tags[1:]) == ["B-LOC", "B-PER", "I-PER", "O"]
    assert [tags[i] for i in rows["b"][names.TAG_IDS]] == ["B-PER", "I-PER", "I-PER", "O", "O"]


def test_offsets_point_into_the_raw_sentence(transformed):
    rows, _ = transformed
    sentence = ROWS[0][1]
    row = rows["a"]
    cut = [sentence[s:e].encode() for s, e in zip(row[names.STARTS], row[names.ENDS], strict=True)]
    assert cut == list(row[names.TOKENS])


@pytest.mark.extended
def test_long_texts_take_memory_in_proportion_to_their_length():
    """Transform reads up to 1,000 sentences at once; one of a megabyte among them must not multiply."""
    script = """
import resource
import tensorflow as tf
from components.text.tokenizer import tokenize
from components.transform.case_ids import case_ids
from components.transform.preprocessing import folded_tokens, spread_tags
from components.transform.subwords import subword_ids

@tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
def features(sentences):
    tokens = tokenize(sentences)
    tags = tf.strings.split(tf.strings.regex_replace(sentences, r"[^ ]+", "B-X"))
    spread = spread_tags(tags, tokens.starts, tokens.ends)
    return folded_tokens(tokens), case_ids(tokens), subword_ids(tokens), spread

features(tf.constant(["Joe Biden"] * 1000))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for text in (b"a" * 10**6, b"\\xff" * 10**6, b"a\\xff " * 333_000, b"ab " * 333_000, "\\uffff".encode() * 333_000):
    features(tf.constant([text, *[b"Joe Biden visited Paris"] * 999]))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    process = run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(process.stdout.split()[-1]) < 1000, "MB"
