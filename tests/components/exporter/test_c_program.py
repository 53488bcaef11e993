"""A C program, without Python, gets the training graph's tags from the exported model, through every signature."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from support import processes
from support.lazy import LazyModule
from support.settings import exporter_settings

from components.exporter import require_valid, validate_export
from components.exporter.saved_model.embedded_metadata import embed_metadata, embedded_manifest
from components.exporter.validator.probe.c_api import wheel_folder

exporter = LazyModule("components.exporter")

tf = LazyModule("tensorflow")
SENTENCES = [
    "Joe Biden visited New Delhi India",
    "",
    "Angela Merkel,Xi Jinping went to Kyiv; unheard words",
    "Paris " * 50,
    "\u3000Élysée 😳 was in Kyiv",
]
SETTINGS = exporter_settings(default="keyed", forward={"source": "string"})
SOURCE = Path(__file__).with_name("serve_golden.c")


@pytest.fixture(scope="module")
def exported(trained, transformed, tmp_path_factory):
    """(folder, contract, known tags) of a real export."""
    from components.exporter.serving.golden import training_graph_tags

    folder = tmp_path_factory.mktemp("exported") / "model"
    contract = exporter.export(trained, transformed.graph, str(folder), SETTINGS)
    embed_metadata(folder, contract)
    return folder, contract, training_graph_tags(trained, transformed.graph, SENTENCES, constrained=False)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The compiled program."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    wheel = wheel_folder()
    if compiler is None or sys.platform != "linux":
        pytest.skip("no C compiler")
    target = tmp_path_factory.mktemp("program") / "serve_golden"
    libraries = ["-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2", f"-Wl,-rpath,{wheel}"]
    processes.run(
        [compiler, "-std=gnu11", f"-I{wheel / 'include'}", str(SOURCE), "-o", str(target), f"-L{wheel}", *libraries],
        check=True,
    )
    return target


@pytest.mark.extended
def test_the_validator_passes_the_real_export(exported):
    folder, contract, tags = exported
    golden = [{"sentence": sentence, "tags": row} for sentence, row in zip(SENTENCES, tags, strict=True)]
    require_valid(validate_export(folder, contract, golden, manifest=embedded_manifest(folder)))


@pytest.mark.extended
def test_the_weights_are_stored_once(exported, trained):
    reader = tf.train.load_checkpoint(str(exported[0] / "variables" / "variables"))
    stored = reader.get_variable_to_shape_map()
    floats = sum(
        tf.TensorShape(shape).num_elements()
        for name, shape in stored.items()
        if reader.get_variable_to_dtype_map()[name].is_floating
    )
    weights = trained.model.variables
    trained_floats = sum(tf.TensorShape(each.shape).num_elements() for each in weights if "float" in str(each.dtype))
    # `CnnLinearGraph` stores products of small matrices; the smallest table has more weights than the limit.
    assert abs(floats - trained_floats) < 100


def test_a_c_program_gives_the_golden_tags_through_every_signature(exported, program):
    folder, contract, expected = exported
    for signature in contract.signatures:
        assert answers(program, folder, signature) == expected, signature


def answers(program, folder, signature):
    tensors = signature_tensors(folder, signature)
    values = {"sentence": SENTENCES, "key": ["k"] * len(SENTENCES), "source": ["s"] * len(SENTENCES)}
    values["examples"] = [example(sentence) for sentence in SENTENCES]
    rows = zip(*(values[name] for name in tensors["inputs"]), strict=True)
    encoded = ["\t".join(as_bytes(value).hex() for value in row) for row in rows]
    result = processes.run(
        [program, folder, tensors["tags"], *tensors["inputs"].values()],
        input="\n".join(encoded) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return [[tag for tag in line.split("\t") if tag != "[PAD]"] for line in result.stdout.splitlines()]


def signature_tensors(folder, signature):
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    definition = saved.meta_graphs[0].signature_def[signature]
    inputs = {name: info.name for name, info in sorted(definition.inputs.items())}
    return {"inputs": inputs, "tags": definition.outputs["tags"].name}


def example(sentence):
    text = tf.train.Feature(bytes_list=tf.train.BytesList(value=[sentence.encode()]))
    return tf.train.Example(features=tf.train.Features(feature={"sentence": text})).SerializeToString()


def as_bytes(value):
    return value if isinstance(value, bytes) else value.encode()
