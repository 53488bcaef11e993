"""Broken exports whose mistake shows in a signature or its answers: the validator names it and its cure.

Those that show in the folder are in test_pitfall_clinic_folders.py. The last tests see to it that no check is without a
broken export that only it finds, and that no known pitfall is without one.
"""

from __future__ import annotations

import shutil

import pytest
import tensorflow as tf

from components.exporter.validator.probe.checks import CHECKS
from components.exporter.validator.probe.pitfalls import PITFALLS

BROKEN = {}


def broken(check, pitfall, detail, signatures=("serving_default",)):
    """Registers a function (clinic, folder) -> folder that builds a broken export."""

    def register(build):
        BROKEN[build.__name__] = (build, check, pitfall, detail, signatures)
        return build

    return register


@broken("names_and_types", "ids_for_strings", "dtype int64 instead of string")
def ids_instead_of_tags(clinic, folder):
    class Ids(clinic.Tagger):
        def tag(self, sentence):
            tags = super().tag(sentence)["tags"]
            return {**super().tag(sentence), "tags": tf.zeros_like(tags, tf.int64)}

    return clinic.save(Ids, folder, "serving_default")


@broken("names_and_types", "ids_for_strings", "'inputs': 'int64'")
def core_of_the_model_alone(clinic, folder):
    module = tf.Module()
    module.weights = tf.Variable(tf.ones([9, 6]))
    spec = tf.TensorSpec([None, None], tf.int64, name="inputs")
    module.run = tf.function(lambda inputs: {"output_0": tf.gather(module.weights, inputs)}, input_signature=[spec])
    tf.saved_model.save(module, str(folder / "model"), signatures=module.run)
    shutil.rmtree(folder / "model" / "debug", ignore_errors=True)
    return folder / "model"


@broken("names_and_types", "fixed_batch", "only batches of 2")
def batch_fixed_at_two(clinic, folder):
    class Fixed(clinic.Tagger):
        def signatures(self):
            spec = tf.TensorSpec([2], tf.string, name="sentence")
            return {"serving_default": tf.function(self.tag).get_concrete_function(spec)}

    return clinic.save(Fixed, folder, "serving_default")


@broken("batch_sizes", "keras_variables", "Could not find variable")
def keras_model_tracked(clinic, folder):
    return clinic.save(
        clinic.with_keras_layer(lambda tagger, model: setattr(tagger, "model", model)), folder, "serving_default"
    )


@broken("names_and_types", "rank_as_batch", "only batches of 2")
def rank_used_as_batch_size(clinic, folder):
    class Rank(clinic.Tagger):
        def to_rows(self, ragged, filler):
            return ragged.to_tensor(filler, shape=tf.stack([tf.rank(ragged.to_tensor()), -1]))

    return clinic.save(Rank, folder, "serving_default")


@broken("batch_sizes", "rank_as_batch", "a batch of 0 gives 2 rows")
def two_rows_whatever_comes(clinic, folder):
    class Two(clinic.Tagger):
        def to_rows(self, ragged, filler):
            unseen = tf.maximum(2, tf.minimum(2, tf.size(ragged.to_tensor())))  # not known when the graph is traced
            return ragged.to_tensor(filler, shape=tf.stack([unseen, -1]))

    return clinic.save(Two, folder, "serving_default")


@broken("batch_sizes", "empty_batch", "a batch of 0")
def no_rows_fail(clinic, folder):
    class Needs(clinic.Tagger):
        def cut(self, sentence):
            with tf.control_dependencies([tf.debugging.assert_positive(tf.size(sentence))]):
                return super().cut(tf.identity(sentence))

    return clinic.save(Needs, folder, "serving_default")


@broken("golden_sentences", "wrong_tags", "the training graph says")
def truncated_vocabulary(clinic, folder):
    copy = shutil.copytree(clinic.folder, folder / "model")
    words = (copy / "assets" / "words.txt").read_text().splitlines()
    (copy / "assets" / "words.txt").write_text("\n".join(words[:4]) + "\n")
    return copy


@broken("golden_answers", "wrong_tags", "output scores")
def scores_changed(clinic, folder):
    class Scores(clinic.Tagger):
        def tag(self, sentence):
            return {**super().tag(sentence), "scores": super().tag(sentence)["scores"] * 0.5}

    return clinic.save(Scores, folder, "serving_default")


@broken("forwarded", "key_changed", "key", ("keyed",))
def keys_sorted(clinic, folder):
    class Sorted(clinic.Tagger):
        def keyed(self, key, sentence):
            order = tf.argsort(tf.strings.length(key))
            return {**self.tag(sentence), "key": tf.gather(key, order)}

    return clinic.save(Sorted, folder, "keyed")


@broken("forwarded", "key_changed", "tax", ("feature_forward",))
def feature_normalized(clinic, folder):
    class Clipped(clinic.Tagger):
        def forward(self, sentence, source, tax):
            return super().forward(sentence, source, tf.clip_by_value(tax, -1e9, 1e9))

    return clinic.save(Clipped, folder, "feature_forward")


@broken("odd_texts", "odd_text", "invalid UTF-8")
def strict_decoding(clinic, folder):
    class Strict(clinic.Tagger):
        def cut(self, sentence):
            checked = tf.strings.unicode_transcode(sentence, "UTF-8", "UTF-8", errors="strict")
            return super().cut(tf.where(tf.equal(checked, sentence), sentence, checked))

    return clinic.save(Strict, folder, "serving_default")


@broken("padding", "pad_is_unknown", "[PAD]")
def padding_equals_unknown(clinic, folder):
    class Pad(clinic.Tagger):
        def logits(self, ids):
            return ids.with_flat_values(
                tf.where((ids.flat_values == 1)[:, None], tf.one_hot(0, 6), super().logits(ids).flat_values)
            )

    return clinic.save(Pad, folder, "serving_default")


@broken("offsets", "wrong_offsets", "stands")
def offsets_in_bytes(clinic, folder):
    class Bytes(clinic.Tagger):
        def cut(self, sentence):
            tokens, starts, _ = super().cut(sentence)
            sizes = tokens.with_flat_values(tf.strings.length(tokens.flat_values))
            return tokens, starts, starts + sizes

    return clinic.save(Bytes, folder, "serving_default")


@broken("legal_tags", "illegal_tags", "after nothing")
def every_token_on_its_own(clinic, folder):
    return clinic.save(clinic.Tagger, folder, "serving_default")


@broken("repeatable", "not_repeatable", "scores")
def dropout_left_on(clinic, folder):
    class Dropout(clinic.Tagger):
        def tag(self, sentence):
            answer = super().tag(sentence)
            noise = tf.random.uniform(tf.shape(answer["scores"]), 1, 1.0001)
            return {**answer, "scores": answer["scores"] * noise}

    return clinic.save(Dropout, folder, "serving_default")


@broken("batch_independence", "rows_mixed", "alone")
def scores_of_the_batch(clinic, folder):
    class Mixed(clinic.Tagger):
        def tag(self, sentence):
            answer = super().tag(sentence)
            rows = tf.cast(tf.shape(sentence)[0], tf.float32)
            return {**answer, "scores": answer["scores"] / tf.maximum(rows, 1)}

    return clinic.save(Mixed, folder, "serving_default")


@pytest.mark.parametrize("name", BROKEN)
def test_the_validator_names_the_mistake_and_its_cure(clinic, tmp_path, name):
    build, *expected = BROKEN[name]
    clinic.diagnose(build(clinic, tmp_path), *expected)


def test_every_check_of_a_signature_has_a_broken_export_that_fails_it():
    assert {check for _, check, *_ in BROKEN.values()} == {check.name for check in CHECKS if check.scope != "folder"}


def test_every_known_pitfall_has_a_broken_export(clinic):
    before_there_is_a_folder = {"table_in_closure", "int_label_table", "no_get_config"}  # test_explained_errors.py
    of_the_process = {"crash", "unknown_error"}  # test_validate.py; the latter is what is no known pitfall
    found = {pitfall for _, _, pitfall, *_ in BROKEN.values()}
    assert found | clinic.folder_pitfalls | before_there_is_a_folder | of_the_process == set(PITFALLS)
