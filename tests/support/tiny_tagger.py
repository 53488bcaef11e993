"""A tagger of a few words that fulfils the serving contract and is exported in a second. Broken exports subclass it.

Import this module inside a test or fixture: it loads TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf

from components.exporter.saved_model.scrub import scrub_build_paths
from components.text.tokenizer import tokenize
from components.text.words import WHITESPACE

TAGS = ["[PAD]", "OUT", "B-NAME", "I-NAME", "B-LOCATION", "I-LOCATION"]
WORDS = {"Joe": 2, "Biden": 3, "Xi": 2, "Jinping": 3, "Paris": 4, "France": 5, "Kyiv": 4, "visited": 1, "went": 1}
SENTENCE = tf.TensorSpec([None], tf.string, name="sentence")


class TinyTagger(tf.Module):
    """Looks up every word; a broken export overrides one method."""

    def __init__(self, folder: Path, tags: Sequence[str] = tuple(TAGS), words: Mapping[str, int] = WORDS) -> None:
        super().__init__()
        names = ["[PAD]", "[UNK]", *words]
        self.words = _table(_asset(folder, "words.txt", names), tf.string, tf.int64, 1)
        self.labels = _table(_asset(folder, "tags.txt", tags), tf.int64, tf.string, "[PAD]")
        rows = [tf.one_hot(words.get(word, 1), len(tags)) for word in names]
        self.weights = tf.Variable(tf.stack(rows), name="weights")  # [words, tags]

    def ids(self, tokens: tf.RaggedTensor) -> tf.RaggedTensor:
        return tokens.with_flat_values(self.words.lookup(tokens.flat_values))

    def logits(self, ids: tf.RaggedTensor) -> tf.RaggedTensor:
        return tf.ragged.map_flat_values(tf.gather, self.weights, ids)

    def to_rows(self, ragged: tf.RaggedTensor, filler: object) -> tf.Tensor:
        return ragged.to_tensor(filler)

    def cut(self, sentence: tf.Tensor):
        tokens, starts, ends = tokenize(sentence, WHITESPACE)[:3]
        return tokens, tf.cast(starts, tf.int32), tf.cast(ends, tf.int32)

    def tag(self, sentence: tf.Tensor) -> dict[str, tf.Tensor]:
        tokens, starts, ends = self.cut(sentence)
        logits = self.logits(self.ids(tokens))
        best = logits.with_flat_values(tf.argmax(logits.flat_values, -1))
        scores = tf.reduce_max(tf.nn.softmax(logits.flat_values), -1)
        return {
            "tokens": self.to_rows(tokens, "[PAD]"),
            "tags": self.to_rows(best.with_flat_values(self.labels.lookup(best.flat_values)), "[PAD]"),
            "scores": self.to_rows(tokens.with_flat_values(scores), 0.0),
            "starts": self.to_rows(starts, 0),
            "ends": self.to_rows(ends, 0),
        }

    def keyed(self, key: tf.Tensor, sentence: tf.Tensor) -> dict[str, tf.Tensor]:
        return {**self.tag(sentence), "key": tf.identity(key)}

    def forward(self, sentence: tf.Tensor, source: tf.Tensor, tax: tf.Tensor) -> dict[str, tf.Tensor]:
        return {**self.tag(sentence), "source": tf.identity(source), "tax": tf.identity(tax)}

    def examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        spec = {"sentence": tf.io.FixedLenFeature([], tf.string), "key": tf.io.FixedLenFeature([1], tf.string, [""])}
        parsed = tf.io.parse_example(examples, spec)
        return {**self.tag(parsed["sentence"]), "key": parsed["key"]}

    def signatures(self) -> dict[str, object]:
        strings = {name: tf.TensorSpec([None], tf.string, name=name) for name in ("key", "source", "examples")}
        tax = tf.TensorSpec([None], tf.float32, name="tax")
        return {
            "serving_default": tf.function(self.tag).get_concrete_function(SENTENCE),
            "keyed": tf.function(self.keyed).get_concrete_function(strings["key"], SENTENCE),
            "feature_forward": tf.function(self.forward).get_concrete_function(SENTENCE, strings["source"], tax),
            "serving_examples": tf.function(self.examples).get_concrete_function(strings["examples"]),
        }

    def save(self, folder: Path) -> Path:
        options = tf.saved_model.SaveOptions(save_debug_info=False)
        tf.saved_model.save(self, str(folder), signatures=self.signatures(), options=options)
        scrub_build_paths(folder)
        return folder


def _asset(folder: Path, name: str, lines: Sequence[str]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(folder / name)


def _table(file: str, key: tf.DType, value: tf.DType, default: object) -> tf.lookup.StaticHashTable:
    number, line = tf.lookup.TextFileIndex.LINE_NUMBER, tf.lookup.TextFileIndex.WHOLE_LINE
    columns = (line, number) if key == tf.string else (number, line)
    return tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(file, key, columns[0], value, columns[1]), default)


def golden_tags(sentence: str) -> list[str]:
    """Returns the expected tags, without TensorFlow."""
    return [TAGS[WORDS.get(word, 1)] for word in sentence.split()]
