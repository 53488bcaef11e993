"""Models for a server: two taggers that disagree, taggers with little in their answers, and models that tag nothing.

Import this module inside a test or fixture: it loads TensorFlow.
"""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from support.tiny_tagger import SENTENCE, WORDS, TinyTagger

TYPES = 60

# Kyiv has another type, Joe Biden other bounds, `went` is only in the candidate, and France only in the champion.
CANDIDATE = {**WORDS, "Kyiv": 2, "Biden": 1, "went": 2, "France": 1}


class Parts(TinyTagger):
    """A tagger that answers with some outputs only."""

    outputs: tuple[str, ...] = ("tags",)

    def signatures(self) -> dict[str, object]:
        def tag(sentence: tf.Tensor) -> dict[str, tf.Tensor]:
            answer = self.tag(sentence)
            tags = answer["tags"]
            begins = tf.strings.regex_full_match(tags, "B-.*")
            entities = {
                "entity_types": tf.where(begins, tf.strings.substr(tags, 2, 100), "[PAD]"),
                "entity_starts": tf.where(begins, answer["starts"], 0),
                "entity_ends": tf.where(begins, answer["ends"], 0),
            }
            return {name: tensor for name, tensor in {**answer, **entities}.items() if name in self.outputs}

        return {"serving_default": tf.function(tag).get_concrete_function(SENTENCE)}


class TagsOnly(Parts):
    """Cannot say where its tags belong."""


class TokensAndTags(Parts):
    """Has neither scores nor offsets."""

    outputs = ("tags", "tokens")


class EntitiesOnly(Parts):
    """Has the first word of each entity, and no tags."""

    outputs = ("entity_types", "entity_starts", "entity_ends")


class WrongOffsets(TinyTagger):
    """Counts from a place behind the text."""

    def cut(self, sentence: tf.Tensor):
        tokens, starts, ends = super().cut(sentence)
        return tokens, starts + 1000, ends + 1000


class Classifier(tf.Module):
    """Text in, and values that JSON and JavaScript cannot hold."""

    def __call__(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        rows = tf.ones_like(tf.strings.length(text), tf.float32)
        return {
            "label": tf.strings.join(["<b>", text, "</b>"]),
            "score": rows * float("nan"),
            "number": tf.cast(rows, tf.int64) * (2**60 + 1),
        }


class Doubles(tf.Module):
    """Numbers in, numbers out."""

    def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": 2.0 * x}


def save_models(folder: Path) -> None:
    """Saves all models in the layout of TensorFlow Serving, with a models.config."""
    taggers: dict[str, type[TinyTagger]] = {
        "bare": TagsOnly,
        "entities": EntitiesOnly,
        "plain": TokensAndTags,
        "wrong": WrongOffsets,
    }
    TinyTagger(folder / "source" / "1").save(folder / "ner" / "1")
    TinyTagger(folder / "source" / "2", words=CANDIDATE).save(folder / "ner" / "2")
    for name, tagger in taggers.items():
        tagger(folder / "source" / name).save(folder / name / "1")
    tags = ["[PAD]", "O", *(f"B-type-{number}" for number in range(TYPES))]
    words = {f"word{number}": number + 2 for number in range(TYPES)}
    TinyTagger(folder / "source" / "many", tags, words).save(folder / "many" / "1")
    for name, model, spec in (
        ("classifier", Classifier(), tf.TensorSpec([None], tf.string, name="text")),
        ("doubles", Doubles(), tf.TensorSpec([None, 2], tf.float32, name="x")),
    ):
        signature = tf.function(model).get_concrete_function(spec)
        tf.saved_model.save(model, str(folder / name / "1"), signatures={"serving_default": signature})
    configs = []
    for served in ("ner", *taggers, "many", "classifier", "doubles"):
        labels = {"champion": 1, "candidate": 2} if served == "ner" else {}
        shown = "".join(f"    version_labels {{ key: '{key}' value: {number} }}\n" for key, number in labels.items())
        configs.append(
            f"  config {{\n    name: '{served}'\n    base_path: '{folder / served}'\n"
            f"    model_platform: 'tensorflow'\n    model_version_policy {{ all {{}} }}\n{shown}  }}\n"
        )
    (folder / "models.config").write_text(f"model_config_list {{\n{''.join(configs)}}}\n", encoding="utf-8")
