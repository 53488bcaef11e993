"""Models that read, write, list, print or connect are refused by name, before anything of them is loaded."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.lazy import LazyModule

from components.common.errors import NerError
from components.common.faults import MachineError
from components.common.files import incoming_folder
from components.exporter import validate_export
from components.exporter.errors import UnsafeModelError
from components.exporter.validator.fresh_process import require_safe, require_safe_to_serve
from components.exporter.validator.private_copy import copy_model, original_paths, private_copy
from components.exporter.validator.probe.checks import check_safety
from components.exporter.validator.probe.endpoint import Context
from components.exporter.validator.probe.pitfalls import CheckFailedError

tf = LazyModule("tensorflow")


def saved(folder, function, prepare=lambda module: None):
    """Saves a model whose only signature maps `sentence` string [batch] to the output `text`."""
    module = tf.Module()
    prepare(module)
    spec = tf.TensorSpec([None], tf.string, name="sentence")
    module.f = tf.function(lambda sentence: {"text": function(module, sentence)}, input_signature=[spec])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.f})
    return folder


def edited(folder, edit, target=None):
    """Applies a function to the parsed saved_model.pb."""
    from tensorflow.core.protobuf import saved_model_pb2

    copy = shutil.copytree(folder, target) if target else folder
    message = saved_model_pb2.SavedModel.FromString((copy / "saved_model.pb").read_bytes())
    edit(message)
    (copy / "saved_model.pb").write_bytes(message.SerializeToString())
    return copy


def problem(folder):
    """Returns pitfall and detail of the static check."""
    with pytest.raises(CheckFailedError) as caught:
        check_safety(Context(folder, {}, (), {}))
    return caught.value.pitfall, caught.value.detail


def after(op, sentence):
    with tf.control_dependencies([op]):
        return tf.identity(sentence)


def path(*parts):
    """Joins a path in the graph, so that no constant holds it."""
    return tf.strings.join(list(parts))


def a_path_of_the_request(module, sentence):
    return tf.map_fn(
        lambda s: tf.cond(tf.strings.regex_full_match(s, "/.*"), lambda: tf.io.read_file(s), lambda: s), sentence
    )


def a_fixed_path(module, sentence):
    return tf.fill(tf.shape(sentence), tf.io.read_file(path("/etc", "/hostname")))


def a_written_file(module, sentence):
    return after(tf.io.write_file(path("/tm", "p/written"), tf.strings.reduce_join(sentence)), sentence)


def a_print_to_a_file(module, sentence):
    text = tf.strings.reduce_join(sentence)
    return after(tf.raw_ops.PrintV2(input=text, output_stream="file:///tmp/printed"), sentence)


def a_listing(module, sentence):
    files = tf.io.matching_files(path("/ro", "ot/*"))
    return tf.fill(tf.shape(sentence), tf.strings.reduce_join(files, separator=" "))


def a_python_function(module, sentence):
    return tf.ensure_shape(tf.py_function(lambda x: x, [sentence], tf.string), [None])


def a_loop(module, sentence):
    def body(i, text):
        return i + 1, text + tf.io.read_file(path("/etc", "/hostname"))

    return tf.while_loop(lambda i, text: i < 1, body, [0, sentence], maximum_iterations=1)[1]


def a_case(module, sentence):
    return tf.switch_case(tf.size(sentence), [lambda: sentence, lambda: a_fixed_path(module, sentence)])


def a_function_in_a_function(module, sentence):
    return tf.function(lambda s: tf.function(lambda t: a_fixed_path(module, t))(s))(sentence)


def a_gradient(module, sentence):
    @tf.custom_gradient
    def reads(x):
        return x, lambda upstream: upstream * tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32)

    x = tf.cast(tf.strings.length(sentence), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = reads(x)
    return tf.strings.as_string(tape.gradient(y, x))


def a_data_set_of_lines(module, sentence):
    lines = tf.data.TextLineDataset(path("/etc", "/hostname"))
    return tf.fill(tf.shape(sentence), lines.reduce("", lambda state, line: state + line))


def a_table_of_another_file(module, sentence):
    table = tf.raw_ops.AnonymousHashTable(key_dtype=tf.int64, value_dtype=tf.string)
    fill = tf.raw_ops.InitializeTableFromTextFileV2(
        table_handle=table, filename=sentence[0], key_index=-1, value_index=-2
    )
    with tf.control_dependencies([fill]):
        return tf.raw_ops.LookupTableFindV2(
            table_handle=table, keys=tf.zeros_like(sentence, tf.int64), default_value="?"
        )


def a_checkpoint_of_the_request(module, sentence):
    return tf.raw_ops.RestoreV2(prefix=sentence[0], tensor_names=["v"], shape_and_slices=[""], dtypes=[tf.string])[0]


def a_written_checkpoint(module, sentence):
    save = tf.raw_ops.SaveV2(prefix=sentence[0], tensor_names=["v"], shape_and_slices=[""], tensors=[sentence])
    return after(save, sentence)


def a_vocabulary_of_a_sampler(module, sentence):
    sampled = tf.raw_ops.FixedUnigramCandidateSampler(
        true_classes=tf.zeros([1, 1], tf.int64), num_true=1, num_sampled=1, unique=True, range_max=1,
        vocab_file="/etc/hostname",
    )  # fmt: skip
    return after(sampled[0], sentence)


def a_message_description(module, sentence):
    decoded = tf.raw_ops.DecodeProtoV2(
        bytes=sentence, message_type="M", field_names=["f"], output_types=[tf.string], descriptor_source="/etc/hostname"
    )
    return after(decoded.sizes, sentence)


EVIL = {
    a_path_of_the_request: "ReadFile",
    a_fixed_path: "ReadFile",
    a_written_file: "WriteFile",
    a_print_to_a_file: "PrintV2",
    a_listing: "MatchingFiles",
    a_python_function: "EagerPyFunc",
    a_loop: "ReadFile",
    a_case: "ReadFile",
    a_function_in_a_function: "ReadFile",
    a_gradient: "ReadFile",
    a_data_set_of_lines: "TextLineDataset",
    a_table_of_another_file: "InitializeTableFromTextFileV2",
    a_checkpoint_of_the_request: "RestoreV2",
    a_written_checkpoint: "SaveV2",
    a_vocabulary_of_a_sampler: "FixedUnigramCandidateSampler",
    a_message_description: "DecodeProtoV2",
}


@pytest.mark.parametrize("function", EVIL, ids=lambda function: function.__name__)
def test_an_op_that_leaves_the_graph_is_named(tmp_path, function):
    pitfall, detail = problem(saved(tmp_path / "model", function))
    assert pitfall == ("py_function" if function is a_python_function else "unsafe_op")
    assert f"op {EVIL[function]} " in detail


def test_functions_that_nothing_calls_count(tiny, tmp_path):
    def add(message):
        function = message.meta_graphs[0].graph_def.library.function.add()
        function.signature.name = "unused"
        function.node_def.add(name="r", op="ReadFile", input=["x"])

    assert problem(edited(tiny.folder, add, tmp_path / "model")) == (
        "unsafe_op",
        "op ReadFile (r in function unused): it may use files, processes or the network (file, read)",
    )


# Changes to a sound model with two vocabularies, and what the check says.
def graph_of(message):
    return message.meta_graphs[0].graph_def


def library(message):
    return {each.signature.name: each for each in graph_of(message).library.function}


def initializers(message):
    return [
        (function, node)
        for function in library(message).values()
        for node in function.node_def
        if node.op == "InitializeTableFromTextFileV2"
    ]


def fixed_vocabulary(message):
    for function, node in initializers(message):
        constant = function.node_def.add(name="elsewhere", op="Const")
        constant.attr["dtype"].type = 7
        constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto("/etc/passwd"))
        node.input[1] = "elsewhere:output:0"


def constant_for_python(message):
    """The main graph stays sound; `tf.saved_model.load` would pass another name."""
    objects = message.meta_graphs[0].object_graph_def
    constant = len(objects.nodes)
    objects.nodes.add().constant.operation = "saver_filename"
    names = {function.signature.name for function, _ in initializers(message)}
    for name, concrete in objects.concrete_functions.items():
        if name in names:
            kinds = [objects.nodes[each].WhichOneof("kind") for each in concrete.bound_inputs]
            concrete.bound_inputs[kinds.index("asset")] = constant


def restored_from_elsewhere(message):
    for function in library(message).values():
        for node in function.node_def:
            if node.op == "RestoreV2":
                node.input[0] = node.input[1]


def request_reaches_the_save_function(message):
    graph = message.meta_graphs[0]
    signature = graph.signature_def["serving_default"]
    signature.inputs["file"].name = graph.saver_def.filename_tensor_name
    signature.outputs["saved"].name = graph.saver_def.save_tensor_name


def request_reaches_another_saver(message):
    """Ragged outputs have components, which may have components."""
    graph = graph_of(message)
    for name, text in (("file", "/etc/passwd"), ("slices", ""), ("shape", "v")):
        constant = graph.node.add(name=name, op="Const")
        constant.attr["dtype"].type = 7
        constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(text if name == "file" else [text]))
    restore = graph.node.add(name="save_7/RestoreV2", op="RestoreV2", input=["file", "shape", "slices"])
    restore.attr["dtypes"].list.type.append(7)
    outputs = message.meta_graphs[0].signature_def["serving_default"].outputs
    outputs["deep"].composite_tensor.components.add().composite_tensor.components.add().name = "save_7/RestoreV2:0"


def request_reaches_the_initializer(message):
    graph = message.meta_graphs[0]
    called = {function.signature.name for function, _ in initializers(message)}
    node = next(node for node in graph.graph_def.node if node.attr["f"].func.name in called)
    graph.signature_def["serving_default"].outputs["filled"].name = f"{node.name}:0"


def initializer_is_a_signature(message):
    graph = message.meta_graphs[0]
    called = {function.signature.name for function, _ in initializers(message)}
    node = next(node for node in graph.graph_def.node if node.attr["f"].func.name in called)
    graph.signature_def["__saved_model_init_op"].outputs["more"].name = f"{node.name}:0"


def asset_variable_is_assigned(message):
    graph = graph_of(message)
    assign = next(node for node in graph.node if node.op == "AssignVariableOp")
    graph.node.add(name="again", op="AssignVariableOp", input=[assign.input[0], "saver_filename"])


def operation_in_a_second_graph(message):
    second = message.meta_graphs.add()
    second.meta_info_def.tags.append("gpu")
    second.graph_def.node.add(name="w", op="WriteFile", input=["a", "b"])


def asset_node(message):
    """Returns the node whose value the loader replaces by the path of the first asset."""
    name = message.meta_graphs[0].asset_file_def[0].tensor_info.name.partition(":")[0]
    return next(node for node in graph_of(message).node if node.name == name)


def asset_is_one_of_two_outputs(message):
    """The loader replaces output 0, and the table reads output 1."""
    asset, paths = asset_node(message), graph_of(message).node.add(name="paths", op="Const")
    paths.attr["dtype"].type = 7
    paths.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(["a", "/etc/passwd"]))
    asset.ClearField("attr")
    asset.op, asset.input[:] = "Unpack", ["paths"]
    asset.attr["num"].i = 2
    asset.attr["T"].type = 7
    for node in graph_of(message).node:
        for number, tensor in enumerate(node.input):
            if tensor.removesuffix(":0") == asset.name:
                node.input[number] = f"{asset.name}:1"


def asset_of_the_list_that_no_loader_reads(message):
    graph = message.meta_graphs[0]
    for asset in list(graph.asset_file_def)[1:]:
        graph.collection_def["saved_model_assets"].any_list.value.add().Pack(asset)
    del graph.asset_file_def[1:]
    for node in graph.object_graph_def.nodes:
        if node.WhichOneof("kind") == "asset":
            node.asset.asset_file_def_index = 0


def initializer_takes_a_list(message):
    function, _ = initializers(message)[0]
    first = function.signature.input_arg[0]
    function.signature.attr.add(name="N", type="int")
    first.number_attr = "N"


def initializer_as_a_gradient(message):
    function, _ = initializers(message)[0]
    message.meta_graphs[0].graph_def.library.gradient.add(function_name="f", gradient_func=function.signature.name)


def initializer_in_the_place_of_another_function(message):
    initializers(message)[0][0].attr["api_implements"].s = b"f"


def variable_without_a_name_in_a_function(message):
    library(message).popitem()[1].node_def.add(name="variable", op="VarHandleOp")


def handle_from_bytes(message):
    handle = tf.make_tensor_proto(0.0)
    handle.dtype = 20
    handle.resource_handle_val.add(name="v", container="localhost")
    graph_of(message).node.add(name="handle", op="Const").attr["value"].tensor.CopyFrom(handle)


def handle_from_a_string(message):
    graph_of(message).node.add(name="handle", op="ParseTensor", input=["a"]).attr["out_type"].type = 20


def checkpoint_elsewhere(message):
    """No piece of the ending holds `..`, but the whole does."""
    for function in library(message).values():
        for node in function.node_def:
            for value in node.attr["value"].tensor.string_val:
                if value == b"_temp/part":
                    node.attr["value"].tensor.string_val[0] = b"/."
            if node.op == "StringJoin":
                ending = function.node_def.add(name="more", op="Const")
                ending.attr["value"].tensor.string_val.append(b"./b")
                node.input.append("more:output:0")


def ending_of_many_pieces(message):
    """Each piece is joined from three of the piece before, so there are 3 ** 45 ways to the first one."""
    function = graph_of(message).library.function.add()
    function.signature.name = "saves"
    function.signature.input_arg.add(name="prefix", type=7)
    constant = function.node_def.add(name="piece0", op="Const")
    constant.attr["value"].tensor.string_val.append(b"a")
    for number in range(45):
        function.node_def.add(name=f"piece{number + 1}", op="StringJoin", input=[f"piece{number}:output:0"] * 3)
    function.node_def.add(name="join", op="StringJoin", input=["prefix", "piece45:output:0", "unknown:0"])
    function.node_def.add(name="save", op="SaveV2", input=["join:output:0"])


def ending_of_many_characters(message):
    """A name that no pattern may try to cut in all ways."""
    for function in library(message).values():
        for node in function.node_def:
            if b"_temp/part" in node.attr["value"].tensor.string_val:
                node.attr["value"].tensor.string_val[0] = b"a" * 100 + b"!"


def file_through_thousands_of_functions(message):
    functions = graph_of(message).library.function
    for number in range(3000):
        function = functions.add()
        function.signature.name = f"step{number}"
        call = function.node_def.add(name="call", op="PartitionedCall")
        call.attr["f"].func.name = f"step{number + 1}"
    last = functions.add()
    last.signature.name = "step3000"
    last.signature.input_arg.add(name="file", type=7)
    last.node_def.add(name="restore", op="RestoreV2", input=["file"])


def file_of_a_description_from_the_caller(message):
    function = graph_of(message).library.function.add()
    function.signature.name = "decodes"
    function.signature.attr.add(name="source", type="string")
    node = function.node_def.add(name="decode", op="DecodeProtoV2", input=["a"])
    node.attr["descriptor_source"].placeholder = "source"


def damaged_list_of_assets(message):
    packed = message.meta_graphs[0].collection_def["saved_model_assets"].any_list.value.add()
    packed.value = b"\xff\xff"


def name_with_codes_for_the_terminal(message):
    graph_of(message).node.add(name="a\x1b[2J\nok", op="WriteFile")


def same_tags_twice(message):
    message.meta_graphs.add().meta_info_def.tags.append("serve")


def function_twice(message):
    functions = graph_of(message).library.function
    functions.add().CopyFrom(functions[0])


@pytest.mark.parametrize(
    ("change", "pitfall", "detail"),
    [
        (fixed_vocabulary, "unsafe_op", "the model itself chooses the name of its file"),
        (constant_for_python, "unsafe_op", "Python calls it with names of other files"),
        (restored_from_elsewhere, "unsafe_op", "op RestoreV2"),
        (request_reaches_the_save_function, "unsafe_op", "a request reaches it"),
        (request_reaches_another_saver, "unsafe_op", "op RestoreV2 in the main graph: the model itself chooses"),
        (request_reaches_the_initializer, "unsafe_op", "a request reaches it"),
        (initializer_is_a_signature, "unsafe_op", "the initializer of the model returns values"),
        (asset_variable_is_assigned, "unsafe_op", "InitializeTableFromTextFileV2"),
        (operation_in_a_second_graph, "unsafe_op", "op WriteFile"),
        (asset_is_one_of_two_outputs, "unsafe_op", "InitializeTableFromTextFileV2"),
        (asset_of_the_list_that_no_loader_reads, "unsafe_op", "InitializeTableFromTextFileV2"),
        (initializer_takes_a_list, "unsafe_op", "takes a list of tensors"),
        (initializer_as_a_gradient, "unsafe_op", "opens files as a gradient"),
        (initializer_in_the_place_of_another_function, "unsafe_op", "implements another one"),
        (variable_without_a_name_in_a_function, "unsafe_op", "InitializeTableFromTextFileV2"),
        (handle_from_bytes, "unsafe_op", "op Const (handle in the main graph): it makes a handle"),
        (handle_from_a_string, "unsafe_op", "op ParseTensor (handle in the main graph): it makes a handle"),
        (checkpoint_elsewhere, "unsafe_op", "op SaveV2"),
        (ending_of_many_pieces, "unsafe_op", "op SaveV2"),
        (ending_of_many_characters, "unsafe_op", "op SaveV2"),
        (file_through_thousands_of_functions, "unsafe_op", "is called through more than 50 functions"),
        (file_of_a_description_from_the_caller, "unsafe_op", "its descriptor_source comes from the caller"),
        (damaged_list_of_assets, "unsafe_files", "saved_model_assets"),
        (name_with_codes_for_the_terminal, "unsafe_op", "a\\x1b[2J\n  ok in the main graph"),
        (same_tags_twice, "ambiguous", "2 times meta graph with the tags 'serve'"),
        (function_twice, "ambiguous", "2 times function"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_changed_graph_is_refused(tiny, tmp_path, change, pitfall, detail):
    refused = problem(edited(tiny.folder, change, tmp_path / "model"))
    assert refused[0] == pitfall
    assert detail in refused[1]


@pytest.mark.parametrize(
    ("added", "detail"),
    [
        (b"\xfa\x3f\x01x", "does not know"),  # field 1023
        (b"\xfb\x3f\xfc\x3f", "does not know"),  # an empty group
        (b"\x08\x01", "twice"),  # the schema's version once more
        (b"\x12\x00", "twice|2 times|unusual"),  # an empty meta graph
    ],
)
def test_bytes_that_parsers_may_read_differently_are_refused(tiny, tmp_path, added, detail):
    copy = shutil.copytree(tiny.folder, tmp_path / "model")
    with (copy / "saved_model.pb").open("ab") as file:
        file.write(added)
    if added == b"\x12\x00":  # a second meta graph is allowed; it has no tags and nothing in it
        check_safety(Context(copy, {}, (), {}))
        return
    refused = problem(copy)
    assert refused[0] == "ambiguous"
    assert any(word in refused[1] for word in detail.split("|"))


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "/etc/passwd", "a\\..\\b", "a/../../b", "", ".", "a\0b", "a//b"]
)
def test_an_asset_has_a_plain_name(tiny, tmp_path, name):
    def rename(message):
        message.meta_graphs[0].asset_file_def[0].filename = name

    assert problem(edited(tiny.folder, rename, tmp_path / "model"))[0] == "unsafe_files"


@pytest.mark.parametrize("name", ["saved_model.pbtxt", "saved_model.cpb"])
def test_a_second_graph_next_to_the_first_is_refused(tiny, tmp_path, name):
    copy = shutil.copytree(tiny.folder, tmp_path / "model")
    (copy / name).write_bytes(b"")
    assert problem(copy) == ("unsafe_files", f"{name} lies next to saved_model.pb")


@pytest.mark.parametrize("name", ["saved_model.pbtxt", "saved_model.cpb"])
def test_a_graph_in_place_of_the_usual_one_does_not_reach_the_registry(tiny, tmp_path, name):
    copy = shutil.copytree(tiny.folder, tmp_path / "model")
    (copy / "saved_model.pb").rename(copy / name)
    with pytest.raises(UnsafeModelError, match=name if name.endswith("cpb") else "no saved_model.pb"):
        require_safe_to_serve(copy)


def test_errors_name_the_model_and_not_its_private_copy(tiny):
    with pytest.raises(NerError, match=f"^{tiny.folder}: refused$"), private_copy(tiny.folder) as copy:
        raise NerError(f"{copy}: refused")
    with private_copy(tiny.folder) as copy:
        assert original_paths(f"{copy}/assets") == f"{tiny.folder}/assets"


def test_links_and_special_files_are_refused_and_not_read(tiny, tmp_path):
    for number, make in enumerate(
        [
            lambda file: (file.unlink(), file.symlink_to("/etc/passwd")),
            lambda file: (file.unlink(), os.mkfifo(file)),
            lambda file: (file.unlink(), file.symlink_to("missing")),
            lambda file: (file.parent / "more").symlink_to("/etc"),
            lambda file: (file.parent / "again").symlink_to(".."),
        ]
    ):
        copy = shutil.copytree(tiny.folder, tmp_path / f"{number}")
        make(copy / "assets" / "words.txt")
        with pytest.raises(UnsafeModelError, match="unsafe_files"), private_copy(copy):
            pass
        assert validate_export(copy).failures[0].pitfall == "unsafe_files"


def test_links_inside_the_folder_become_files(tiny, tmp_path):
    copy = shutil.copytree(tiny.folder, tmp_path / "model")
    (copy / "assets").rename(copy / "real")
    (copy / "assets").symlink_to("real")
    copy_model(copy, tmp_path / "copied")
    assert not (tmp_path / "copied" / "assets").is_symlink()
    words = (tmp_path / "copied" / "assets" / "words.txt").read_bytes()
    assert words == (tiny.folder / "assets" / "words.txt").read_bytes()


def test_a_copy_that_does_not_fit_names_its_target_and_the_size(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 10))
    with incoming_folder(tmp_path / "package") as folder, pytest.raises(MachineError) as caught:
        copy_model(tiny.folder, folder / "copy")
    assert re.fullmatch(
        rf"{tmp_path}/package: a copy of {tiny.folder} needs [\d.]+ kB, and the disk has 10 bytes free\. Free space, "
        r"or give a target on another disk\.",
        str(caught.value),
    )
    with pytest.raises(MachineError) as caught, private_copy(tiny.folder):
        pass
    assert str(caught.value).startswith(f"{tempfile.gettempdir()}: a copy of {tiny.folder} needs ")
    assert str(caught.value).endswith("or set TMPDIR to a folder on another disk.")


def test_a_sound_model_passes_and_may_hold_queues_datasets_and_prints(tiny, tmp_path):
    require_safe(tiny.folder)

    def harmless(module, sentence):
        rows = tf.data.Dataset.from_tensor_slices(sentence).enumerate().filter(lambda number, _: number < 9)
        data = rows.map(lambda _, row: tf.strings.upper(row), num_parallel_calls=2).batch(8).prefetch(2)
        upper = data.reduce(tf.constant([], tf.string), lambda all_rows, rows: tf.concat([all_rows, rows], 0))
        noise = tf.strings.as_string(tf.random.uniform(tf.shape(sentence)))
        return after(tf.print("seen", upper), tf.strings.join([upper, noise]))

    check_safety(Context(saved(tmp_path / "model", harmless), {}, (), {}))


@pytest.mark.extended
def test_keras_and_tensorflow_1_models_pass(tmp_path):
    import tf_keras

    layers = tf_keras.layers
    model = tf_keras.Sequential([layers.Input((5, 3)), layers.LSTM(4), layers.Dropout(0.5), layers.Dense(2)])
    model.compile("adam", "mse")
    model.save(tmp_path / "keras", save_format="tf")
    check_safety(Context(tmp_path / "keras", {}, (), {}))
    (tmp_path / "words.txt").write_text("a\nb\n")
    v1 = tf.compat.v1
    with v1.Graph().as_default(), v1.Session() as session:
        words = v1.placeholder(tf.string, [None], "words")
        weight = v1.get_variable("weight", [], use_resource=False)
        vocabulary = tf.lookup.TextFileInitializer(
            str(tmp_path / "words.txt"), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        )  # fmt: skip
        ids = tf.lookup.StaticHashTable(vocabulary, -1).lookup(words)
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        v1.saved_model.simple_save(
            session, str(tmp_path / "v1"), {"words": words}, {"scores": tf.cast(ids, tf.float32) * weight},
            legacy_init_op=v1.tables_initializer(),
        )  # fmt: skip
    check_safety(Context(tmp_path / "v1", {}, (), {}))


@pytest.mark.parametrize("tags", [[["serve"]], [["serve"], ["serve", "gpu"]]], ids=["one graph", "two graphs"])
def test_savers_that_nothing_runs_may_stay_in_the_graph(tmp_path, tags):
    """A training's own saver, and those of `Builder.add_meta_graph`, name files that only they would write."""
    v1 = tf.compat.v1
    builder = v1.saved_model.Builder(str(tmp_path / "v1"))
    with v1.Graph().as_default(), v1.Session() as session:
        values = v1.placeholder(tf.float32, [None], "values")
        weight = v1.get_variable("weight", [])
        v1.train.Saver()
        session.run(v1.global_variables_initializer())
        signature = v1.saved_model.predict_signature_def({"values": values}, {"scores": values * weight})
        for number, each in enumerate(tags):
            add = builder.add_meta_graph if number else builder.add_meta_graph_and_variables
            add(*([] if number else [session]), each, signature_def_map={"serving_default": signature})
    builder.save()
    check_safety(Context(tmp_path / "v1", {}, (), {}))


def test_no_command_loads_such_a_model(tmp_path, monkeypatch):
    """Each command names the op, exits with 1 and leaves nothing; the written file shows that nothing ran."""
    from pipeline.cli.main import COMMANDS
    from pipeline.cli.main import _Commands as Commands

    assert {"inspect", "package", "add-signatures", "predict"} <= COMMANDS.keys()
    written = tmp_path / "written"

    def writes(module, sentence):
        return after(tf.io.write_file(str(written), tf.strings.reduce_join(sentence)), sentence)

    model, made = saved(tmp_path / "1", writes), tmp_path / "made"
    for arguments in (
        ["inspect", "--check", str(model)],
        ["package", "--for", "tf-serving", str(model), str(made)],
        ["add-signatures", "--key", "key", str(model), str(made)],
        ["predict", "--model", str(model), "Paris"],
    ):
        result = CliRunner().invoke(Commands("ner"), arguments)
        assert result.exit_code == 1, arguments
        assert "op WriteFile" in result.output
        assert not made.exists()
    shown = CliRunner().invoke(Commands("ner"), ["inspect", str(model)])
    assert shown.exit_code == 0  # it only reads
    assert "may be loaded: no: op WriteFile" in shown.output
    assert not written.exists()
    assert not list(Path(tmp_path).glob(".made*"))


def test_a_model_of_the_registry_is_checked_before_a_server_gets_it(tmp_path):
    from components.registry.serving_directory.serving_directory import publish

    model = saved(tmp_path / "model", a_fixed_path)
    with pytest.raises(UnsafeModelError, match="op ReadFile"):
        publish(model, tmp_path / "serving", "ner", 1)
    assert not list((tmp_path / "serving" / "ner").iterdir())


def test_what_is_checked_is_what_is_loaded(tiny, tmp_path):
    model = shutil.copytree(tiny.folder, tmp_path / "model")
    with private_copy(model) as copy:
        shutil.rmtree(model)
        saved(model, a_fixed_path)  # someone else's change
        with private_copy(copy) as again:
            assert again == copy
        assert validate_export(copy, tiny.contract, batches=(1,)).passed
    assert not copy.exists()
    with pytest.raises(UnsafeModelError, match="ReadFile"):
        require_safe(model)
