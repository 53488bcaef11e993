"""One-to-one matches and the schemes of nervaluate, against that library."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.evaluation import make_batch

from components.evaluator.counts.count_table import CountTable
from components.evaluator.counts.counting import entity_counts, sentence_counts
from components.evaluator.counts.scoring import changes, scores
from components.evaluator.results.model_scores import SCHEMES
from components.text.spans import spans

TAGS = ["O", "B-X", "I-X", "B-Y", "I-Y"]
PAIRS = st.lists(
    st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from(TAGS)), min_size=1, max_size=14), min_size=1, max_size=5
)


def ours(gold, predicted):
    import numpy as np

    batch = make_batch(gold, predicted)
    return scores(CountTable.of(*sentence_counts(batch), np.zeros((len(batch), 0), np.float32))).nervaluate


def library(gold, predicted):
    """Returns scheme -> precision, recall and F1 of nervaluate, which gets the same entities."""
    from nervaluate import Evaluator

    def entities(tags):
        return [{"label": span.type, "start": span.start, "end": span.end - 1} for span in spans(tags)]

    sides = [[entities(tags) for tags in side] for side in (gold, predicted)]
    results = Evaluator(*sides, tags=["X", "Y"], loader="dict").evaluate()["overall"]
    names = {"strict": "strict", "exact": "exact", "partial": "partial", "type": "ent_type"}
    return {name: [getattr(results[theirs], share) for share in ("precision", "recall", "f1")]
            for name, theirs in names.items()}  # fmt: skip


def values(by_scheme):
    """Returns 0 for undefined shares, as the library does."""
    return {
        name: [share.or_zero() for share in (each.precision, each.recall, each.f1)] for name, each in by_scheme.items()
    }


@settings(max_examples=300, deadline=None)
@given(PAIRS)
def test_schemes_equal_nervaluate_on_random_tags(corpus):
    gold, predicted = ([[pair[side] for pair in sentence] for sentence in corpus] for side in (0, 1))
    mine = values(ours(gold, predicted))
    assert tuple(mine) == SCHEMES
    assert mine == {name: pytest.approx(each) for name, each in library(gold, predicted).items()}


def test_schemes_equal_nervaluate_on_a_large_corpus_with_long_entities():
    """Long entities: the library ignores an overlap of less than one percent of the gold entity."""
    dice = random.Random(5)
    tags = {side: [] for side in ("gold", "predicted")}
    for side in tags.values():
        for number in range(300):
            sentence = []
            while len(sentence) < (400 if number % 10 == 0 else 30):
                length = dice.choice([1, 1, 1, 2, 3, 5, *([150, 230] if number % 10 == 0 else [])])
                kind = dice.choice(["X", "Y", ""])
                sentence += [f"B-{kind}", *[f"I-{kind}"] * (length - 1)] if kind else ["O"] * min(length, 5)
            side.append(sentence[: 400 if number % 10 == 0 else 30])
    mine = values(ours(tags["gold"], tags["predicted"]))
    assert mine == {name: pytest.approx(each) for name, each in library(tags["gold"], tags["predicted"]).items()}
    assert len({each[2] for each in mine.values()}) == 4


@pytest.mark.parametrize(
    ("gold", "predicted", "partial", "typed"),
    [
        ("B-X I-X O", "B-X I-X O", ([1], [1]), ([1], [1])),
        ("B-X I-X O", "B-Y I-Y O", ([1], [1]), ([0], [0])),
        ("B-X I-X O", "B-X O O", ([0.5], [0.5]), ([1], [1])),
        ("B-X I-X O", "O O B-X", ([0], [0]), ([0], [0])),
        ("B-X I-X I-X", "B-X B-X B-X", ([0.5, 0, 0], [0.5]), ([1, 0, 0], [1])),
        ("B-X B-X I-X", "B-X I-X I-X", ([0.5], [0.5, 0]), ([1], [0, 1])),  # the second one is nearer
        ("B-Y B-X", "B-X I-X", ([0.5], [0.5, 0]), ([1], [0, 1])),
        ("B-X I-X B-Y", "B-Y B-Y I-Y", ([0.5, 0.5], [0.5, 0.5]), ([0, 1], [0, 1])),
    ],
)
def test_each_entity_has_one_partner(gold, predicted, partial, typed):
    pairs = make_batch([gold.split()], [predicted.split()]).one_to_one
    assert (pairs.partial.tolist(), pairs.partial_found.tolist()) == partial
    assert (pairs.typed.tolist(), pairs.typed_found.tolist()) == typed


def test_slices_of_entities_add_up_to_the_whole():
    import numpy as np

    batch = make_batch([["B-X", "I-X", "O", "B-Y"]], [["B-X", "O", "B-X", "B-Y"]])
    weights = np.zeros((1, 0), np.float32)
    whole = CountTable.of(*sentence_counts(batch), weights)
    first = np.array([True, False]), np.array([True, False, False])
    parts = [CountTable.of(*entity_counts(batch, g, p), weights) for g, p in (first, tuple(~side for side in first))]
    for name in ("partial", "partial_found", "typed", "typed_found"):
        assert sum(part.column(name)[0] for part in parts) == whole.column(name)[0]


def test_the_change_of_the_schemes_is_paired():
    import numpy as np

    gold = [["B-X", "I-X"]] * 4
    weights = np.ones((4, 3), np.float32)
    good, bad = (
        CountTable.of(*sentence_counts(make_batch(gold, predicted)), weights)
        for predicted in (gold, [["B-X", "O"]] * 4)
    )
    change = changes(good, bad)["partial_f1"]
    assert (change.value, change.low, change.high) == (0.5, 0.5, 0.5)
    assert changes(good, bad)["ent_type_f1"].value == 0
