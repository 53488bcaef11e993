"""Broken exports whose mistake shows in the folder, before anything is asked: the validator names it and its cure.

The last test sees to it that no check of the folder is without a broken export that only it finds.
"""

from __future__ import annotations

import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.exporter.saved_model.scrub import scrub_build_paths
from components.exporter.validator.probe.checks import CHECKS

BROKEN = {}


def broken(check, pitfall, detail, signatures=("serving_default",)):
    """Registers a function (clinic, folder) -> folder that builds a broken export."""

    def register(build):
        BROKEN[build.__name__] = (build, check, pitfall, detail, signatures)
        return build

    return register


class MyLoss(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return y_pred


def dense(*layers):
    return keras.Sequential([keras.layers.Input((4,)), *layers, keras.layers.Dense(2)])


@broken("saved_model", "loss_saved", "MyLoss")
def keras_archive_with_its_loss(clinic, folder):
    model = dense()
    model.compile("adam", MyLoss())
    model.save(folder / "model.keras")
    return folder


@broken("saved_model", "lambda_layer", "Lambda")
def keras_archive_with_a_lambda(clinic, folder):
    dense(keras.layers.Lambda(lambda x: x * 2)).save(folder / "model.keras")
    return folder


@broken("saved_model", "not_a_saved_model", "model.keras")
def keras_archive(clinic, folder):
    dense().save(folder / "model.keras")
    return folder


@broken("saved_model", "cannot_load", "no meta graph has the tag `serve`")
def tagged_for_training(clinic, folder):
    return edited(clinic.folder, folder, lambda graph: graph.meta_info_def.tags.append("train"))


@broken("serving_only", "loss_saved", "MyOldLoss")
def keras_2_model_with_its_loss(clinic, folder):
    return keras_2(folder, lambda layers: [], loss=True)


@broken("serving_only", "lambda_layer", "Lambda")
def keras_2_model_with_a_lambda(clinic, folder):
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
def missing_variables_index(clinic, folder):
    return without(clinic, folder, "variables/variables.index")


@broken("files", "file_missing", "assets/tags.txt")
def missing_asset(clinic, folder):
    return without(clinic, folder, "assets/tags.txt")


def without(clinic, folder, name):
    copy = shutil.copytree(clinic.folder, folder / "model")
    (copy / name).unlink()
    return copy


@broken("stock_ops", "py_function", "EagerPyFunc")
def python_in_the_graph(clinic, folder):
    class Python(clinic.Tagger):
        def ids(self, tokens):
            flat = tf.py_function(lambda words: self.words.lookup(words), [tokens.flat_values], tf.int64)
            flat.set_shape([None])
            return tokens.with_flat_values(flat)

    return clinic.save(Python, folder, "serving_default")


@broken("stock_ops", "custom_op", "SentencepieceTokenizeOp")
def op_of_an_extension(clinic, folder):
    def rename(graph):
        for function in graph.graph_def.library.function:
            for node in function.node_def:
                node.op = "SentencepieceTokenizeOp" if node.op == "ArgMax" else node.op

    return edited(clinic.folder, folder, rename)


def edited(source, folder, edit):
    from tensorflow.core.protobuf import saved_model_pb2

    copy = shutil.copytree(source, folder / "model")
    saved = saved_model_pb2.SavedModel.FromString((copy / "saved_model.pb").read_bytes())
    edit(saved.meta_graphs[0])
    (copy / "saved_model.pb").write_bytes(saved.SerializeToString())
    return copy


@broken("no_build_paths", "build_paths", "tags.txt")
def path_of_a_vocabulary(clinic, folder):
    return clinic.save(clinic.Tagger, folder, "serving_default", save_debug_info=False)


@broken("no_build_paths", "build_paths", "saved_model_debug_info.pb")
def debug_information(clinic, folder):
    saved = clinic.save(clinic.Tagger, folder, "serving_default", save_debug_info=True)
    shutil.copytree(saved / "debug", folder / "debug")
    scrub_build_paths(saved)
    shutil.move(folder / "debug", saved / "debug")
    return saved


@broken("weights_once", "weights_twice", "Variable")
def keras_weights_stored_twice(clinic, folder):
    def track(tagger, model):
        tagger.model = model
        tagger.raw = [variable.value for variable in model.variables]
        tagger.big = tf.Variable(tf.zeros([1000]))  # more than odds and ends

    return clinic.save(clinic.with_keras_layer(track), folder, "serving_default")


@broken("weights_once", "training_state", "adam")
def optimizer_exported(clinic, folder):
    def track(tagger, model):
        tagger.raw = [variable.value for variable in model.variables]
        optimizer = keras.optimizers.Adam()
        optimizer.build([keras.Variable(np.zeros(1000, "float32"), name="kernel")])
        tagger.state = [variable.value for variable in optimizer.variables]

    return clinic.save(clinic.with_keras_layer(track), folder, "serving_default")


@broken("all_signatures", "off_contract", "no signature keyed", ("serving_default", "keyed"))
def signature_forgotten(clinic, folder):
    return clinic.save(clinic.Tagger, folder, "serving_default")


@broken("load", "file_changed", "loading")
def truncated_weights(clinic, folder):
    copy = shutil.copytree(clinic.folder, folder / "model")
    data = copy / "variables" / "variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:20])
    return copy


@pytest.mark.parametrize("name", BROKEN)
def test_the_validator_names_the_mistake_and_its_cure(clinic, tmp_path, name):
    build, *expected = BROKEN[name]
    clinic.diagnose(build(clinic, tmp_path), *expected)


def test_every_check_of_the_folder_has_a_broken_export_that_fails_it(clinic):
    # Of a manifest, test_validate.py has the broken export: it takes a list of hashes.
    found = {check for _, check, *_ in BROKEN.values()} | {"manifest"}
    assert found == {check.name for check in CHECKS if check.scope == "folder"}
    assert {pitfall for _, _, pitfall, *_ in BROKEN.values()} == clinic.folder_pitfalls
