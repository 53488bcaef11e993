"""Counts of slices, and their sum."""

from __future__ import annotations

import random

import pytest

from components.evaluator.counts.slice_counts import SliceCounts, count_slices
from components.evaluator.counts.slicing import Slicer
from components.evaluator.counts.training_entities import TrainingEntities
from components.evaluator.results.scoring import scores

TAGS = ["O", "O", "B-X", "I-X", "B-Y"]
SLICER = Slicer(
    ("source", "sentence_length", "case", "entity_seen", "entity_length"),
    training_entities=TrainingEntities.of(["t0", "t3"]),
)


@pytest.fixture(scope="module")
def corpus():
    dice = random.Random(4)
    rows = []
    for number in range(50):
        size = dice.randint(1, 12)
        tags = [[dice.choice(TAGS) for _ in range(size)] for _ in range(3)]
        rows.append((f"k{number}", *tags, [dice.random() for _ in range(size)], dice.choice("ab")))
    return rows


@pytest.fixture(scope="module")
def count(make_batch):
    def of(rows):
        keys, gold, ours, theirs, probabilities, source = zip(*rows, strict=True)
        batches = {
            "candidate": make_batch(gold, ours, probabilities, keys=list(keys)),
            "baseline": make_batch(gold, theirs, keys=list(keys)),
        }
        found = count_slices(batches, {"source": [[one] for one in source]}, SLICER, 20, "candidate")
        return {cut.name: counts for cut, counts in found}

    return of


def test_all_examples_come_first_and_slices_partition_them(count, corpus):
    found = count(corpus)
    assert next(iter(found)) == "all examples"
    whole = scores(found["all examples"].tables["candidate"])
    for column in ("source", "sentence_length", "case"):
        parts = [scores(c.tables["candidate"]) for name, c in found.items() if name.startswith(f"{column}=")]
        assert sum(part.sentences for part in parts) == whole.sentences
        assert sum(part.tokens for part in parts) == whole.tokens
        assert sum(part.entities.micro.support for part in parts) == whole.entities.micro.support
    for column in ("entity_seen", "entity_length"):
        parts = [scores(c.tables["candidate"]) for name, c in found.items() if name.startswith(f"{column}=")]
        assert sum(part.entities.micro.support for part in parts) == whole.entities.micro.support
        assert sum(part.entities.micro.predicted for part in parts) == whole.entities.micro.predicted
        for kind, number in whole.errors.items():
            assert sum(part.errors[kind] for part in parts) == number


def test_a_slice_is_scored_as_if_it_were_alone(count, corpus):
    found = count(corpus)
    alone = count([row for row in corpus if row[-1] == "a"])
    for model in ("candidate", "baseline"):
        assert scores(found["source=a"].tables[model]) == scores(alone["all examples"].tables[model])


def test_only_all_examples_have_confusion_and_errors_of_the_shown_model(count, corpus):
    found = count(corpus)
    assert set(found["all examples"].confusions) == {"candidate", "baseline"}
    assert found["all examples"].errors
    assert not any(counts.confusions or counts.errors for name, counts in found.items() if name != "all examples")


def test_batches_add_up_in_any_order(count, corpus):
    rows = corpus.copy()
    random.Random(5).shuffle(rows)
    total: dict[str, SliceCounts] = {}
    for start in range(0, 50, 8):
        for name, counts in count(rows[start : start + 8]).items():
            total.setdefault(name, SliceCounts()).add(counts)
    whole = count(corpus)
    assert total.keys() == whole.keys()
    for name, counts in whole.items():
        for model, table in counts.tables.items():
            ours, theirs = scores(total[name].tables[model]), scores(table)
            assert ours.entities == theirs.entities
            assert ours.errors == theirs.errors
        assert total[name].errors == counts.errors


def test_adding_leaves_what_is_added_as_it_is(count, corpus):
    counts = count(corpus)["all examples"]
    before = counts.tables["candidate"].values.copy()
    total = SliceCounts()
    total.add(counts)
    total.add(counts)
    assert (counts.tables["candidate"].values == before).all()
    assert (total.tables["candidate"].values == 2 * before).all()
