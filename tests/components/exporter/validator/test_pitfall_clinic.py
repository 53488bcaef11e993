"""Broken exports: the validator names each mistake and its cure.

Every check has a broken export that only it finds, and every pitfall has one. A few of each kind run in `make test`.
"""

from __future__ import annotations

import shutil
import types
from collections.abc import Callable
from typing import NamedTuple

import pytest
from support import pitfall_clinic
from support.lazy import LazyModule

from components.exporter.saved_model.scrub import scrub_build_paths
from components.exporter.validator.probe.checks import CHECKS
from components.exporter.validator.probe.pitfalls import PITFALLS

keras, tf = LazyModule("keras"), LazyModule("tensorflow")
# The broken exports that run in `make test`: cheap ones, and the mistakes that only a server notices.
PROTECTING = {
    "keras_archive_with_its_loss",
    "missing_variables_index",
    "op_of_an_extension",
    "reads_the_file_that_a_request_names",
    "an_asset_elsewhere",
    "keras_model_tracked",
    "always_two_rows",
    "truncated_vocabulary",
    "keys_sorted",
    "padding_equals_unknown",
}


class Broken(NamedTuple):
    """A broken export, and the finding that is expected."""

    build: Callable
    check: str
    pitfall: str
    detail: str
    signatures: tuple[str, ...]


BROKEN: dict[str, Broken] = {}


def broken(check, pitfall, detail, signatures=("serving_default",)):
    """Registers a function (clinic, folder) -> folder that builds a broken export."""

    def register(build):
        BROKEN[build.__name__] = Broken(build, check, pitfall, detail, signatures)
        return build

    return register


@pytest.fixture(scope="module")
def clinic(tiny):
    """`tiny` and the helpers of `support.pitfall_clinic`."""
    return types.SimpleNamespace(**vars(pitfall_clinic), **vars(tiny))


def dense(*layers):
    return keras.Sequential([keras.layers.Input((4,)), *layers, keras.layers.Dense(2)])


@broken("max_characters", "unlimited_request", "1000001 characters are accepted; the limit is 1000000")
def texts_of_any_length(clinic, folder):
    return clinic.save(clinic.Tagger, folder, "serving_default")


@broken("saved_model", "loss_saved", "MyLoss")
def keras_archive_with_its_loss(clinic, folder):
    class MyLoss(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return y_pred

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


@broken("saved_model", "folder_of_versions", "but in its subfolder ner/7")
def folder_of_versions(clinic, folder):
    shutil.copytree(clinic.folder, folder / "ner/7")
    return folder


@broken("saved_model", "folder_of_versions", "but in its subfolder serving/ner/7")
def work_folder(clinic, folder):
    shutil.copytree(clinic.folder, folder / "serving/ner/7")
    return folder


@broken("saved_model", "cannot_load", "no meta graph has the tag `serve`")
def tagged_for_training(clinic, folder):
    return clinic.edited(clinic.folder, folder, lambda graph: graph.meta_info_def.tags.append("train"))


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


@broken("safe_graph", "py_function", "EagerPyFunc")
def python_in_the_graph(clinic, folder):
    class Python(clinic.Tagger):
        def ids(self, tokens):
            flat = tf.py_function(lambda words: self.words.lookup(words), [tokens.flat_values], tf.int64)
            flat.set_shape([None])
            return tokens.with_flat_values(flat)

    return clinic.save(Python, folder, "serving_default")


@broken("safe_graph", "unsafe_op", "ReadFile")
def reads_the_file_that_a_request_names(clinic, folder):
    class Reads(clinic.Tagger):
        def tag(self, sentence):
            return super().tag(tf.map_fn(tf.io.read_file, sentence))

    return clinic.save(Reads, folder, "serving_default")


@broken("safe_graph", "ambiguous", "'serving_default_sentence'")
def two_nodes_of_one_name(clinic, folder):
    def repeat(graph):
        graph.graph_def.node.add().CopyFrom(
            next(node for node in graph.graph_def.node if node.name == "serving_default_sentence")
        )

    return clinic.edited(clinic.folder, folder, repeat)


@broken("safe_files", "unsafe_files", "../../words.txt")
def an_asset_elsewhere(clinic, folder):
    def rename(graph):
        graph.asset_file_def[0].filename = "../../words.txt"

    return clinic.edited(clinic.folder, folder, rename)


@broken("served_dtypes", "dtype_not_served", "output scores is bfloat16")
def half_precision_scores(clinic, folder):
    class Half(clinic.Tagger):
        def tag(self, sentence):
            answer = super().tag(sentence)
            return {**answer, "scores": tf.cast(answer["scores"], tf.bfloat16)}

    return clinic.save(Half, folder, "serving_default")


@broken("served_dtypes", "off_contract", "output tokens is sparse or ragged")
def ragged_tokens(clinic, folder):
    class Ragged(clinic.Tagger):
        def tag(self, sentence):
            return {**super().tag(sentence), "tokens": tf.strings.split(sentence)}

    return clinic.save(Ragged, folder, "serving_default")


@broken("stock_ops", "custom_op", "SentencepieceTokenizeOp")
def op_of_an_extension(clinic, folder):
    def rename(graph):
        for function in graph.graph_def.library.function:
            for node in function.node_def:
                node.op = "SentencepieceTokenizeOp" if node.op == "ArgMax" else node.op

    return clinic.edited(clinic.folder, folder, rename)


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
        tagger.big = tf.Variable(tf.zeros([1000]))  # more than a few bytes

    return clinic.save(clinic.with_keras_layer(clinic.Tagger, track), folder, "serving_default")


@broken("weights_once", "training_state", "adam")
def optimizer_exported(clinic, folder):
    def track(tagger, model):
        tagger.raw = [variable.value for variable in model.variables]
        optimizer = keras.optimizers.Adam()
        optimizer.build([keras.Variable(tf.zeros([1000]), name="kernel")])
        tagger.state = [variable.value for variable in optimizer.variables]

    return clinic.save(clinic.with_keras_layer(clinic.Tagger, track), folder, "serving_default")


@broken("all_signatures", "off_contract", "no signature keyed", ("serving_default", "keyed"))
def signature_forgotten(clinic, folder):
    return clinic.save(clinic.Tagger, folder, "serving_default")


@broken("load", "file_changed", "loading")
def truncated_weights(clinic, folder):
    copy = shutil.copytree(clinic.folder, folder / "model")
    data = copy / "variables" / "variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:20])
    return copy


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
        clinic.with_keras_layer(clinic.Tagger, lambda tagger, model: setattr(tagger, "model", model)),
        folder,
        "serving_default",
    )


@broken("names_and_types", "rank_as_batch", "only batches of 2")
def rank_used_as_batch_size(clinic, folder):
    class Rank(clinic.Tagger):
        def to_rows(self, ragged, filler):
            return ragged.to_tensor(filler, shape=tf.stack([tf.rank(ragged.to_tensor()), -1]))

    return clinic.save(Rank, folder, "serving_default")


@broken("batch_sizes", "rank_as_batch", "a batch of 0 gives 2 rows")
def always_two_rows(clinic, folder):
    class Two(clinic.Tagger):
        def to_rows(self, ragged, filler):
            unseen = tf.maximum(2, tf.minimum(2, tf.size(ragged.to_tensor())))  # not known when the graph is traced
            return ragged.to_tensor(filler, shape=tf.stack([unseen, -1]))

    return clinic.save(Two, folder, "serving_default")


@broken("batch_sizes", "empty_batch", "a batch of 0")
def empty_batch_fails(clinic, folder):
    class Needs(clinic.Tagger):
        def cut(self, sentence):
            with tf.control_dependencies([tf.debugging.assert_positive(tf.size(sentence))]):
                return super().cut(tf.identity(sentence))

    return clinic.save(Needs, folder, "serving_default")


@broken("golden_sentences", "wrong_tags", "the training graph gives")
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


@broken("unusual_texts", "unusual_text", "invalid UTF-8")
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


@broken("offsets", "wrong_offsets", "the text is")
def offsets_in_bytes(clinic, folder):
    class Bytes(clinic.Tagger):
        def cut(self, sentence):
            tokens, starts, _ = super().cut(sentence)
            sizes = tokens.with_flat_values(tf.strings.length(tokens.flat_values))
            return tokens, starts, starts + sizes

    return clinic.save(Bytes, folder, "serving_default")


@broken("valid_tags", "invalid_tags", "after nothing")
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


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in PROTECTING else pytest.mark.extended) for name in BROKEN]
)
def test_the_validator_names_the_mistake_and_its_cure(clinic, tiny, tmp_path, name):
    folder = BROKEN[name].build(clinic, tmp_path)
    clinic.diagnose(tiny, folder, BROKEN[name], isolate=name not in PROTECTING)


def test_every_check_has_a_broken_export_that_fails_it():
    # test_validate.py has the broken export of `manifest`, which takes a list of hashes.
    assert {broken.check for broken in BROKEN.values()} | {"manifest"} == {check.name for check in CHECKS}
    assert {*BROKEN} > PROTECTING


def test_every_pitfall_has_a_broken_export():
    before_there_is_a_folder = {"table_in_closure", "int_label_table", "no_get_config"}  # test_explained_errors.py
    # test_validate.py and test_limits.py; the last one is not a known pitfall
    of_the_process = {"crash", "no_answer", "too_much_memory", "unknown_error"}
    pitfalls = {broken.pitfall for broken in BROKEN.values()}
    assert pitfalls | before_there_is_a_folder | of_the_process == set(PITFALLS)
