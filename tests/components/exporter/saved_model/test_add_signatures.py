"""Added signatures: same answers as the source, which may be deleted afterwards."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import shutil
import types

import numpy as np
import pytest
from packaging.version import Version
from support.lazy import LazyModule

from components.exporter import ExportError, ExportInvalidError, Signatures, add_signatures, validate_export
from components.exporter.contract.contract import Contract
from components.exporter.contract.tensors import SignatureContract, TensorContract
from components.exporter.saved_model.embedded_metadata import (
    embed_metadata,
    embedded_contract,
    embedded_golden,
    embedded_manifest,
)
from components.exporter.saved_model.rewriting import require_resource_variables
from components.exporter.saved_model.signature_plan import Changes, plan_signatures
from components.keys import ASSETS_EXTRA, WARMUP_FILE

keras, tf = LazyModule("keras"), LazyModule("tensorflow")
KEYED = Signatures(default="keyed", key="key")


def signatures(folder):
    """Returns signature -> (inputs, outputs) as {name: (dtype, shape)}."""
    functions = tf.saved_model.load(str(folder)).signatures

    def shown(tensors):
        return {name: (tensor.dtype.name, tuple(tensor.shape)) for name, tensor in sorted(tensors.items())}

    return {
        name: (shown(function.structured_input_signature[1]), shown(function.structured_outputs))
        for name, function in functions.items()
    }


def answers(folder, signature, **inputs):
    function = tf.saved_model.load(str(folder)).signatures[signature]
    outputs = function(**{name: tf.constant(value) for name, value in inputs.items()})
    return {name: value.numpy() for name, value in outputs.items()}


@pytest.fixture(scope="module")
def image_model(tmp_path_factory):
    """The second article's: 28 x 28 numbers in, ten probabilities out."""
    folder = tmp_path_factory.mktemp("image") / "model"
    layers = [keras.layers.Flatten(), keras.layers.Dense(16, "relu"), keras.layers.Dense(10, "softmax", name="preds")]
    model = keras.Sequential([keras.Input((28, 28), name="image"), *layers])
    module = tf.Module()
    module.raw = [variable.value for variable in model.variables]
    spec = tf.TensorSpec([None, 28, 28], tf.float32, name="image")
    module.serve = tf.function(lambda image: {"preds": model(image)}, input_signature=[spec])
    options = tf.saved_model.SaveOptions(save_debug_info=False)
    tf.saved_model.save(module, str(folder), signatures=module.serve, options=options)
    return folder


IMAGE = {"image": ("float32", (None, 28, 28))}
PREDS = {"preds": ("float32", (None, 10))}
KEY = {"key": ("string", (None,))}


def test_keyed_prediction_of_the_articles_image_model(image_model, tmp_path):
    assert add_signatures(image_model, tmp_path / "keyed", KEYED).passed
    assert signatures(tmp_path / "keyed") == {
        "serving_default": ({**IMAGE, **KEY}, {**KEY, **PREDS}),
        "keyed": ({**IMAGE, **KEY}, {**KEY, **PREDS}),
        "unkeyed_signature": (IMAGE, PREDS),
    }
    images = np.random.default_rng(0).uniform(size=(3, 28, 28)).astype("float32")
    keyed = answers(tmp_path / "keyed", "serving_default", image=images, key=["b", "", "b"])
    assert keyed["key"].tolist() == [b"b", b"", b"b"]
    assert keyed["preds"].tobytes() == answers(image_model, "serving_default", image=images)["preds"].tobytes()


@pytest.fixture(scope="module")
def price_model(tmp_path_factory):
    """The second article's: two numbers in, a price out; exported by Keras itself, which stores weights twice."""
    folder = tmp_path_factory.mktemp("price") / "model"
    inputs = {name: keras.Input((1,), name=name) for name in ("tax_rate", "rooms")}
    hidden = keras.layers.Dense(8, "relu")(keras.layers.Concatenate()(list(inputs.values())))
    model = keras.Model(inputs, {"price": keras.layers.Dense(1, name="price")(hidden)})
    archive = keras.export.ExportArchive()
    archive.track(model)
    specs = {name: tf.TensorSpec([None, 1], tf.float32, name=name) for name in inputs}
    archive.add_endpoint("serving_default", lambda tax_rate, rooms: model({"tax_rate": tax_rate, "rooms": rooms}),
                         input_signature=list(specs.values()))  # fmt: skip
    archive.write_out(str(folder), verbose=False)
    return folder


@pytest.mark.extended
def test_feature_forwarding_of_the_articles_price_model(price_model, tmp_path):
    add_signatures(price_model, tmp_path / "made", Signatures(forward={"tax_rate": "string", "source": "string"}))
    number = ("float32", (None, 1))
    inputs = {"rooms": number, "tax_rate": number}
    assert signatures(tmp_path / "made") == {
        "serving_default": (inputs, {"price": number}),
        "feature_forward": (
            {**inputs, "source": ("string", (None,))},
            {"price": number, "source": ("string", (None,)), "tax_rate": number},
        ),
    }
    row = {"tax_rate": np.float32([[5.0], [np.nan]]), "rooms": np.float32([[6.2], [4.0]])}
    made = answers(tmp_path / "made", "feature_forward", **row, source=["a", "b"])
    assert made["tax_rate"].tobytes() == row["tax_rate"].tobytes()
    assert made["price"].tobytes() == answers(price_model, "serving_default", **row)["price"].tobytes()


@pytest.mark.extended
def test_four_hops_with_every_source_deleted(tiny, tmp_path):
    expected = answers(tiny.folder, "serving_default", sentence=["Joe Biden visited Paris", "", "unheard"])
    folder = shutil.copytree(tiny.folder, tmp_path / "hop0")
    steps = [
        Signatures(default="feature_forward", forward={"region": "string"}, keep_default_as="was"),
        Signatures(keep_default_as="again"),
        Signatures(default="unkeyed_signature", keep_default_as="more"),
        Signatures(default="keyed", keep_default_as="plain"),
    ]
    renamed = {"feature_forward": "old_forward"}
    start = tf.saved_model.load(str(folder))
    kept = {renamed.get(name, name): start.signatures[name] for name in ("serving_default", "keyed")}
    module = tf.Module()
    module.base = start
    signatures = {**kept, "unkeyed_signature": kept["serving_default"]}
    options = tf.saved_model.SaveOptions(save_debug_info=False)
    tf.saved_model.save(module, str(tmp_path / "start"), signatures=signatures, options=options)
    del start, module, kept
    source, sizes = tmp_path / "start", []
    for number, step in enumerate(steps, 1):
        made = tmp_path / f"hop{number}"
        base = "unkeyed_signature" if step.forward else "serving_default"
        report = add_signatures(source, made, step, changes=Changes(base=base))
        shutil.rmtree(source)
        sizes.append((made / "saved_model.pb").stat().st_size)
        source = made
    again = answers(source, "plain", sentence=["Joe Biden visited Paris", "", "unheard"])
    assert {name: value.tobytes() for name, value in again.items() if value.dtype != object} == {
        name: value.tobytes() for name, value in expected.items() if value.dtype != object
    }
    assert again["tags"].tolist() == expected["tags"].tolist()
    assert set(report.contract.signatures) == {
        *("serving_default", "keyed", "unkeyed_signature", "feature_forward", "was", "again", "more", "plain")
    }
    assert sorted(path.name for path in (source / "assets").iterdir()) == ["tags.txt", "words.txt"]
    assert sizes[-1] < sizes[0] + 4 * 200_000


@pytest.fixture
def tf1_model(tmp_path):
    """A model of TensorFlow 1 with a table, a variable, and names that Python does not allow."""
    tf1 = tf.compat.v1
    (tmp_path / "words.txt").write_text("a\nb\n")
    with tf.Graph().as_default(), tf1.Session() as session:
        image = tf1.placeholder(tf.float32, [None, 3])
        word = tf1.placeholder(tf.string, [None])
        weights = tf1.get_variable("w", initializer=np.arange(6, dtype="float32").reshape(3, 2))
        line, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        file = tf1.lookup.TextFileInitializer(str(tmp_path / "words.txt"), tf.string, line, tf.int64, number)
        table = tf1.lookup.StaticHashTable(file, -1)
        inputs = {"image/encoded": image, "class": word}
        outputs = {"scores/all": tf.matmul(image, weights), "ids": table.lookup(word)}
        session.run([tf1.global_variables_initializer(), tf1.tables_initializer()])
        info = tf1.saved_model.build_tensor_info
        definition = tf1.saved_model.build_signature_def(
            {name: info(tensor) for name, tensor in inputs.items()},
            {name: info(tensor) for name, tensor in outputs.items()},
            "tensorflow/serving/predict",
        )
        builder = tf1.saved_model.Builder(str(tmp_path / "tf1"))
        builder.add_meta_graph_and_variables(
            session, ["serve"], {"serving_default": definition}, main_op=tf1.tables_initializer(),
            assets_collection=tf1.get_collection(tf1.GraphKeys.ASSET_FILEPATHS),
        )  # fmt: skip
        builder.save()
    return tmp_path / "tf1"


@pytest.mark.extended
def test_a_tensorflow_1_model_keeps_names_that_python_does_not_allow(tf1_model, tmp_path):
    if Version(importlib.metadata.version("tensorflow")) >= Version("2.17"):
        with pytest.raises(ExportError, match=r"such an input: 'class'.*signatures with TensorFlow 2\.16"):
            add_signatures(tf1_model, tmp_path / "made", KEYED)
        return
    report = add_signatures(tf1_model, tmp_path / "made", KEYED)
    assert report.passed
    inputs = {"class": ("string", (None,)), "image/encoded": ("float32", (None, 3))}
    outputs = {"ids": ("int64", (None,)), "scores/all": ("float32", (None, 2))}
    keyed = report.contract.signatures["serving_default"]
    assert {name: (each.dtype, each.shape) for name, each in keyed.inputs.items()} == {**inputs, **KEY}
    assert {name: (each.dtype, each.shape) for name, each in keyed.outputs.items()} == {**outputs, **KEY}
    assert set(report.contract.signatures["unkeyed_signature"].inputs) == set(inputs)
    assert add_signatures(tmp_path / "made", tmp_path / "again", Signatures(forward={"page": "int64"})).passed
    request = {"class": ["b", "x"], "image/encoded": np.float32([[1, 2, 3], [0, 0, 1]]), "key": ["1", "2"]}
    outputs = answers(tmp_path / "made", "keyed", **request)
    assert outputs["ids"].tolist() == [1, -1]
    assert outputs["scores/all"].tolist() == [[16, 22], [4, 5]]


@pytest.mark.extended
def test_a_model_without_batches(tmp_path):
    module = tf.Module()
    module.factor = tf.Variable(3.0)
    scalar = tf.TensorSpec([], tf.float32, name="x")
    module.serve = tf.function(lambda x: {"y": x * module.factor}, input_signature=[scalar])
    tf.saved_model.save(module, str(tmp_path / "scalar"), signatures=module.serve)
    add_signatures(tmp_path / "scalar", tmp_path / "made", Signatures(key="key"))
    outputs = answers(tmp_path / "made", "keyed", x=2.0, key="only")
    assert (outputs["y"], outputs["key"]) == (6.0, b"only")


@pytest.mark.parametrize(
    "shape", [(None, 2), *(pytest.param(shape, marks=pytest.mark.extended) for shape in ((None, None), None))], ids=str
)
def test_another_number_of_keys_than_rows_is_refused(tmp_path, shape):
    module = tf.Module()
    module.factor = tf.Variable(3.0)
    spec = tf.TensorSpec(shape, tf.float32, name="x")
    module.serve = tf.function(lambda x: {"y": x * module.factor}, input_signature=[spec])
    tf.saved_model.save(module, str(tmp_path / "model"), signatures=module.serve)
    add_signatures(tmp_path / "model", tmp_path / "made", Signatures(key="key"))
    rows = [[1.0, 2.0], [3.0, 4.0]]
    assert answers(tmp_path / "made", "keyed", x=rows, key=["a", "b"])["key"].tolist() == [b"a", b"b"]
    for keys in ("a", "abc"):
        with pytest.raises(tf.errors.InvalidArgumentError, match="Send one value for each row"):
            answers(tmp_path / "made", "keyed", x=rows, key=[*keys])


@pytest.mark.extended
def test_rows_of_a_ragged_input_are_those_of_the_answer(tmp_path):
    values, splits = tf.TensorSpec([None], tf.float32, name="values"), tf.TensorSpec([None], tf.int32, name="splits")

    @tf.function(input_signature=[values, splits])
    def serve(values, splits):
        return {"sums": tf.reduce_sum(tf.RaggedTensor.from_row_splits(values, splits), 1)}

    tf.saved_model.save(tf.Module(), str(tmp_path / "model"), signatures=serve)
    request = {"values": [1.0, 2.0, 3.0, 4.0, 5.0], "splits": [0, 2, 5]}
    golden = [{"signature": "serving_default", "inputs": request, "outputs": {}}]
    add_signatures(tmp_path / "model", tmp_path / "made", Signatures(key="key"), golden=golden)
    outputs = answers(tmp_path / "made", "keyed", **request, key=["a", "b"])
    assert (outputs["sums"].tolist(), outputs["key"].tolist()) == ([3, 12], [b"a", b"b"])
    with pytest.raises(tf.errors.InvalidArgumentError, match="Send one value for each row"):
        answers(tmp_path / "made", "keyed", **request, key=["a"])


@pytest.mark.extended
def test_a_model_that_does_not_repeat_its_answers_is_named(tmp_path):
    module = tf.Module()
    spec = tf.TensorSpec([None], tf.float32, name="x")
    module.serve = tf.function(lambda x: {"y": x + tf.random.normal(tf.shape(x))}, input_signature=[spec])
    tf.saved_model.save(module, str(tmp_path / "random"), signatures=module.serve)
    problem = r"random: signature serving_default: output y differs between runs .*\. Save the model without random"
    with pytest.raises(ExportError, match=problem):
        add_signatures(tmp_path / "random", tmp_path / "made", Signatures(key="key"))
    assert [path.name for path in tmp_path.iterdir()] == ["random"]


@pytest.mark.extended
def test_a_model_that_only_python_can_load_is_repaired(tmp_path):
    module = tf.Module()
    module.model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])  # the pitfall
    spec = tf.TensorSpec([None, 4], tf.float32, name="x")
    module.serve = tf.function(lambda x: {"y": module.model(x)}, input_signature=[spec])
    options = tf.saved_model.SaveOptions(save_debug_info=False)
    tf.saved_model.save(module, str(tmp_path / "broken"), signatures=module.serve, options=options)
    assert {check.pitfall for check in validate_export(tmp_path / "broken").failures} >= {"keras_variables"}
    assert add_signatures(tmp_path / "broken", tmp_path / "made", Signatures(key="key")).passed
    assert "keras_variables" not in {check.pitfall for check in validate_export(tmp_path / "made").failures}


@pytest.mark.extended
def test_extras_are_copied_and_warm_up_follows_the_old_default(tiny, tmp_path):
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

    source = shutil.copytree(tiny.folder, tmp_path / "source")
    known = [
        {"signature": name, "rows": 1, "inputs": {"sentence": ["Joe"], **key}, "outputs": {"tags": [["B-NAME"]], **key}}
        for name, key in (("serving_default", {}), ("keyed", {"key": ["a"]}))
    ]
    embed_metadata(source, tiny.contract, golden=known)
    (source / ASSETS_EXTRA / "note.txt").write_text("kept")
    file = source / ASSETS_EXTRA / WARMUP_FILE
    with tf.io.TFRecordWriter(str(file)) as writer:
        for signature in ("", "keyed"):
            request = predict_pb2.PredictRequest()
            request.model_spec.signature_name = signature
            request.inputs["sentence"].CopyFrom(tf.make_tensor_proto(["Joe"]))
            log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
            writer.write(log.SerializeToString())
    made = tmp_path / "made"
    add_signatures(source, made, Signatures(default="keyed", keep_default_as="plain"))
    assert (made / ASSETS_EXTRA / "note.txt").read_text() == "kept"
    golden = {case["signature"]: case for case in embedded_golden(made)}
    assert golden["plain"]["inputs"] == {"sentence": ["Joe"]}
    assert {*golden["serving_default"]["inputs"]} == {"sentence", "key"}
    records = tf.data.TFRecordDataset(str(made / ASSETS_EXTRA / file.name)).as_numpy_iterator()
    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
    assert [log.predict_log.request.model_spec.signature_name for log in logs] == ["plain", "keyed"]
    contract = embedded_contract(made)
    assert contract.signatures["plain"].inputs["sentence"].role == "text"
    assert contract.signatures["serving_default"].outputs["key"].forwards == "key"
    assert validate_export(made, contract, tiny.golden, manifest=embedded_manifest(made)).passed


@pytest.mark.extended
def test_requests_that_cannot_be_generated_must_be_given(tiny, tmp_path):
    alias = Signatures(keep_default_as="plain")
    with pytest.raises(ExportError, match=r"answered by signature serving_examples.*the last reason.*--golden"):
        add_signatures(tiny.folder, tmp_path / "made", alias)
    text = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"Joe Biden"]))
    example = tf.train.Example(features=tf.train.Features(feature={"sentence": text})).SerializeToString()
    known = {"signature": "serving_examples", "inputs": {"examples": [example]}, "outputs": {}}
    report = add_signatures(tiny.folder, tmp_path / "made", alias, golden=[known])
    assert report.passed
    assert "plain" in report.contract.signatures


def test_signatures_that_do_not_fit_the_model_are_refused(tiny):
    cases = [
        (Signatures(), "nothing to do"),
        (Signatures(key="key"), "signature keyed: the model has it already"),
        (Signatures(default="nope"), "cannot become the default"),
        (Signatures(default="keyed", keep_default_as="keyed"), "that name is taken"),
    ]
    for signatures, message in cases:
        with pytest.raises(ExportError, match=message):
            plan_signatures(tiny.contract, signatures)
    with pytest.raises(ExportError, match="no signature nope"):
        plan_signatures(tiny.contract, Signatures(key="key"), Changes(base="nope"))
    without = dataclasses.replace(tiny.contract, signatures={"a": tiny.contract.signatures["keyed"]})
    with pytest.raises(ExportError, match="has an output of that name"):
        plan_signatures(without, Signatures(forward={"tags": "string"}), Changes(base="a"))


def test_the_default_keyed_adds_a_key_for_each_row():
    open_rows, fixed, scalar = (TensorContract("float32", shape) for shape in ((None, 2), (3, 2), ()))
    for inputs, shape in [
        ({"x": open_rows}, (None,)),
        ({"x": fixed}, (3,)),
        ({"x": scalar}, ()),
        ({"x": open_rows, "threshold": scalar}, (None,)),
        ({"x": TensorContract("float32", None)}, (None,)),
    ]:
        contract = Contract(0, {"serving_default": SignatureContract(inputs, {"y": open_rows})})
        plan = plan_signatures(contract, Signatures(default="keyed"))
        assert plan.contract.signatures["keyed"].inputs["key"].shape == shape
        assert plan.contract.signatures["serving_default"].outputs["key"].forwards == "key"


def test_models_that_tensorflow_2_cannot_copy_are_refused():
    with pytest.raises(ExportError, match="no signatures"):
        plan_signatures(Contract(0, {}), KEYED)
    with tf.Graph().as_default() as graph:
        loaded = types.SimpleNamespace(graph=graph)
        tf.compat.v1.get_variable("good", [1], use_resource=True)
        require_resource_variables(loaded, "DIR")
        tf.compat.v1.get_variable("old", [1], use_resource=False)
    with pytest.raises(ExportError, match=r"without resources \(old\)"):
        require_resource_variables(loaded, "DIR")


def test_changes_of_the_own_signatures_are_planned_by_name():
    ids = TensorContract("int32", (None, 4))
    scores = TensorContract("float32", (None, 4, 3))
    same = SignatureContract({"ids": ids}, {"output_0": scores})
    contract = Contract(0, {"serve": same, "serving_default": same})
    changes = Changes(rename={"output_0": "scores"}, drop=["serve"], labels=["O", "B-X", "I-X"])
    plan = plan_signatures(contract, Signatures(default="keyed"), changes)
    assert {*plan.sources} == {"serving_default", "keyed", "unkeyed_signature"}
    assert {*plan.contract.signatures["serving_default"].outputs} == {"scores", "tags", "key"}
    assert plan.contract.signatures["keyed"].outputs["tags"].shape == (None, 4)
    assert plan.moved("serve") == ""
    for wrong, message in [
        (Changes(drop=["serving_default"]), "without another default"),
        (Changes(drop=["nope"]), "no signature nope to drop"),
        (Changes(rename={"output_0": "ids"}), "name of an input and of an output"),
        (Changes(rename={"nope": "x"}), "no input or output nope"),
        (Changes(labels=["a", "b"]), "2 labels do not fit output output_0"),
    ]:
        with pytest.raises(ExportError, match=message):
            plan_signatures(contract, Signatures(), wrong)


def test_folders_are_checked_before_anything_is_loaded(tiny, tmp_path):
    with pytest.raises(ExportError, match="exists already"):
        add_signatures(tiny.folder, tmp_path, KEYED)
    with pytest.raises(ExportError, match=r"no saved_model\.pb"):
        add_signatures(tmp_path, tmp_path / "made", KEYED)


@pytest.mark.extended
def test_a_copy_with_other_answers_is_removed(image_model, tmp_path, monkeypatch):
    from components.exporter.saved_model import add_signatures as module

    real = module.reference_answers

    def wrong(*args, **options):
        cases = real(*args, **options)
        cases[1]["outputs"]["preds"][0][0] += 1e-7
        return cases

    monkeypatch.setattr(module, "reference_answers", wrong)
    with pytest.raises(ExportInvalidError, match=r"(?s)^the copy failed .*golden_answers"):
        add_signatures(image_model, tmp_path / "made", Signatures(key="key"))
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_fails_is_named(image_model, tmp_path):
    source = shutil.copytree(image_model, tmp_path / "source")
    (source / "variables" / "variables.index").write_bytes(b"")
    with pytest.raises(ExportInvalidError, match=f"^{source} failed"):
        add_signatures(source, tmp_path / "made", Signatures(key="key"))


def test_a_wrong_option_is_named_before_a_model_with_a_contract_runs(tiny, tmp_path, monkeypatch):
    embed_metadata(shutil.copytree(tiny.folder, tmp_path / "model"), tiny.contract)
    monkeypatch.setattr("components.exporter.saved_model.add_signatures.validate_export", None)
    with pytest.raises(ExportError, match=r"no signature nope to drop; the model has .*, serving_default"):
        add_signatures(tmp_path / "model", tmp_path / "new", Signatures(), changes=Changes(drop=["nope"]))
