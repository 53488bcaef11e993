"""Broken exports, one for every mistake: the validator names the mistake and the cure, and takes it for no other one.

The last test sees to it that no check is without a broken export that only it finds.
"""

from __future__ import annotations

import dataclasses
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.exporter.scrub import scrub_build_paths
from components.exporter.validator import validate_export
from components.exporter.validator.probe.checks import CHECKS
from components.exporter.validator.probe.pitfalls import PITFALLS

BROKEN = {}


def broken(check, pitfall, detail, signatures=("serving_default",)):
    """Registers a function (tiny, folder) -> folder that builds a broken export."""

    def register(build):
        BROKEN[build.__name__] = (build, check, pitfall, detail, signatures)
        return build

    return register


def save(tagger_class, folder, *signatures, **options):
    tagger = tagger_class(folder / "source")
    found = {name: function for name, function in tagger.signatures().items() if name in signatures}
    tagger.signatures = lambda: found
    return tagger.save(folder / "model") if not options else save_raw(tagger, folder, found, **options)


def save_raw(tagger, folder, signatures, **options):
    tf.saved_model.save(
        tagger, str(folder / "model"), signatures=signatures, options=tf.saved_model.SaveOptions(**options)
    )
    return folder / "model"


class MyLoss(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return y_pred


def dense(*layers):
    return keras.Sequential([keras.layers.Input((4,)), *layers, keras.layers.Dense(2)])


@broken("saved_model", "loss_saved", "MyLoss")
def keras_archive_with_its_loss(tiny, folder):
    model = dense()
    model.compile("adam", MyLoss())
    model.save(folder / "model.keras")
    return folder


@broken("saved_model", "lambda_layer", "Lambda")
def keras_archive_with_a_lambda(tiny, folder):
    dense(keras.layers.Lambda(lambda x: x * 2)).save(folder / "model.keras")
    return folder


@broken("saved_model", "not_a_saved_model", "model.keras")
def keras_archive(tiny, folder):
    dense().save(folder / "model.keras")
    return folder


@broken("saved_model", "cannot_load", "no meta graph has the tag `serve`")
def tagged_for_training(tiny, folder):
    return edited(tiny.folder, folder, lambda graph: graph.meta_info_def.tags.append("train"))


@broken("serving_only", "loss_saved", "MyOldLoss")
def keras_2_model_with_its_loss(tiny, folder):
    return keras_2(folder, lambda layers: [], loss=True)


@broken("serving_only", "lambda_layer", "Lambda")
def keras_2_model_with_a_lambda(tiny, folder):
    return keras_2(folder, lambda layers: [layers.Lambda(lambda x: x * 2)])


def keras_2(folder, make_layers, loss=False):
    import tf_keras

    class MyOldLoss(tf_keras.losses.Loss):
        def call(self, y_true, y_pred):
            return y_pred

    layers = tf_keras.layers
    model = tf_keras.Sequential([layers.Input((4,)), *make_layers(layers), layers.Dense(2)])
    if loss:
        model.compile("adam", MyOldLoss())
    model.save(folder / "model", save_format="tf")
    return folder / "model"


@broken("files", "file_missing", "variables/variables.index")
def missing_variables_index(tiny, folder):
    return without(tiny, folder, "variables/variables.index")


@broken("files", "file_missing", "assets/tags.txt")
def missing_asset(tiny, folder):
    return without(tiny, folder, "assets/tags.txt")


def without(tiny, folder, name):
    copy = shutil.copytree(tiny.folder, folder / "model")
    (copy / name).unlink()
    return copy


@broken("stock_ops", "py_function", "EagerPyFunc")
def python_in_the_graph(tiny, folder):
    class Python(tiny.Tagger):
        def ids(self, tokens):
            flat = tf.py_function(lambda words: self.words.lookup(words), [tokens.flat_values], tf.int64)
            flat.set_shape([None])
            return tokens.with_flat_values(flat)

    return save(Python, folder, "serving_default")


@broken("stock_ops", "custom_op", "SentencepieceTokenizeOp")
def op_of_an_extension(tiny, folder):
    def rename(graph):
        for function in graph.graph_def.library.function:
            for node in function.node_def:
                node.op = "SentencepieceTokenizeOp" if node.op == "ArgMax" else node.op

    return edited(tiny.folder, folder, rename)


def edited(source, folder, edit):
    from tensorflow.core.protobuf import saved_model_pb2

    copy = shutil.copytree(source, folder / "model")
    saved = saved_model_pb2.SavedModel.FromString((copy / "saved_model.pb").read_bytes())
    edit(saved.meta_graphs[0])
    (copy / "saved_model.pb").write_bytes(saved.SerializeToString())
    return copy


@broken("no_build_paths", "build_paths", "tags.txt")
def path_of_a_vocabulary(tiny, folder):
    return save(tiny.Tagger, folder, "serving_default", save_debug_info=False)


@broken("no_build_paths", "build_paths", "saved_model_debug_info.pb")
def debug_information(tiny, folder):
    saved = save(tiny.Tagger, folder, "serving_default", save_debug_info=True)
    shutil.copytree(saved / "debug", folder / "debug")
    scrub_build_paths(saved)
    shutil.move(folder / "debug", saved / "debug")
    return saved


def with_keras_layer(tiny, track):
    class Keras(tiny.Tagger):
        def __init__(self, folder):
            super().__init__(folder)
            model = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(6, kernel_initializer="identity")])
            self.apply = lambda values: model(values)
            track(self, model)

        def logits(self, ids):
            return tf.ragged.map_flat_values(self.apply, super().logits(ids))

    return Keras


@broken("weights_once", "weights_twice", "Variable")
def keras_weights_stored_twice(tiny, folder):
    def track(tagger, model):
        tagger.model = model
        tagger.raw = [variable.value for variable in model.variables]
        tagger.big = tf.Variable(tf.zeros([1000]))  # more than odds and ends

    return save(with_keras_layer(tiny, track), folder, "serving_default")


@broken("weights_once", "training_state", "adam")
def optimizer_exported(tiny, folder):
    def track(tagger, model):
        tagger.raw = [variable.value for variable in model.variables]
        optimizer = keras.optimizers.Adam()
        optimizer.build([keras.Variable(np.zeros(1000, "float32"), name="kernel")])
        tagger.state = [variable.value for variable in optimizer.variables]

    return save(with_keras_layer(tiny, track), folder, "serving_default")


@broken("all_signatures", "off_contract", "no signature keyed", ("serving_default", "keyed"))
def signature_forgotten(tiny, folder):
    return save(tiny.Tagger, folder, "serving_default")


@broken("names_and_types", "ids_for_strings", "dtype int64 instead of string")
def ids_instead_of_tags(tiny, folder):
    class Ids(tiny.Tagger):
        def tag(self, sentence):
            tags = super().tag(sentence)["tags"]
            return {**super().tag(sentence), "tags": tf.zeros_like(tags, tf.int64)}

    return save(Ids, folder, "serving_default")


@broken("names_and_types", "ids_for_strings", "'inputs': 'int64'")
def core_of_the_model_alone(tiny, folder):
    module = tf.Module()
    module.weights = tf.Variable(tf.ones([9, 6]))
    spec = tf.TensorSpec([None, None], tf.int64, name="inputs")
    module.run = tf.function(lambda inputs: {"output_0": tf.gather(module.weights, inputs)}, input_signature=[spec])
    tf.saved_model.save(module, str(folder / "model"), signatures=module.run)
    shutil.rmtree(folder / "model" / "debug", ignore_errors=True)
    return folder / "model"


@broken("names_and_types", "fixed_batch", "only batches of 2")
def batch_fixed_at_two(tiny, folder):
    class Fixed(tiny.Tagger):
        def signatures(self):
            spec = tf.TensorSpec([2], tf.string, name="sentence")
            return {"serving_default": tf.function(self.tag).get_concrete_function(spec)}

    return save(Fixed, folder, "serving_default")


@broken("load", "file_changed", "loading")
def truncated_weights(tiny, folder):
    copy = shutil.copytree(tiny.folder, folder / "model")
    data = copy / "variables" / "variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:20])
    return copy


@broken("batch_sizes", "keras_variables", "Could not find variable")
def keras_model_tracked(tiny, folder):
    return save(
        with_keras_layer(tiny, lambda tagger, model: setattr(tagger, "model", model)), folder, "serving_default"
    )


@broken("names_and_types", "rank_as_batch", "only batches of 2")
def rank_used_as_batch_size(tiny, folder):
    class Rank(tiny.Tagger):
        def to_rows(self, ragged, filler):
            return ragged.to_tensor(filler, shape=tf.stack([tf.rank(ragged.to_tensor()), -1]))

    return save(Rank, folder, "serving_default")


@broken("batch_sizes", "rank_as_batch", "a batch of 0 gives 2 rows")
def two_rows_whatever_comes(tiny, folder):
    class Two(tiny.Tagger):
        def to_rows(self, ragged, filler):
            unseen = tf.maximum(2, tf.minimum(2, tf.size(ragged.to_tensor())))  # not known when the graph is traced
            return ragged.to_tensor(filler, shape=tf.stack([unseen, -1]))

    return save(Two, folder, "serving_default")


@broken("batch_sizes", "empty_batch", "a batch of 0")
def no_rows_fail(tiny, folder):
    class Needs(tiny.Tagger):
        def cut(self, sentence):
            with tf.control_dependencies([tf.debugging.assert_positive(tf.size(sentence))]):
                return super().cut(tf.identity(sentence))

    return save(Needs, folder, "serving_default")


@broken("golden_sentences", "wrong_tags", "the training graph says")
def truncated_vocabulary(tiny, folder):
    copy = shutil.copytree(tiny.folder, folder / "model")
    words = (copy / "assets" / "words.txt").read_text().splitlines()
    (copy / "assets" / "words.txt").write_text("\n".join(words[:4]) + "\n")
    return copy


@broken("golden_answers", "wrong_tags", "output scores")
def scores_changed(tiny, folder):
    class Scores(tiny.Tagger):
        def tag(self, sentence):
            return {**super().tag(sentence), "scores": super().tag(sentence)["scores"] * 0.5}

    return save(Scores, folder, "serving_default")


@broken("forwarded", "key_changed", "key", ("keyed",))
def keys_sorted(tiny, folder):
    class Sorted(tiny.Tagger):
        def keyed(self, key, sentence):
            order = tf.argsort(tf.strings.length(key))
            return {**self.tag(sentence), "key": tf.gather(key, order)}

    return save(Sorted, folder, "keyed")


@broken("forwarded", "key_changed", "tax", ("feature_forward",))
def feature_normalized(tiny, folder):
    class Clipped(tiny.Tagger):
        def forward(self, sentence, source, tax):
            return super().forward(sentence, source, tf.clip_by_value(tax, -1e9, 1e9))

    return save(Clipped, folder, "feature_forward")


@broken("odd_texts", "odd_text", "invalid UTF-8")
def strict_decoding(tiny, folder):
    class Strict(tiny.Tagger):
        def cut(self, sentence):
            checked = tf.strings.unicode_transcode(sentence, "UTF-8", "UTF-8", errors="strict")
            return super().cut(tf.where(tf.equal(checked, sentence), sentence, checked))

    return save(Strict, folder, "serving_default")


@broken("padding", "pad_is_unknown", "[PAD]")
def padding_equals_unknown(tiny, folder):
    class Pad(tiny.Tagger):
        def logits(self, ids):
            return ids.with_flat_values(
                tf.where((ids.flat_values == 1)[:, None], tf.one_hot(0, 6), super().logits(ids).flat_values)
            )

    return save(Pad, folder, "serving_default")


@broken("offsets", "wrong_offsets", "stands")
def offsets_in_bytes(tiny, folder):
    class Bytes(tiny.Tagger):
        def cut(self, sentence):
            tokens, starts, _ = super().cut(sentence)
            sizes = tokens.with_flat_values(tf.strings.length(tokens.flat_values))
            return tokens, starts, starts + sizes

    return save(Bytes, folder, "serving_default")


@broken("legal_tags", "illegal_tags", "after nothing")
def every_token_on_its_own(tiny, folder):
    return save(tiny.Tagger, folder, "serving_default")


@broken("repeatable", "not_repeatable", "scores")
def dropout_left_on(tiny, folder):
    class Dropout(tiny.Tagger):
        def tag(self, sentence):
            answer = super().tag(sentence)
            noise = tf.random.uniform(tf.shape(answer["scores"]), 1, 1.0001)
            return {**answer, "scores": answer["scores"] * noise}

    return save(Dropout, folder, "serving_default")


@broken("batch_independence", "rows_mixed", "alone")
def scores_of_the_batch(tiny, folder):
    class Mixed(tiny.Tagger):
        def tag(self, sentence):
            answer = super().tag(sentence)
            rows = tf.cast(tf.shape(sentence)[0], tf.float32)
            return {**answer, "scores": answer["scores"] / tf.maximum(rows, 1)}

    return save(Mixed, folder, "serving_default")


@pytest.fixture(scope="module")
def golden(tiny):
    """Known sentences, and a known answer of the sound model."""
    answer = tf.saved_model.load(str(tiny.folder)).signatures["serving_default"](tf.constant(["Paris", "Joe"]))
    outputs = {"scores": answer["scores"].numpy()}
    case = {"signature": "serving_default", "inputs": {"sentence": ["Paris", "Joe"]}, "outputs": outputs}
    return [*tiny.golden, case]


@pytest.mark.parametrize("name", BROKEN)
def test_the_validator_names_the_mistake_and_its_cure(tiny, golden, tmp_path, name):
    build, check, pitfall, detail, signatures = BROKEN[name]
    folder = build(tiny, tmp_path)
    wanted = set(tiny.contract.signatures) if folder_is_a_copy(folder, tiny) else set(signatures)
    contract = dataclasses.replace(tiny.contract, signatures={name: tiny.contract.signatures[name] for name in wanted})
    contract = dataclasses.replace(contract, legal=check == "legal_tags")
    contract = None if check == "serving_only" else contract
    cases = golden if check in ("golden_answers", "golden_sentences") else []
    failures = validate_export(folder, contract, cases).failures
    assert check in {failure.name for failure in failures}
    assert {failure.pitfall for failure in failures} == {pitfall}
    found = next(failure for failure in failures if failure.name == check)
    assert detail in found.detail
    assert found.fix == PITFALLS[pitfall].cure
    others = {failure.name for failure in failures} - {check}
    if others:
        assert validate_export(folder, contract, cases, skip=others).failures, "other checks find it on their own"


def folder_is_a_copy(folder, tiny):
    pb = folder / "saved_model.pb"
    return pb.exists() and pb.stat().st_size >= (tiny.folder / "saved_model.pb").stat().st_size - 200


def test_every_check_has_a_broken_export_that_fails_it():
    # Of a manifest, test_validate.py has the broken export: it takes a list of hashes.
    assert {check for _, check, *_ in BROKEN.values()} | {"manifest"} == {check.name for check in CHECKS}


def test_every_known_pitfall_has_a_broken_export():
    before_there_is_a_folder = {"table_in_closure", "int_label_table", "no_get_config"}  # test_explained_errors.py
    of_the_process = {"crash", "unknown_error"}  # test_validate.py; the latter is what is no known pitfall
    found = {pitfall for _, _, pitfall, *_ in BROKEN.values()}
    assert found | before_there_is_a_folder | of_the_process == set(PITFALLS)
