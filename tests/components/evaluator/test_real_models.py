"""Blessings of trained and exported taggers: a challenger that wins, loses, and loses on one slice."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest
from support.evaluation import evaluator_settings
from support.lazy import LazyModule
from support.settings import exporter_settings, trainer_settings

from components.evaluator.results.scores_file import read_evaluation

tf = LazyModule("tensorflow")
artifact_utils = LazyModule("tfx.types.artifact_utils")
standard_artifacts = LazyModule("tfx.types.standard_artifacts")

pytestmark = pytest.mark.extended

NAMES = ["Joe Biden", "Xi Jinping", "Justin Trudeau", "Angela Merkel"]
PLACES = ["Paris France", "New Delhi India", "Kyiv Ukraine"]
SETTINGS = trainer_settings(tagger="transformer", transformer__word_dropout=0.0, epochs=8, patience=8, averaging=0.0)


def unlabelled(graph, file, words, path):
    """Copies the transformed examples with outside tags on the given words."""
    import tensorflow_transform as tft

    from components.transform.features import TAG_IDS, TAG_VOCABULARY, TOKENS

    vocabulary = [tag.decode() for tag in tft.TFTransformOutput(graph).vocabulary_by_name(TAG_VOCABULARY)]
    outside = vocabulary.index("OUT")
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for record in tf.data.TFRecordDataset(file, compression_type="GZIP").as_numpy_iterator():
            example = tf.train.Example.FromString(record)
            tokens = [token.decode() for token in _values(example, TOKENS).bytes_list.value]
            tags = _values(example, TAG_IDS).int64_list.value
            for index, token in enumerate(tokens):
                if token in words:
                    tags[index] = outside
            writer.write(example.SerializeToString())
    return [str(path)]


def _values(example, name):
    (feature,) = (key for key in example.features.feature if key.split("$")[0] == name)
    return example.features.feature[feature]


@pytest.fixture(scope="module")
def models(transformed, tmp_path_factory):
    """Exports two taggers: one did not learn two of four persons, the other one of three places."""
    from components.exporter.saved_model.exporting import export
    from components.trainer.inputs import TrainingInputs
    from components.trainer.training import train

    folder = tmp_path_factory.mktemp("real")
    ignored = {"no_persons": {"Joe", "Biden", "Angela", "Merkel"}, "no_kyiv": {"Kyiv", "Ukraine"}}
    for name, words in ignored.items():
        files = unlabelled(transformed.graph, transformed.files[0], words, folder / f"{name}.gz")
        trained = train(SETTINGS, TrainingInputs(files, files, transformed.graph))
        settings = exporter_settings(forward={"source": "string"}, decoding="constrained")
        export(trained, transformed.graph, str(folder / name / "Format-Serving"), settings)
    _write_examples(folder / "examples" / "Split-eval" / "data.gz")
    return folder


def _write_examples(path):
    dice = random.Random(8)
    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for number in range(240):
            person, place = dice.choice(NAMES), dice.choice(PLACES)
            sentence = f"{person} visited {place}"
            inside = ["I-LOCATION"] * (len(place.split()) - 1)
            tags = ["B-NAME", "I-NAME", "OUT", "B-LOCATION", *inside]
            source = "kyiv" if place.startswith("Kyiv") else "elsewhere"
            values = {"key": [f"k{number}"], "sentence": [sentence], "source": [source], "tags": tags}
            features = {
                name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode() for text in texts]))
                for name, texts in values.items()
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())


@pytest.fixture
def evaluate(models, tmp_path):
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor

    from components.evaluator.executor import Executor

    def artifact(artifact_type, path):
        made = artifact_type()
        made.uri = str(path)
        return made

    def run(challenger, champion, *rules):
        examples = artifact(standard_artifacts.Examples, models / "examples")
        examples.split_names = artifact_utils.encode_split_names(["eval"])
        examples.set_string_custom_property("payload_format", "FORMAT_TF_EXAMPLE")
        inputs = {
            "examples": [examples],
            "model": [artifact(standard_artifacts.Model, models / challenger)],
            "baseline_model": [artifact(standard_artifacts.Model, models / champion)],
        }
        outputs = SimpleNamespace(
            evaluation=artifact(standard_artifacts.ModelEvaluation, tmp_path / "evaluation"),
            blessing=artifact(standard_artifacts.ModelBlessing, tmp_path / "blessing"),
        )
        properties = {
            "settings": evaluator_settings(
                slices=["source"], bootstrap=100, min_f1=0.5, max_regression=0.0, rules=rules
            ).model_dump_json()
        }
        beam = ["--sdk_container_image=none"]  # keeps TFX from packaging itself, which takes seconds
        context = BaseBeamExecutor.Context(beam_pipeline_args=beam, tmp_dir=str(tmp_path / "tmp"), unique_id="1")
        Executor(context).Do(inputs, {name: [made] for name, made in vars(outputs).items()}, properties)
        assert (
            outputs.blessing.get_int_custom_property("blessed")
            == read_evaluation(outputs.evaluation.uri).blessing.blessed
        )
        return read_evaluation(outputs.evaluation.uri)

    return run


def test_better_challenger_wins(evaluate):
    result = evaluate("no_kyiv", "no_persons")
    assert result.blessing.blessed, result.blessing
    change = result.overall.changes["entity_f1"]
    assert change.low > 0
    assert result.overall.candidate.entities.per_type["NAME"].f1.value > 0.95


def test_worse_challenger_loses(evaluate):
    result = evaluate("no_persons", "no_kyiv")
    assert not result.blessing.blessed
    assert [(rule.rule, rule.slice, rule.state) for rule in result.blessing.rules] == [
        ("max_regression", "all examples", "failed"),
        ("bound", "all examples", "passed"),
    ]


def test_challenger_that_is_worse_on_one_slice_loses(evaluate):
    result = evaluate(
        "no_kyiv",
        "no_persons",
        {"metric": "entity_f1/LOCATION", "slice": "source", "max_regression": 0.1, "min_support": 30},
    )
    assert not result.blessing.blessed
    by_slice = {rule.slice: rule.state for rule in result.blessing.rules if rule.rule == "max_regression"}
    assert by_slice == {"source=kyiv": "failed", "all examples": "passed", "source=elsewhere": "passed"}
    (failure,) = result.blessing.failures
    assert failure.startswith("entity F1 of LOCATION on source=kyiv changed by -")
