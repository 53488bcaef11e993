"""Tagging with an exported model in this process."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule
from support.settings import exporter_settings

from components.common.errors import NerError
from components.serving import SavedModelTagger
from components.serving.saved_model_tagger import NoTaggerError

exporter, tf = LazyModule("components.exporter"), LazyModule("tensorflow")


@pytest.mark.parametrize("default", ["plain", pytest.param("keyed", marks=pytest.mark.extended)])
def test_sentences_get_one_tag_per_token(trained, transformed, tmp_path, default):
    exporter.export(trained, transformed.graph, str(tmp_path), exporter_settings(default=default))
    tagger = SavedModelTagger(tmp_path)
    sentences = ["Justin Trudeau went to New Delhi India", "", "Joe Biden visited Paris France 😳"]
    tagged = tagger.tag(sentences)
    assert [t.sentence for t in tagged] == sentences
    assert tagged[0].tags == ("B-NAME", "I-NAME", "OUT", "OUT", "B-LOCATION", "I-LOCATION", "I-LOCATION")
    assert tagged[1].tokens == tagged[1].tags == ()
    assert tagged[2].tokens[-1] == "😳"
    for t in tagged:
        assert tuple(t.sentence[s:e] for s, e in zip(t.starts, t.ends, strict=True)) == t.tokens
        assert len(t.scores) == len(t.tags) == len(t.tokens)
    assert tagger.tag([]) == []


EXPORTS = {
    "nothing else": {"outputs": []},
    "entities": {"outputs": ["entities"]},
    "a fixed length": {"token_length": 3},
    "a fixed length and little else": {"token_length": 3, "outputs": ["tokens"]},
    "tokens": {"outputs": ["tokens"]},
    "scores": {"outputs": ["scores"]},
    "offsets": {"outputs": ["offsets"]},
    "everything": {"outputs": ["tokens", "scores", "offsets", "entities"]},
    "a keyed default": {"default": "keyed", "outputs": []},
    "features": {"forward": {"source": "string", "tax": "float32"}, "outputs": ["offsets"]},
    "another pad": {"pad": "", "outputs": ["tokens"]},
}
PROTECTING = {"nothing else", "entities", "a fixed length"}
SENTENCES = ["Justin Trudeau went to New Delhi India", "", "Joe Biden visited Paris \U0001f633", "[PAD] a"]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in PROTECTING else pytest.mark.extended) for name in EXPORTS]
)
def test_every_export_is_read_like_the_default_one(trained, transformed, tmp_path, name):
    folders = {"default": {}, "changed": EXPORTS[name]}
    for folder, changes in folders.items():
        exporter.export(trained, transformed.graph, str(tmp_path / folder), exporter_settings(**changes))
    expected, tagged = (SavedModelTagger(tmp_path / folder).tag(SENTENCES) for folder in folders)
    assert tagged == expected
    assert len(expected[0].tags) == 7


def foreign(folder, outputs, inputs=("sentence",), lower=False, numbers=False):
    """Saves a tagger of another project: words are runs without spaces, and every word has the tag X."""

    def tag(**values):
        words = tf.strings.split(values["sentence"])
        ends = tf.cumsum(tf.strings.length(words.to_tensor("")) + 1, axis=1) - 1
        lengths = tf.strings.length(words.to_tensor(""))
        answer = {
            "tokens": (tf.strings.lower(words) if lower else words).to_tensor("<pad>"),
            "tags": lengths if numbers else tf.fill(tf.shape(lengths), "X"),
            "starts": tf.where(lengths > 0, ends - lengths, 0),
            "ends": tf.where(lengths > 0, ends, 0),
            "scores": tf.ones_like(lengths, tf.float32),
        }
        return {name: answer[name] for name in outputs}

    specs = {name: tf.TensorSpec([None], tf.int64 if name == "row" else tf.string, name=name) for name in inputs}
    module = tf.Module()
    module.weight = tf.Variable(1.0)
    tf.saved_model.save(module, str(folder), signatures=tf.function(tag).get_concrete_function(**specs))
    return SavedModelTagger(folder)


@pytest.mark.parametrize(
    "outputs",
    [
        ("tokens", "tags"),
        pytest.param(("tags", "starts", "ends"), marks=pytest.mark.extended),
        pytest.param(("tokens", "tags", "scores", "starts", "ends"), marks=pytest.mark.extended),
    ],
    ids=str,
)
def test_a_foreign_model_with_some_outputs_gives_tokens_and_tags(tmp_path, outputs):
    tagger = foreign(tmp_path, outputs, ("sentence", "row"))
    first, empty, last = tagger.tag(["Joe Biden left", "", "Kyiv"])
    assert (first.tokens, first.tags) == (("Joe", "Biden", "left"), ("X",) * 3)
    assert (first.starts, first.ends) == ((0, 4, 10), (3, 9, 14))
    assert empty.tokens == empty.tags == ()
    assert (last.tokens, last.tags, last.ends) == (("Kyiv",), ("X",), (4,))
    assert len(first.scores) == (3 if "scores" in outputs else 0)


@pytest.mark.parametrize("sentence", ["joe Biden left", "joe Biden"])
def test_tokens_that_are_not_in_the_sentence_are_an_error(tmp_path, sentence):
    with pytest.raises(NerError, match=f"the token 'biden', which does not follow in the sentence '{sentence}'"):
        foreign(tmp_path, ("tokens", "tags"), lower=True).tag([sentence, "x"])


@pytest.mark.parametrize(("outputs", "inputs"), [(("tags",), ("sentence",)), (("tokens", "scores"), ("sentence",))])
def test_a_model_without_tags_or_tokens_is_refused_with_the_setting_that_adds_them(tmp_path, outputs, inputs):
    with pytest.raises(NerError, match=r"returns `tags` with `tokens`.*exporter\.outputs=\[tokens, scores, offsets\]"):
        foreign(tmp_path, outputs, inputs)


def test_a_model_whose_tags_are_numbers_is_not_a_tagger(tmp_path):
    with pytest.raises(NoTaggerError, match="no signature takes `sentence` and returns `tags`"):
        foreign(tmp_path, ("tokens", "tags"), numbers=True)


def test_texts_beyond_the_limit_are_sent_in_parts_and_a_longer_one_is_refused(trained, transformed, tmp_path):
    exporter.export(trained, transformed.graph, str(tmp_path), exporter_settings(max_characters=10_000))
    tagger = SavedModelTagger(tmp_path)
    long = "Joe Biden visited Paris France " * 300
    tagged = tagger.tag([long, *["Kyiv"] * 64, long])
    assert [len(each.tokens) for each in tagged] == [1500, *[1] * 64, 1500]
    with pytest.raises(NerError, match="the limit is 10,000"):
        tagger.tag(["a" * 10_001])
