"""Soft labels of a teacher for unlabelled texts."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from absl import logging
from support.lazy import LazyModule
from support.tiny_corpus import sentences

from components.common.errors import NerError
from components.keys import TRANSFORM_GRAPH_FILE
from components.text.transitions import marginals, transitions

calibration = LazyModule("components.trainer.scoring.calibration")
losses = LazyModule("components.model.losses")
taggers = LazyModule("components.model.taggers")
graph_archive = LazyModule("components.trainer.teacher.graph_archive")
soft_labels = LazyModule("components.trainer.teacher.soft_labels")
teacher_of = LazyModule("components.trainer.teacher.teacher")
training_step = LazyModule("components.trainer.loop.training_step")
transform_graph = LazyModule("components.transform.transform_graph")
tf = LazyModule("tensorflow")

ONE_TAGGER = pytest.mark.parametrize("settings", ["cnn_linear"], indirect=True)
TEXTS = [text for text, _ in sentences(6, seed=9)]
TAGS = ["[PAD]", "O", "B-X", "I-X"]
GOLD = np.array([[1, 2, 3, 0], [3, 1, 0, 0], [2, -1, 1, 0]], np.int32)  # the second window begins inside an entity


@pytest.fixture(scope="module")
def teacher(trained, transformed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("teacher")
    trained.save(str(folder))
    graph_archive.archive_graph(transformed.graph, str(folder))
    return teacher_of.Teacher.load(str(folder))


@ONE_TAGGER
def test_texts_become_windows_with_the_teachers_distributions(teacher, transformed):
    features = transform_graph.TransformGraph(transformed.graph)
    tags = list(reversed(teacher.tags[1:]))
    tags = [teacher.tags[0], *tags]
    texts = [*TEXTS, "", "word " * 20]
    [(lengths, columns)] = soft_labels.soft_label_windows(texts, teacher, features, tags, window_size=16)
    assert lengths.tolist() == [len(text.split()) for text in TEXTS]
    assert columns["soft_labels"].shape == (lengths.sum(), len(tags))
    np.testing.assert_allclose(columns["soft_labels"].sum(-1), 1, rtol=1e-5)
    gold = [tag for _, row in sentences(6, seed=9) for tag in row]
    assert [tags[number] for number in columns["tag_ids"]] == gold
    assert {"word_ids", "case_ids", "subword_ids"} <= set(columns)


@ONE_TAGGER
def test_texts_with_an_uncertain_tag_are_left_out(teacher, transformed, monkeypatch):
    features, scores = (
        transform_graph.TransformGraph(transformed.graph),
        [answer.score for answer in teacher.soft_labels(TEXTS)],
    )
    limit = sorted(scores)[2]
    lines = []
    monkeypatch.setattr(logging, "info", lambda text, *args: lines.append(text % args))
    [(lengths, _)] = soft_labels.soft_label_windows(
        TEXTS, teacher, features, teacher.tags, window_size=16, least_score=limit
    )
    kept = [len(text.split()) for text, score in zip(TEXTS, scores, strict=True) if score >= limit]
    assert lengths.tolist() == kept
    assert lines[-1].endswith(f", {len(TEXTS) - len(kept)} texts left out by trainer.teacher_min_score")


@ONE_TAGGER
def test_the_score_of_a_text_is_calibrated(trained, teacher, transformed):
    flat = dataclasses.replace(trained, calibration=calibration.Calibration(temperature=5.0))
    calibrated = teacher_of.Teacher(flat, transform_graph.TransformGraph(transformed.graph)).soft_labels(TEXTS)
    for one, other in zip(teacher.soft_labels(TEXTS), calibrated, strict=True):
        assert other.score < one.score
        np.testing.assert_allclose(one.probabilities, other.probabilities, rtol=1e-5)


@ONE_TAGGER
def test_a_teacher_that_labels_no_text_is_an_error(teacher, transformed):
    features = transform_graph.TransformGraph(transformed.graph)
    with pytest.raises(
        NerError, match=r"^trainer\.unlabelled: the teacher labels no text, 1 text left out as empty or"
    ):
        list(soft_labels.soft_label_windows(["word " * 20], teacher, features, teacher.tags, window_size=16))


@ONE_TAGGER
def test_other_entity_types_of_a_teacher_are_named(teacher, transformed):
    features = transform_graph.TransformGraph(transformed.graph)
    tags = ["[PAD]", "OUT", "B-NAME", "I-NAME", "B-PLANET", "I-PLANET"]
    with pytest.raises(NerError, match=r"trainer\.teacher: .* it lacks PLANET and also has LOCATION\. Train"):
        next(soft_labels.soft_label_windows(TEXTS, teacher, features, tags, window_size=16))


@ONE_TAGGER
@pytest.mark.parametrize(
    "tags",
    [["[PAD]", "O", "B-LOCATION", "B-NAME", "I-NAME"], ["[PAD]", "OUT", "I-LOCATION", "B-LOCATION", "B-NAME"]],
    ids=["no I-LOCATION, another outside label", "no I-NAME"],
)
def test_a_teacher_may_have_i_tags_that_the_tagger_lacks(teacher, transformed, tags):
    features = transform_graph.TransformGraph(transformed.graph)
    [(_, columns)] = soft_labels.soft_label_windows(TEXTS, teacher, features, tags, window_size=16)
    np.testing.assert_allclose(columns["soft_labels"].sum(-1), 1, rtol=1e-5)
    gold = [tag for _, row in sentences(6, seed=9) for tag in row]
    own = [tag if tag in tags else tag.replace("I-", "B-") if "-" in tag else tags[1] for tag in gold]
    assert [tags[number] for number in columns["tag_ids"]] == own


@pytest.mark.parametrize("missing", ["I-NAME", "I-LOCATION"])
def test_a_teacher_may_lack_i_tags_that_the_tagger_has(missing):
    tags = ["[PAD]", "OUT", "B-NAME", "I-NAME", "B-LOCATION", "I-LOCATION"]
    of_teacher = [tag for tag in reversed(tags[1:]) if tag != missing]
    ids = soft_labels.own_ids(["[PAD]", *of_teacher], tags)
    assert [tags[number] for number in ids] == ["[PAD]", *of_teacher]


def test_equal_graphs_have_equal_archives_and_a_missing_one_is_named(transformed, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        graph_archive.archive_graph(transformed.graph, str(tmp_path / name))
    one, two = (Path(tmp_path, name, TRANSFORM_GRAPH_FILE).read_bytes() for name in ("one", "two"))
    assert one == two
    with pytest.raises(NerError, match=r"trainer\.teacher: .* has no transform_graph\.zip"):
        teacher_of.Teacher.load(str(tmp_path))


def logits(seed, *shape):
    values = np.random.default_rng(seed).normal(0, 2, (*shape, len(TAGS))).astype(np.float32)
    values[..., 0] = -1e9
    return tf.constant(values)


@pytest.mark.parametrize(("tagger", "experts"), [("cnn_linear", (3,)), ("encoder", ()), ("transformer", ())])
def test_windows_without_a_teacher_count_as_in_a_supervised_training(tagger, experts):
    loss, answer = taggers.tagger_loss(tagger, TAGS), logits(1, *experts, *GOLD.shape)
    gold = GOLD[:2] if tagger == "transformer" else GOLD  # its loss counts other tokens of a window with an unknown tag
    answer, soft = answer[..., : len(gold), :, :], tf.zeros((*gold.shape, len(TAGS)))
    value = soft_labels.distillation_objective(loss)(
        lambda inputs, training: answer, {"soft_labels": soft}, tf.constant(gold)
    )
    expected = training_step.supervised(loss)(lambda inputs, training: answer, {}, tf.constant(gold))
    assert float(value) == pytest.approx(float(expected), rel=1e-5)


def test_the_loss_is_lowest_where_the_tagger_agrees_with_the_teacher():
    loss = losses.ConstrainedCrfLoss(TAGS, token_weights=(0.0,))
    real = np.array([[True, True, True], [True, True, False]])
    teacher = logits(5, 2, 3)
    soft = tf.constant(marginals(teacher.numpy(), real, *transitions(TAGS)))
    tags = tf.constant(np.where(real, soft.numpy().argmax(-1), 0), tf.int32)

    def of(answer):
        of_expert = tf.Variable(answer[None])
        with tf.GradientTape() as tape:
            value = soft_labels.distillation_objective(loss)(
                lambda inputs, training: of_expert, {"soft_labels": soft}, tags
            )
        return float(value), tape.gradient(value, of_expert).numpy()

    at_teacher, slope = of(teacher)
    assert np.abs(slope[..., 1:]).max() < 1e-5
    for seed in range(3):
        assert of(teacher + 0.3 * logits(seed, 2, 3) * [0, 1, 1, 1])[0] > at_teacher
