"""The blessing of real, trained and exported taggers: a challenger that wins, loses, and loses on one slice only."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest
import tensorflow as tf
import tensorflow_transform as tft
from google.protobuf import json_format
from support.settings import exporter_settings, trainer_settings
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils, standard_artifacts

from components.evaluator.blessing.rule import Rule, rules_to_json
from components.evaluator.eval_config import eval_config
from components.evaluator.executor import Executor
from components.evaluator.results.scores import read_evaluation
from components.evaluator.settings import EvaluationSettings
from components.exporter.saved_model.exporting import export
from components.trainer.inputs import TrainingInputs
from components.trainer.training import train
from components.transform.features import TAG_IDS, TAG_VOCABULARY, TOKENS

NAMES = ["Joe Biden", "Xi Jinping", "Justin Trudeau", "Angela Merkel"]
PLACES = ["Paris France", "New Delhi India", "Kyiv Ukraine"]
SETTINGS = trainer_settings(tagger="transformer", transformer__word_dropout=0.0, epochs=8, patience=8, averaging=0.0)


def unlabelled(graph, file, words, path):
    """A copy of the transformed examples in which sentences with one of the words have outside tags only there."""
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
    (found,) = (key for key in example.features.feature if key.split("$")[0] == name)
    return example.features.feature[found]


@pytest.fixture(scope="module")
def models(transformed, tmp_path_factory):
    """Two taggers: one never learned two of four persons, the other never learned one of three places."""
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
            "eval_config": json_format.MessageToJson(eval_config(EvaluationSettings(("source",), bootstrap=100))),
            "rules": rules_to_json([Rule("entity_f1", min=0.5, max_regression=0.0), *rules]),
        }
        beam = ["--sdk_container_image=none"]  # keeps TFX from packing itself: seconds
        context = BaseBeamExecutor.Context(beam_pipeline_args=beam, tmp_dir=str(tmp_path / "tmp"), unique_id="1")
        Executor(context).Do(inputs, {name: [made] for name, made in vars(outputs).items()}, properties)
        assert (
            outputs.blessing.get_int_custom_property("blessed")
            == read_evaluation(outputs.evaluation.uri).blessing.blessed
        )
        return read_evaluation(outputs.evaluation.uri)

    return run


def test_the_better_challenger_wins(evaluate):
    result = evaluate("no_kyiv", "no_persons")
    assert result.blessing.blessed, result.blessing
    change = result.overall.changes["entity_f1"]
    assert change.low > 0
    assert result.overall.candidate.entities.per_type["NAME"].f1.value > 0.95


def test_the_worse_challenger_loses(evaluate):
    result = evaluate("no_persons", "no_kyiv")
    assert not result.blessing.blessed
    assert [(rule.rule, rule.slice, rule.state) for rule in result.blessing.rules] == [
        ("max_regression", "all examples", "failed"),
        ("min", "all examples", "passed"),
    ]


def test_a_challenger_that_is_better_but_for_one_slice_loses_by_that_slice(evaluate):
    result = evaluate("no_kyiv", "no_persons", Rule("entity_f1/LOCATION", "source", max_regression=0.1, min_support=30))
    assert not result.blessing.blessed
    by_slice = {rule.slice: rule.state for rule in result.blessing.rules if rule.rule == "max_regression"}
    assert by_slice == {"source=kyiv": "failed", "all examples": "passed", "source=elsewhere": "passed"}
    (failure,) = result.blessing.failures
    assert failure.startswith("entity_f1/LOCATION of source=kyiv changed by -")
