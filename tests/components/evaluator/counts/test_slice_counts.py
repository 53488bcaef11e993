"""Counts of slices and their sums."""

from __future__ import annotations

import random

import pytest
from support.evaluation import make_batch, make_slicer

from components.evaluator.counts.scoring import scores
from components.evaluator.counts.slice_counts import SliceCounts, count_slices
from components.evaluator.counts.text_hashes import TextHashes

TAGS = ["O", "O", "B-X", "I-X", "B-Y"]
SLICER = make_slicer(
    "source", "sentence_length", "case", "entity_seen", "entity_length",
    training_entities=TextHashes.of(["t0", "t3"]),
)  # fmt: skip


@pytest.fixture(scope="module")
def corpus():
    dice = random.Random(4)
    rows = []
    for number in range(50):
        size = dice.randint(1, 12)
        tags = [[dice.choice(TAGS) for _ in range(size)] for _ in range(3)]
        rows.append((f"k{number}", *tags, [dice.random() for _ in range(size)], dice.choice("ab")))
    return rows


def count(rows):
    keys, gold, ours, theirs, probabilities, source = zip(*rows, strict=True)
    batches = {
        "candidate": make_batch(gold, ours, probabilities, keys=list(keys)),
        "baseline": make_batch(gold, theirs, keys=list(keys)),
    }
    slices = count_slices(batches, {"source": [[one] for one in source]}, SLICER, 20, "candidate")
    return {cut.name: counts for cut, counts in slices}


def test_all_examples_come_first_and_slices_partition_them(corpus):
    slices = count(corpus)
    assert next(iter(slices)) == "all examples"
    whole = scores(slices["all examples"].tables["candidate"])
    for column in ("source", "sentence_length", "case"):
        parts = [scores(c.tables["candidate"]) for name, c in slices.items() if name.startswith(f"{column}=")]
        assert sum(part.sentences for part in parts) == whole.sentences
        assert sum(part.tokens for part in parts) == whole.tokens
        assert sum(part.entities.micro.support for part in parts) == whole.entities.micro.support
    for column in ("entity_seen", "entity_length"):
        parts = [scores(c.tables["candidate"]) for name, c in slices.items() if name.startswith(f"{column}=")]
        assert sum(part.entities.micro.support for part in parts) == whole.entities.micro.support
        assert sum(part.entities.micro.predicted for part in parts) == whole.entities.micro.predicted
        for kind, number in whole.errors.items():
            assert sum(part.errors[kind] for part in parts) == number


def test_slices_score_like_separate_data(corpus):
    slices = count(corpus)
    alone = count([row for row in corpus if row[-1] == "a"])
    for model in ("candidate", "baseline"):
        assert scores(slices["source=a"].tables[model]) == scores(alone["all examples"].tables[model])


def test_only_all_examples_have_confusion_and_errors(corpus):
    slices = count(corpus)
    assert set(slices["all examples"].confusions) == {"candidate", "baseline"}
    assert slices["all examples"].errors
    assert not any(counts.confusions or counts.errors for name, counts in slices.items() if name != "all examples")


def test_batches_add_up_in_any_order(corpus):
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


def test_adding_keeps_the_added_counts(corpus):
    counts = count(corpus)["all examples"]
    before = counts.tables["candidate"].values.copy()
    total = SliceCounts()
    total.add(counts)
    total.add(counts)
    assert (counts.tables["candidate"].values == before).all()
    assert (total.tables["candidate"].values == 2 * before).all()
