"""Counts behind the insights."""

from __future__ import annotations

import numpy as np

from components.evaluator.counts.insight_counts import InsightCounts
from components.evaluator.counts.tag_vocabulary import TagVocabulary
from components.evaluator.counts.tagged_batch import TaggedBatch
from components.evaluator.results.insights import InconsistentLabel, LabelCount, Mistake, Shares

ROWS = [  # text, gold, predicted, score of every token, floor
    ("Paris is in New York", "B-LOC O O B-ORG I-ORG", "B-PER O O O B-ORG", 0.9, "O O O O O"),
    ("Ann met Bob", "B-PER O B-PER", "B-PER O O", 0.6, "B-PER O O"),
    ("so it is", "O O O", "B-LOC O O", 0.3, "O O O"),
]


def batch(rows=ROWS):
    vocabulary = TagVocabulary()
    texts, gold, predicted, scores, floor = zip(*rows, strict=True)
    lengths = np.array([len(text.split()) for text in texts], np.int64)
    encode = lambda column: vocabulary.encode(tag for tags in column for tag in tags.split())  # noqa: E731
    return TaggedBatch(
        vocabulary=vocabulary,
        keys=[f"a:{text}" for text in texts],
        texts=texts,
        lengths=lengths,
        gold=encode(gold),
        predicted=encode(predicted),
        scores=np.repeat(np.array(scores), lengths),
        floor=encode(floor),
    )


def test_every_error_has_its_texts_types_and_place():
    insights = InsightCounts.of(batch()).insights(places={"a:so it is": "a:7"})
    assert insights.mistakes == (
        Mistake("spurious", "", "", "so", "LOC", 1, ("a:7",)),
        Mistake("missed", "Bob", "PER", "", "", 1, ("a:Ann met Bob",)),
        Mistake("boundary", "New York", "ORG", "York", "ORG", 1, ("a:Paris is in New York",)),
        Mistake("type", "Paris", "LOC", "Paris", "PER", 1, ("a:Paris is in New York",)),
    )
    assert insights.errors_by_type == {
        "LOC": {"spurious": 1, "type": 1}, "ORG": {"boundary": 1}, "PER": {"missed": 1},
    }  # fmt: skip


def test_thresholds_drop_entities_with_lower_scores():
    insights = InsightCounts.of(batch()).insights()
    by_threshold = {each.threshold: each for each in insights.thresholds}
    assert len(by_threshold) == 100
    assert by_threshold[0.0].kept == by_threshold[0.3].kept == 4
    assert by_threshold[0.0].shares == Shares.of(1, 4, 4)
    assert by_threshold[0.6].shares == Shares.of(1, 3, 4)
    assert by_threshold[0.61].shares == Shares.of(0, 2, 4)
    assert insights.best_threshold is by_threshold[0.31]  # the smallest of equals


def test_floor_is_scored_on_the_same_sentences():
    assert InsightCounts.of(batch()).insights().floor == Shares.of(1, 1, 4)


def test_counts_of_batches_add_up_in_any_grouping_and_survive_json():
    whole = InsightCounts.of(batch(ROWS + ROWS[1:]))
    total = InsightCounts()
    for rows in (ROWS[:1], ROWS[1:], ROWS[1:]):
        total.add(InsightCounts.from_json(InsightCounts.of(batch(rows)).to_json()))
    assert total == whole
    assert total.insights().mistakes[0].count == 2


def test_contradicting_labels_come_with_file_and_line():
    row = InconsistentLabel("Paris", (LabelCount("LOC", 2, ("k1",)), LabelCount("", 1, ("k2",))), 3)
    (resolved,) = InsightCounts.of(batch()).insights([row], {"k1": "train:9"}).inconsistent
    assert [label.places for label in resolved.labels] == [("train:9",), ("k2",)]


def test_model_without_scores_and_data_without_training_has_neither_thresholds_nor_floor():
    import dataclasses

    counts = InsightCounts.of(dataclasses.replace(batch(), scores=None, floor=None))
    assert (counts.insights().thresholds, counts.insights().floor, counts.insights().best_threshold) == ((), None, None)
