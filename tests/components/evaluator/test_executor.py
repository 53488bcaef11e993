"""The Evaluator's executor on real SavedModels and real TFMA, against seqeval."""

from __future__ import annotations

import random
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
import tensorflow as tf
from google.protobuf import json_format
from seqeval.metrics import accuracy_score, classification_report
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils, standard_artifacts

from components.evaluator.errors import EvaluationError
from components.evaluator.eval_config import eval_config
from components.evaluator.executor import Executor
from components.evaluator.scores import read_scores

SCHEMA = 'feature {{ name: "{}" type: BYTES }}\n'
TAGS = ["O", "O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-creative-work"]


class CannedModel(tf.Module):
    """Gives each sentence, found by its key, the tags and offsets that it is told to give."""

    def __init__(self, rows):
        super().__init__()
        keys = [row["key"] for row in rows]
        self.tables = [
            tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(keys, [" ".join(map(str, row[name])) for row in rows]), ""
            )
            for name in ("tags", "starts", "ends")
        ]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serving_examples(self, examples):
        keys = tf.io.parse_example(examples, {"key": tf.io.FixedLenFeature([1], tf.string)})["key"]
        tags, starts, ends = (tf.strings.split(table.lookup(keys[:, 0])) for table in self.tables)
        return {
            "key": keys,
            "tags": tags.to_tensor("[PAD]"),
            "starts": tf.strings.to_number(starts, tf.int32).to_tensor(),
            "ends": tf.strings.to_number(ends, tf.int32).to_tensor(),
        }


def make_sentence(index, dice):
    """One sentence of gold tokens, some of which the model cuts into several pieces."""
    pieces = [
        [dice.choice(["Ann", "Delhi", "été", "漢字", "x"]) for _ in range(dice.choice([1, 1, 1, 2, 3]))]
        for _ in range(dice.randint(1, 25))
    ]
    tokens = ["".join(of_token) for of_token in pieces]
    source = "a.conll" if index % 3 else "b.conll"
    return {
        "key": f"key-{index}",
        "pieces": pieces,
        "sentence": " ".join(tokens),
        "source": source,
        "gold": [dice.choice(TAGS) for _ in tokens],
    }


def predict(sentence, error_rate, dice):
    """Noisy tags of the gold tokens, and how a model that cuts finer would serve them."""
    per_token = [tag if dice.random() > error_rate else dice.choice(TAGS) for tag in sentence["gold"]]
    row = {"key": sentence["key"], "per_token": per_token, "tags": [], "starts": [], "ends": []}
    at = 0
    for tag, of_token in zip(per_token, sentence["pieces"], strict=True):
        for number, piece in enumerate(of_token):
            row["tags"].append(dice.choice(TAGS) if number else tag)
            row["starts"].append(at)
            at += len(piece)
            row["ends"].append(at)
        at += 1
    return row


def write_examples(folder, split, sentences):
    path = folder / f"Split-{split}" / "data_tfrecord-00000-of-00001.gz"
    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for sentence in sentences:
            values = {name: [sentence[name]] for name in ("key", "sentence", "source")} | {"tags": sentence["gold"]}
            features = {
                name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode() for value in each]))
                for name, each in values.items()
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())


def save_model(folder, rows):
    module = CannedModel(rows)
    tf.saved_model.save(module, str(folder / "Format-Serving"), {"serving_examples": module.serving_examples})
    return rows


def artifact(artifact_type, path):
    made = artifact_type()
    made.uri = str(path)
    return made


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Sixty sentences, and four models: good, bad, one that loses a token of one sentence, and none at all."""
    folder = tmp_path_factory.mktemp("evaluator")
    dice = random.Random(7)
    sentences = [make_sentence(index, dice) for index in range(60)]
    write_examples(folder / "examples", "eval", sentences)
    write_examples(folder / "examples", "empty", [])
    good = save_model(folder / "good", [predict(sentence, 0.1, dice) for sentence in sentences])
    bad = save_model(folder / "bad", [predict(sentence, 0.4, dice) for sentence in sentences])
    lost = [dict(row) for row in good]
    lost[41]["ends"] = [*lost[41]["ends"][:-1], lost[41]["starts"][-1]]
    save_model(folder / "lost", lost)
    (folder / "absent").mkdir()
    (folder / "schema").mkdir()
    names = ("key", "sentence", "source", "tags")
    (folder / "schema" / "schema.pbtxt").write_text("".join(map(SCHEMA.format, names)))
    return SimpleNamespace(folder=folder, sentences=sentences, good=good, bad=bad)


@pytest.fixture
def evaluate(corpus, tmp_path):
    """Runs the executor; returns the evaluation and blessing artifacts."""

    def run(model, champion=None, split="eval", **settings):
        examples = artifact(standard_artifacts.Examples, corpus.folder / "examples")
        examples.split_names = artifact_utils.encode_split_names(["eval", "empty"])
        examples.set_string_custom_property("payload_format", "FORMAT_TF_EXAMPLE")
        inputs = {"examples": [examples], "model": [artifact(standard_artifacts.Model, corpus.folder / model)]}
        inputs["schema"] = [artifact(standard_artifacts.Schema, corpus.folder / "schema")]
        if champion is not None:
            inputs["baseline_model"] = [champion]
        evaluation = artifact(standard_artifacts.ModelEvaluation, tmp_path / "evaluation")
        blessing = artifact(standard_artifacts.ModelBlessing, tmp_path / "blessing")
        config = eval_config(**{"min_f1": 0.5, "max_regression": 0.01, "slices": ["source"]} | settings)
        properties = {"eval_config": json_format.MessageToJson(config), "example_splits": f'["{split}"]'}
        context = BaseBeamExecutor.Context(beam_pipeline_args=[], tmp_dir=str(tmp_path / "tmp"), unique_id="1")
        Executor(context).Do(inputs, {"evaluation": [evaluation], "blessing": [blessing]}, properties)
        return evaluation, blessing

    def champion_of(name):
        return artifact(standard_artifacts.Model, corpus.folder / name)

    run.champion = champion_of
    return run


def by_seqeval(sentences, rows):
    gold = [sentence["gold"] for sentence in sentences]
    predicted = [row["per_token"] for row in rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = classification_report(gold, predicted, output_dict=True)
    report = {name: {key.removesuffix("-score"): value for key, value in of.items()} for name, of in report.items()}
    micro, macro = report.pop("micro avg"), report.pop("macro avg")
    del report["weighted avg"]
    overall = {f"entity_{name}": value for name, value in micro.items()} | {
        "entity_macro_f1": macro["f1"],
        "token_accuracy": accuracy_score(gold, predicted),
        "example_count": len(sentences),
    }
    return overall, report


def assert_equal_scores(scores, sentences, rows):
    overall, per_type = by_seqeval(sentences, rows)
    assert scores["overall"] == pytest.approx(overall, abs=1e-9)
    assert scores["per_type"].keys() == per_type.keys() == {"PER", "LOC", "creative-work"}
    for entity_type, of_type in per_type.items():
        assert scores["per_type"][entity_type] == pytest.approx(of_type, abs=1e-9)


def test_scores_equal_seqeval_on_gold_tokens_and_the_model_is_blessed(evaluate, corpus):
    evaluation, blessing = evaluate("good")
    scores = read_scores(evaluation.uri)
    assert_equal_scores(scores, corpus.sentences, corpus.good)
    assert set(scores["slices"]) == {"source=a.conll", "source=b.conll"}
    for source in ("a.conll", "b.conll"):
        chosen = [index for index, sentence in enumerate(corpus.sentences) if sentence["source"] == source]
        of_slice = scores["slices"][f"source={source}"]
        assert_equal_scores(of_slice, [corpus.sentences[i] for i in chosen], [corpus.good[i] for i in chosen])
    assert (scores["blessed"], scores["failures"], scores["baseline"]) == (True, [], None)
    for name, value in scores["overall"].items():
        assert evaluation.get_float_custom_property(name) == value
    assert evaluation.get_int_custom_property("blessed") == 1
    assert blessing.get_int_custom_property("blessed") == 1
    assert (Path(blessing.uri) / "BLESSED").exists()


def test_model_below_the_threshold_is_not_blessed_and_told_why(evaluate, corpus):
    evaluation, blessing = evaluate("bad", min_f1=0.9)
    f1 = by_seqeval(corpus.sentences, corpus.bad)[0]["entity_f1"]
    scores = read_scores(evaluation.uri)
    assert not scores["blessed"]
    assert scores["failures"] == [f"entity_f1 of all examples is {f1:.4f}; at least 0.9000 is needed"]
    assert evaluation.get_int_custom_property("blessed") == 0
    assert (Path(blessing.uri) / "NOT_BLESSED").exists()


def test_challenger_that_is_better_than_the_champion_wins(evaluate, corpus):
    evaluation, blessing = evaluate("good", evaluate.champion("bad"))
    scores = read_scores(evaluation.uri)
    assert scores["blessed"]
    assert_equal_scores(scores, corpus.sentences, corpus.good)
    assert_equal_scores(scores["baseline"], corpus.sentences, corpus.bad)
    assert blessing.get_string_custom_property("baseline_model") == str(corpus.folder / "bad")


def test_challenger_that_is_worse_than_the_champion_loses_though_it_meets_the_absolute_threshold(evaluate, corpus):
    evaluation, _ = evaluate("bad", evaluate.champion("good"), min_f1=0.1)
    scores = read_scores(evaluation.uri)
    assert not scores["blessed"]
    loss = scores["overall"]["entity_f1"] - scores["baseline"]["overall"]["entity_f1"]
    assert scores["failures"] == [
        f"entity_f1 of all examples changed by {loss:+.4f} against the champion; no worse than -0.0100 is needed"
    ]


def test_challenger_that_equals_the_champion_is_blessed_with_no_margin(evaluate):
    evaluation, _ = evaluate("good", evaluate.champion("good"), max_regression=0.0)
    assert read_scores(evaluation.uri)["blessed"]


@pytest.mark.parametrize(("folder", "present"), [("absent", None), ("absent", 0), ("absent", 1), ("bad", 0)])
def test_absent_champion_counts_as_none(evaluate, folder, present):
    champion = evaluate.champion(folder)
    if present is not None:
        champion.set_int_custom_property("present", present)
    evaluation, blessing = evaluate("good", champion, slices=[])
    scores = read_scores(evaluation.uri)
    assert scores["blessed"]
    assert scores["baseline"] is None
    assert not blessing.has_custom_property("baseline_model")


def test_model_that_loses_a_token_is_not_scored_and_the_sentence_is_named(evaluate, corpus, tmp_path):
    n_gold = len(corpus.sentences[41]["gold"])
    with pytest.raises(EvaluationError, match=rf"^sentence with key 'key-41': .* {n_gold} gold tags; .* scored\.$"):
        evaluate("lost", slices=[])
    assert not (tmp_path / "evaluation" / "scores.json").exists()


def test_split_without_examples_blesses_nothing(evaluate):
    evaluation, blessing = evaluate("good", split="empty")
    scores = read_scores(evaluation.uri)
    assert scores["overall"] == scores["per_type"] == scores["slices"] == {}
    assert not scores["blessed"]
    assert scores["failures"] == ["no example was evaluated of the slice all examples"]
    assert blessing.get_int_custom_property("blessed") == 0


def test_split_that_does_not_exist_is_refused_by_name(evaluate):
    with pytest.raises(EvaluationError, match=r"no split 'test' .* have eval, empty"):
        evaluate("good", split="test")


def test_slice_by_a_feature_that_does_not_exist_is_refused_by_name(evaluate):
    with pytest.raises(EvaluationError, match=r"slice by 'sorce'.* key, sentence, source, tags"):
        evaluate("good", slices=["sorce"])
