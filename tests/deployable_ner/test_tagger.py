"""The Python package: load a model by each kind of reference, tag lazily, in order, with typed results."""

from __future__ import annotations

import dataclasses
import itertools
import pickle
import sys

import pytest
from support.processes import run
from support.repository import python_environment

import deployable_ner as ner
from components.common.errors import NerError
from components.registry.model_registry import ModelRegistry
from components.registry.serving_directory.serving_sync import sync
from components.registry.store.version import VersionRecord
from components.serving.saved_model_tagger import Entity


@pytest.fixture(scope="module")
def work(tiny_model, tmp_path_factory):
    """A work folder with one served version."""
    folder = tmp_path_factory.mktemp("work")
    registry = ModelRegistry(f"sqlite:///{folder}/registry/mlflow.db")
    registry.register(tiny_model, "ner", VersionRecord(blessed=True))
    registry.champions("ner").promote(1, None, "a test", who="tester")
    sync(registry, "ner", folder / "serving")
    return folder


@pytest.fixture(scope="module")
def tagger(tiny_model):
    return ner.load(tiny_model)


def test_a_text_has_tokens_and_entities_with_offsets_and_scores(tagger):
    from support.tiny_tagger import golden_tags

    text = "  Joe Biden  visited Paris 😳 Kyiv"
    tagged = tagger(text)
    assert tagged.text == text
    assert [token.tag for token in tagged.tokens] == golden_tags(text)
    assert all(text[token.start : token.end] == token.text and 0 < token.score <= 1 for token in tagged.tokens)
    assert [(e.label, e.text) for e in tagged.entities] == [
        ("NAME", "Joe Biden"), ("LOCATION", "Paris"), ("LOCATION", "Kyiv"),
    ]  # fmt: skip
    first = tagged.entities[0]
    assert isinstance(first, Entity)
    assert text[first.start : first.end] == "Joe Biden"
    assert first.score == pytest.approx((tagged.tokens[0].score + tagged.tokens[1].score) / 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.label = "OTHER"
    assert tagger("") == ner.TaggedText("", (), ())


@pytest.mark.parametrize("reference", ["{work}", "{work}/serving", "{work}/serving/ner", "{work}/serving/ner/1"])
def test_a_folder_is_loaded(work, reference):
    assert ner.load(reference.format(work=work)).folder == work / "serving" / "ner" / "1"


@pytest.mark.parametrize("reference", [None, 1, "1", "champion", "models:/ner@champion", "models:/ner/1"])
def test_a_version_is_loaded_from_a_registry(work, reference, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    database = work / "registry" / "mlflow.db"
    for registry in (database, str(database), f"sqlite:///{database}"):
        assert ner.load(reference, registry=registry)("Paris").entities[0].label == "LOCATION"
    assert ner.load(reference, settings=[f"work_dir={work}"]).folder == work / "serving" / "ner" / "1"
    profile = tmp_path / "profile.yaml"
    profile.write_text(f"work_dir: {work}\n")
    assert ner.load(reference, config=profile).folder == work / "serving" / "ner" / "1"
    assert [path.name for path in tmp_path.iterdir()] == ["profile.yaml"]


def test_errors_name_the_reference_and_the_cure(tmp_path):
    with pytest.raises(ner.NerError, match=r"does not exist. Give models:/NAME@ALIAS"):
        ner.load(tmp_path / "absent")
    with pytest.raises(ner.NerError, match="there is no such file"):
        ner.load("champion", registry=tmp_path / "absent.db")
    with pytest.raises(ner.NerError, match="no champion of the model 'ner'"):
        ner.load(settings=[f"work_dir={tmp_path}"])


def test_texts_are_read_lazily_and_answered_in_order(tagger):
    read = 0

    def texts():
        nonlocal read
        for number in itertools.count():
            read += 1
            yield f"Paris {number}"

    results = tagger.tag(texts(), batch_size=8)
    assert read == 0
    assert [next(results).text for _ in range(20)] == [f"Paris {number}" for number in range(20)]
    assert read == 24
    assert list(tagger.tag([])) == []


def test_a_tagger_belongs_to_its_process(tagger, monkeypatch):
    with pytest.raises(
        TypeError, match=r"^Tagger\(.*\): cannot be pickled or copied\. Call load\('.*'\) in each process"
    ):
        pickle.dumps(tagger)
    monkeypatch.setattr("os.getpid", lambda: -1)
    with pytest.raises(NerError, match=r"loaded before this process was forked\. Call load\('.*'\) in each process\."):
        tagger("Paris")


def test_results_do_not_depend_on_the_batch_size(tagger):
    texts = [f"Joe Biden visited {'very ' * (number % 7)}Paris" for number in range(50)]
    alone = [tagger(text) for text in texts]
    for size in (1, 7, 64):
        assert list(tagger.tag(texts, batch_size=size)) == alone


def test_wrong_arguments_are_errors_of_python(tagger):
    with pytest.raises(TypeError, match=r"Call tagger\(text\) for a single text"):
        tagger.tag("Paris")
    for size in (0, 1.5):
        with pytest.raises(ValueError, match=rf"batch_size: must be an integer from 1, got {size}\. Give one"):
            tagger.tag([], batch_size=size)
    results = tagger.tag(["Paris", "Kyiv", None], batch_size=2)
    assert [next(results).text, next(results).text] == ["Paris", "Kyiv"]
    with pytest.raises(TypeError, match="text 2: must be a string, got None"):
        next(results)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (None, TypeError, "must be a string, got None. Give a str."),
        (7, TypeError, "must be a string, got 7. Give a str."),
        (b"Paris", TypeError, "must be a string, got b'Paris'. Decode it, for example with .decode(\"utf-8\")."),
        (["Paris"], TypeError, "must be a string, got ['Paris']. Give a str."),
        (
            "a\ud83d",
            ValueError,
            "has U+D83D, an unpaired surrogate, at character 1. Replace it, for example by U+FFFD.",
        ),
    ],
    ids=["None", "number", "bytes", "list", "surrogate"],
)
def test_wrong_text_is_one_error_with_its_fix(tagger, text, error, message):
    for call, where in ((lambda: tagger(text), "text"), (lambda: list(tagger.tag(["Paris", text])), "text 1")):
        with pytest.raises(error) as raised:
            call()
        assert str(raised.value) == f"{where}: {message}"
    assert tagger("a\U0001f600 \x07").text == "a\U0001f600 \x07"


@pytest.mark.parametrize("texts", [None, 7, b"Paris"])
def test_texts_that_are_not_an_iterable_of_strings_are_named(tagger, texts):
    with pytest.raises(TypeError, match=r"texts: must be an iterable of strings, got .*\. Call tagger\(text\)"):
        tagger.tag(texts)


def test_the_import_is_quick_and_loads_no_library():
    program = (
        "import sys, time; begin = time.perf_counter(); import deployable_ner as ner; "
        "seconds = time.perf_counter() - begin; assert ner.__version__ and 'load' in dir(ner); "
        "heavy = {'numpy', 'tensorflow', 'keras', 'tfx', 'mlflow', 'pydantic', 'yaml'} & set(sys.modules); "
        "print(seconds, heavy or '')"
    )
    options = {"env": python_environment(), "capture_output": True, "text": True, "check": True}
    printed = [run([sys.executable, "-c", program], **options).stdout for _ in range(3)]
    assert [line.split()[1:] for line in printed] == [[]] * 3
    assert min(float(line.split()[0]) for line in printed) < 0.1


def test_loading_prints_no_errors_about_cuda(tiny_model):
    program = "import sys, deployable_ner as ner; ner.load(sys.argv[1])"
    environment = {name: value for name, value in python_environment().items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    result = run([sys.executable, "-c", program, tiny_model], env=environment, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")
    assert "Unable to register" not in result.stderr


@pytest.mark.extended
def test_tensorflow_can_be_imported_before_and_after_a_tagger(tiny_model):
    program = """
import sys
if sys.argv[2] == "before":
    import tensorflow
import deployable_ner as ner
tagger = ner.load(sys.argv[1])
first = tagger("Joe Biden visited Paris")
from tensorflow_serving.apis import prediction_service_pb2_grpc  # imports messages of TensorFlow
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
assert float(tf.constant(1.0) + 1) == 2
assert saved_model_pb2.SavedModel()
loaded = tf.saved_model.load(sys.argv[1])
tags = loaded.signatures["serving_default"](sentence=tf.constant(["Joe Biden visited Paris"]))["tags"]
assert [tag.decode() for tag in tags.numpy()[0]] == [token.tag for token in first.tokens]
assert tagger("Joe Biden visited Paris") == first
"""
    for order in ("before", "after"):
        command = [sys.executable, "-c", program, tiny_model, order]
        result = run(command, env=python_environment(), capture_output=True, text=True)
        assert result.returncode == 0, result.stderr[-2000:]


@pytest.mark.parametrize("result", [{"entities": []}, ["B-NAME"], None])
def test_evaluation_names_the_results_that_are_not_those_of_a_tagger(tmp_path, result):
    data = tmp_path / "new.conll"
    data.write_text("Joe B-NAME\nvisited O\n")
    with pytest.raises(NerError, match=f"the tagger: it returned a {type(result).__name__} for a text .* TaggedText"):
        ner.evaluate(lambda texts: [result for _ in texts], data)


def test_the_name_of_a_model_in_place_of_a_tagger_is_an_error_that_says_to_load_it(tmp_path):
    with pytest.raises(
        TypeError, match=r"the tagger: must be a Tagger or a function, got 'work-a'. Give load\('work-a'\)"
    ):
        ner.evaluate("work-a", tmp_path)
