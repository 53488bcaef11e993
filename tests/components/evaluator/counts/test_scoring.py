"""Scores, against seqeval, scikit-learn and plain arithmetic."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.custom_metric import exact_match, fails
from support.evaluation import make_batch

from components.evaluator.counts.bootstrap import draws
from components.evaluator.counts.count_table import CountTable
from components.evaluator.counts.counting import confusion_counts, entity_counts, sentence_counts
from components.evaluator.counts.scoring import changes, estimate, scores
from components.evaluator.errors import EvaluationError
from components.evaluator.results.model_scores import Estimate
from components.text.tags import split_tag

FEW = ["B-X", "I-X", "B-Y", "I-Y", "O", "OUT"]
MANY = [f"{p}-{t}" for p in "BI" for t in ("PER", "LOC", "creative-work", "a-b", "É", "I", "O-X")] + ["O", "OUT"]


def pairs(tags):
    pair = st.tuples(st.sampled_from(tags), st.sampled_from(tags))
    return st.lists(st.lists(pair, max_size=15), min_size=1, max_size=8)


def split(corpus):
    return [[gold for gold, _ in row] for row in corpus], [[predicted for _, predicted in row] for row in corpus]


def score(corpus, replicates=0, **more):
    batch = make_batch(*split(corpus), **more)
    return scores(CountTable.of(*sentence_counts(batch), draws(batch.keys, replicates)), confusion_counts(batch))


def values(entity_scores):
    return [getattr(entity_scores, name).value for name in ("precision", "recall", "f1")]


def assert_equals_seqeval(typed, gold, predicted, function, **mode):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        micro, macro, each = (
            function(gold, predicted, average=average, **mode) for average in ("micro", "macro", None)
        )
    if typed.per_type:  # seqeval's shares of nothing are 0
        assert values(typed.micro) == pytest.approx(list(micro[:3]), abs=1e-9)
    of_types = np.array([values(of_type) for of_type in typed.per_type.values()]).reshape(-1, 3)
    assert of_types == pytest.approx(np.array(each[:3]).T.reshape(-1, 3), abs=1e-9)
    assert [of_type.support for of_type in typed.per_type.values()] == list(each[3])
    if typed.per_type:  # seqeval's mean of nothing is nan
        assert values(typed.macro) == pytest.approx(list(macro[:3]), abs=1e-9)


def assert_equals(result, corpus):
    from seqeval.metrics import accuracy_score
    from seqeval.metrics.sequence_labeling import precision_recall_fscore_support
    from seqeval.metrics.v1 import precision_recall_fscore_support as strict_support
    from seqeval.scheme import IOB2

    gold, predicted = split(corpus)
    assert_equals_seqeval(result.entities, gold, predicted, precision_recall_fscore_support)
    assert_equals_seqeval(result.strict, gold, predicted, strict_support, scheme=IOB2)
    if any(gold):
        same_label = [[[tag.replace("OUT", "O") for tag in row] for row in rows] for rows in (gold, predicted)]
        assert result.token_accuracy.value == pytest.approx(accuracy_score(*same_label), abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.one_of(pairs(FEW), pairs(MANY)))
def test_lenient_and_strict_scores_equal_seqeval(corpus):
    assert_equals(score(corpus), corpus)


@pytest.mark.extended
@pytest.mark.parametrize("tags", [FEW, MANY], ids=["few types", "many types"])
def test_scores_equal_seqeval_on_thousands_of_random_sequences(tags):
    dice = random.Random(1)
    for size in [1] * 150 + [20] * 60 + [3000]:
        corpus = []
        for _ in range(size):
            gold = dice.choices(tags, k=dice.randint(0, 20))
            corpus.append([(tag, tag if dice.random() < 0.8 else dice.choice(tags)) for tag in gold])
        assert_equals(score(corpus), corpus)


@pytest.mark.extended
def test_scores_equal_seqeval_on_every_pair_of_two_tags():
    tags = FEW[:5]
    sequences = [(one, two) for one in tags for two in tags]
    for gold in sequences:
        for predicted in sequences:
            corpus = [list(zip(gold, predicted, strict=True))]
            assert_equals(score(corpus), corpus)


def test_counts_of_batches_add_up():
    dice = random.Random(2)
    corpus = [[(dice.choice(FEW), dice.choice(FEW)) for _ in range(dice.randint(0, 9))] for _ in range(60)]
    keys = [f"k{number}" for number in range(60)]

    def table(rows):
        batch = make_batch(*split([corpus[row] for row in rows]), keys=[keys[row] for row in rows])
        return CountTable.of(*sentence_counts(batch), draws(batch.keys, 30))

    shuffled = dice.sample(range(60), 60)
    parts = [table(shuffled[start : start + 7]) for start in range(0, 60, 7)]
    total = parts[0]
    for part in parts[1:]:
        total.add(part)
    assert scores(table(range(60))) == scores(total)


@settings(max_examples=100, deadline=None)
@given(pairs(FEW))
def test_confusion_equals_that_of_scikit_learn(corpus):
    from sklearn.metrics import confusion_matrix

    gold, predicted = ([split_tag(tag)[1] or "O" for tags in side for tag in tags] for side in split(corpus))
    if not gold:
        return
    confusion = score(corpus).confusion
    assert confusion.labels == ("O", *sorted({*gold, *predicted} - {"O"}))
    expected = confusion_matrix(gold, predicted, labels=confusion.labels)
    assert [list(row) for row in confusion.counts] == expected.tolist()


def test_boundary_type_and_errors_of_a_known_sentence():
    gold = ["B-X", "I-X", "O", "B-Y", "O", "O", "B-X"]
    predicted = ["B-Y", "I-Y", "O", "B-Y", "I-Y", "O", "O"]
    result = score([list(zip(gold, predicted, strict=True))])
    assert values(result.boundary) == [1 / 2, 1 / 3, pytest.approx(0.4)]
    assert values(result.type_only) == [1 / 2, 1 / 3, pytest.approx(0.4)]
    assert values(result.entities.micro) == [0, 0, 0]
    assert result.errors == {"type": 1, "boundary": 1, "boundary_and_type": 0, "spurious": 0, "missed": 1}
    assert (result.entities.micro.support, result.entities.micro.predicted) == (3, 2)
    assert (result.sentences, result.tokens) == (1, 7)


def test_calibration_error_is_the_mean_distance_of_score_and_accuracy():
    pairs_of_tags = [("O", "O"), ("O", "B-X"), ("B-X", "B-X"), ("O", "O")]
    result = score([pairs_of_tags], scores=[[0.95, 0.9, 0.85, 0.0]])
    bins = {(bin_.lower, bin_.upper): bin_ for bin_ in result.calibration.bins}
    assert len(bins) == 10
    assert (bins[0.8, 0.9].count, bins[0.8, 0.9].accuracy) == (2, 0.5)  # 0.9 belongs to the bin that ends there
    assert bins[0.8, 0.9].mean_score == pytest.approx(0.875)
    assert bins[0.9, 1.0].count == bins[0.0, 0.1].count == 1
    assert result.calibration.error.value == pytest.approx((0.05 + abs(1.75 - 1) + 1) / 4)


def test_expected_calibration_error_equals_its_definition():
    dice = np.random.default_rng(0)
    tokens = dice.uniform(size=5000)
    correct = dice.uniform(size=5000) < tokens**2  # overconfident
    result = score([[("O", "O" if ok else "B-X") for ok in correct]], scores=[tokens.tolist()])
    which = np.clip(np.ceil(tokens * 10) - 1, 0, 9)
    expected = sum((which == i).mean() * abs(correct[which == i].mean() - tokens[which == i].mean()) for i in range(10))
    assert result.calibration.error.value == pytest.approx(expected, abs=1e-9)


def test_outside_labels_of_another_corpus_count_as_those_of_the_gold_tags():
    same, other = (
        score([[("O", label), ("B-X", "B-X"), ("B-X", label)]], scores=[[0.9, 0.9, 0.2]]) for label in ("O", "OUT")
    )
    assert same == other
    assert other.token_accuracy.value == pytest.approx(2 / 3)


def test_calibration_needs_scores():
    assert score([[("O", "O")]]).calibration is None


@pytest.mark.extended
def test_intervals_have_their_nominal_coverage():
    """Each sentence has one entity, found with probability 0.7: the intervals of recall must contain 0.7."""
    dice = np.random.default_rng(5)
    covered = 0
    for trial in range(200):
        corpus = [[("B-X", "B-X" if hit else "O")] for hit in dice.uniform(size=150) < 0.7]
        keys = [f"{trial}-{number}" for number in range(150)]
        recall = score(corpus, replicates=200, keys=keys).entities.micro.recall
        covered += recall.low <= 0.7 <= recall.high
    assert 0.90 <= covered / 200 <= 0.985


def test_interval_widths_depend_on_sentences():
    """Entities of a sentence are drawn together: 10 per sentence give a wider interval than as many sentences."""
    alone = [[("B-X", "B-X" if number % 2 else "O")] for number in range(400)]
    together = [[("B-X", "B-X" if number % 2 else "O")] * 10 for number in range(40)]
    widths = [
        (recall.high - recall.low)
        for recall in (score(corpus, replicates=500).entities.micro.recall for corpus in (alone, together))
    ]
    assert widths[1] / widths[0] == pytest.approx(10**0.5, rel=0.2)


def test_changes_are_paired():
    """Two models that differ in one sentence: the interval of the difference is narrower than those of the scores."""
    gold = [["B-X"] for _ in range(200)]
    predicted = [["B-X" if number % 2 else "O"] for number in range(200)]
    better = [*predicted[:-2], ["B-X"], predicted[-1]]
    tables = []
    for side in (better, predicted):
        batch = make_batch(gold, side)
        tables.append(CountTable.of(*sentence_counts(batch), draws(batch.keys, 300)))
    change = changes(*tables)["entity_recall"]
    recall = scores(tables[0]).entities.micro.recall
    assert change.value == pytest.approx(1 / 200)
    assert change.high - change.low < 0.2 * (recall.high - recall.low)
    assert change.low >= 0


def test_changes_have_the_metrics_of_both_models():
    one, other = make_batch([["B-X"]], [["B-X"]]), make_batch([["B-X"]], [["B-Y"]])
    tables = [CountTable.of(*sentence_counts(batch), draws(batch.keys, 0)) for batch in (one, other)]
    names = set(changes(*tables))
    assert {"entity_f1", "entity_f1/X", "token_accuracy"} <= names
    assert not any("/Y" in name for name in names)


def test_subset_of_entities_is_counted_separately():
    batch = make_batch([["B-X", "O", "B-Y"], ["B-X"]], [["B-X", "B-Y", "B-X"], ["O"]], scores=[[1, 1, 1], [1]])
    gold = np.array([True, False, False])
    predicted = np.array([True, True, False])
    result = scores(CountTable.of(*entity_counts(batch, gold, predicted), draws(batch.keys, 0)))
    assert values(result.entities.micro) == [0.5, 1.0, pytest.approx(2 / 3)]
    assert (result.sentences, result.tokens) == (1, 3)
    assert result.token_accuracy is result.calibration is result.confusion is None
    assert result.errors["spurious"] == 1
    assert result.errors["missed"] == 0


@pytest.mark.parametrize("corpus", [[], [[("O", "O")]]])
def test_scores_without_any_entity_are_undefined(corpus):
    batch = make_batch(*split(corpus))
    result = scores(CountTable.of(*sentence_counts(batch), draws(batch.keys, 3)), confusion_counts(batch))
    assert values(result.entities.micro) == values(result.entities.macro) == values(result.boundary) == [None] * 3
    assert result.entities.micro.f1 == Estimate(None)
    assert (result.token_accuracy == Estimate(None)) == (not corpus)
    assert result.entities.per_type == {}
    assert result.sentences == len(corpus)


def test_estimate_without_replicates_has_no_interval():
    assert estimate(np.array([0.5])).low is None
    assert estimate(np.array([0.5, 0.1, 0.2])).low == pytest.approx(0.1025)


@pytest.mark.parametrize("sentences", [1, 2, 3])
def test_interval_of_a_tiny_slice_without_errors_leaves_out_replicates_without_entities(sentences):
    corpus = [[("B-X", "B-X"), ("O", "O")]] * sentences + [[("O", "O")]] * 3
    result = score(corpus, replicates=200, scores=[[1.0] * len(row) for row in corpus])
    certain = Estimate(1.0, 1.0, 1.0)
    for each in (result.entities.micro, result.entities.macro, result.entities.per_type["X"], result.strict.micro,
                 result.boundary, result.type_only, *result.nervaluate.values()):  # fmt: skip
        assert (each.precision, each.recall, each.f1) == (certain, certain, certain)
    assert result.token_accuracy == certain


def test_share_with_a_denominator_of_zero_has_no_interval():
    """Nothing is predicted: as in seqeval, precision is 0, but no replicate says how certain that is."""
    micro = score([[("B-X", "O")]] * 5, replicates=100).entities.micro
    assert micro.precision == Estimate(0.0)
    assert micro.f1 == micro.recall == Estimate(0.0, 0.0, 0.0)


def test_changes_leave_out_metrics_that_are_undefined_for_a_model():
    sides = make_batch([["O"]], [["O"]]), make_batch([["O"]], [["B-X"]])
    tables = [CountTable.of(*sentence_counts(side), draws(side.keys, 50)) for side in sides]
    assert scores(tables[1]).entities.micro.f1.value == 0.0
    change = changes(*tables)
    assert "entity_f1" not in change
    assert change["token_accuracy"] == Estimate(1.0, 0.0, 1.0)


@pytest.mark.parametrize("sentences", [1, 2])
def test_gain_on_very_few_sentences_is_within_noise(sentences):
    sides = (make_batch([["B-X"]] * sentences, [[tag]] * sentences) for tag in ("B-X", "O"))
    change = changes(*(CountTable.of(*sentence_counts(side), draws(side.keys, 200)) for side in sides))
    assert change["entity_f1"] == change["entity_precision"] == Estimate(1.0, 0.0, 1.0)
    assert not change["entity_f1"].excludes_zero


def test_custom_metric_without_a_denominator_is_undefined():
    batch = make_batch([["O"]], [["O"]])
    counts = sentence_counts(batch, {"mine": lambda gold, predicted: (0.0, 0.0)})
    assert scores(CountTable.of(*counts, draws(batch.keys, 10))).custom["mine"] == Estimate(None)


def test_custom_metrics_are_scored_with_intervals_and_changes():
    """exact_match: two of four sentences are correct."""
    gold = [["O"], ["B-X"], ["O", "O"], []]
    predicted = [["O"], ["O"], ["B-X", "O"], []]
    tables = []
    for side in (predicted, gold):
        batch = make_batch(gold, side)
        counts = sentence_counts(batch, {"exact_match": exact_match})
        tables.append(CountTable.of(*counts, draws(batch.keys, 100)))
    result = scores(tables[0]).metrics()["exact_match"]
    assert result.value == 0.5
    assert result.low < 0.5 < result.high
    assert changes(tables[1], tables[0])["exact_match"].value == 0.5


def test_failing_custom_metric_is_named_with_the_sentence():
    with pytest.raises(EvaluationError, match=r"evaluator\.metrics\.mine: LookupError: no such tag, on .* key 'key-0'"):
        sentence_counts(make_batch([["O"]], [["O"]]), {"mine": fails})
    with pytest.raises(EvaluationError, match=r"evaluator\.metrics\.mine: returned \(nan, 1.0\)"):
        sentence_counts(make_batch([["O"]], [["O"]]), {"mine": lambda gold, predicted: (float("nan"), 1)})
