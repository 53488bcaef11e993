"""The TFMA metric's combiner, without Beam."""

from __future__ import annotations

import numpy as np
import pytest
from tensorflow_model_analysis.metrics import metric_types

from components.evaluator.entity_metrics import EntityMetrics
from components.evaluator.errors import EvaluationError


def combiners(**settings):
    return [computation.combiner for computation in EntityMetrics().computations(**settings)]


def element(label, tags, starts, ends, key="k"):
    prediction = {
        "tags": np.array(tags, object),
        "starts": np.array(starts, np.int32),
        "ends": np.array(ends, np.int32),
        "key": np.array([key.encode()], object),
    }
    return metric_types.StandardMetricInputs(
        labels=None if label is None else np.array(label, object), predictions=prediction
    )


def by_name(combiner, counts):
    return {key.name: value for key, value in combiner.extract_output(counts).items()}


def test_one_computation_a_model_whose_name_is_a_declared_key():
    computations = EntityMetrics().computations(model_names=["candidate", "baseline"])
    assert [{key.model_name for key in each.keys} for each in computations] == [{"candidate"}, {"baseline"}]
    for each in computations:
        assert "entity_f1" in {key.name for key in each.keys}


def test_name_can_be_chosen():
    (computation,) = EntityMetrics(name="f1_again").computations()
    assert "f1_again" in {key.name for key in computation.keys}


def test_scores_of_two_shards_merge():
    (combiner,) = combiners()
    one = combiner.add_input(combiner.create_accumulator(), element([b"B-X", b"O"], [b"B-X", b"O"], [0, 2], [1, 3]))
    two = combiner.add_input(combiner.create_accumulator(), element([b"B-X", b"O"], [b"O", b"B-Y"], [0, 2], [1, 3]))
    assert by_name(combiner, combiner.merge_accumulators([one, two])) == {
        "entity_f1": 0.5,
        "entity_precision": 0.5,
        "entity_recall": 0.5,
        "entity_support": 2.0,
        "entity_macro_f1": pytest.approx(1 / 3),
        "token_accuracy": 0.5,
        "entity_precision/X": 1.0,
        "entity_recall/X": 0.5,
        "entity_f1/X": pytest.approx(2 / 3),
        "entity_support/X": 2.0,
        "entity_precision/Y": 0.0,
        "entity_recall/Y": 0.0,
        "entity_f1/Y": 0.0,
        "entity_support/Y": 0.0,
    }


@pytest.mark.parametrize("pad", [b"[PAD]", b""])
def test_padding_of_labels_and_predictions_is_left_out(pad):
    (combiner,) = combiners()
    padded = element([b"B-X", b"", b""], [b"B-X", pad, pad], [0, 0, 0], [1, 0, 0])
    values = by_name(combiner, combiner.add_input(combiner.create_accumulator(), padded))
    assert (values["entity_f1"], values["token_accuracy"], values["entity_support"]) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("label", [None, [], [b""]])
def test_sentence_without_tokens_counts_nothing(label):
    (combiner,) = combiners()
    counts = combiner.add_input(combiner.create_accumulator(), element(label, [b"[PAD]"], [0], [0]))
    assert by_name(combiner, counts)["token_accuracy"] == 0.0


def test_predictions_of_the_own_model_are_taken_when_there_are_two():
    candidate, baseline = combiners(model_names=["candidate", "baseline"])
    right = element([b"B-X"], [b"B-X"], [0], [1])
    wrong = element([b"B-X"], [b"O"], [0], [1])
    both = metric_types.StandardMetricInputs(
        labels=right.label, predictions={"candidate": right.prediction, "baseline": wrong.prediction}
    )
    for combiner, f1 in ((candidate, 1.0), (baseline, 0.0)):
        assert by_name(combiner, combiner.add_input(combiner.create_accumulator(), both))["entity_f1"] == f1


def test_misaligned_sentence_is_named_by_its_key():
    (combiner,) = combiners()
    with pytest.raises(EvaluationError, match=r"key 'train:17': .* 1 corpus tokens, and there are 2 gold tags"):
        combiner.add_input(combiner.create_accumulator(), element([b"O", b"O"], [b"O"], [0], [1], key="train:17"))
