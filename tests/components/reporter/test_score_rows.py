"""Rows of the score tables."""

from __future__ import annotations

import dataclasses

from components.evaluator.results.evaluation import Evaluation, Slice
from components.evaluator.results.model_scores import ERROR_KINDS, Confusion, Estimate
from components.reporter.score_rows import ERROR_WORDS, error_rows, frequent_part, metric_rows, slice_tables, type_rows


def test_every_kind_of_error_has_a_title():
    assert list(ERROR_WORDS) == list(ERROR_KINDS)


def test_metric_rows_hold_both_models(facts):
    rows = {row.title: row for row in metric_rows(facts.overall)}
    assert rows["Entity F1"].candidate.value == 0.487
    assert round(rows["Entity F1"].champion.value, 3) == 0.456
    assert rows["Entity F1"].change.value == 0.031
    assert [title for title, row in rows.items() if row.lower_is_better] == ["Calibration error"]


def test_custom_metrics_are_the_last_rows(facts):
    candidate = dataclasses.replace(facts.overall.candidate, custom={"exact_match": Estimate(0.25)})
    row = metric_rows(dataclasses.replace(facts.overall, candidate=candidate))[-1]
    assert (row.title, row.candidate.value, row.champion) == ("exact_match", 0.25, None)


def test_rows_without_a_champion_hold_one_model(facts):
    alone = dataclasses.replace(facts.overall, champion=None, changes={})
    assert all(row.champion is None and row.change is None for row in metric_rows(alone))
    assert all(row.champion is None for row in error_rows(alone))


def test_types_are_ordered_by_support_and_carry_their_rules(facts):
    rows = type_rows(facts.evaluation)
    assert [row.name for row in rows] == ["person", "location", "creative-work", "corporation"]
    assert [rule.state for rule in rows[0].rules] == ["failed"]
    assert rows[1].rules == ()


def test_slices_are_grouped_by_column_and_carry_their_rules(facts):
    tables = slice_tables(facts.evaluation)
    assert list(tables) == ["Sentences by case", "Entities by presence in the training data", "Sentences by source"]
    assert [(row.name, len(row.rules)) for row in tables["Sentences by case"]] == [("lower", 0), ("mixed", 1)]


def test_error_rows_have_shares(facts):
    rows = {row.kind: row for row in error_rows(facts.overall)}
    assert rows["missed"].count == 391
    assert round(sum(row.share for row in rows.values()), 9) == 1
    assert rows["missed"].champion == 391


def test_empty_evaluation_has_no_rows(facts):
    assert type_rows(Evaluation(None, (), facts.evaluation.blessing)) == []


def test_the_largest_of_many_slices_are_kept_in_order(facts):
    one = facts.evaluation.slices[0]

    def part(number):
        micro = dataclasses.replace(one.candidate.entities.micro, support=number % 50)
        candidate = dataclasses.replace(
            one.candidate, entities=dataclasses.replace(one.candidate.entities, micro=micro)
        )
        return dataclasses.replace(one, slice=Slice("author", f"{number:03}"), candidate=candidate)

    many = dataclasses.replace(facts.evaluation, slices=tuple(map(part, range(100))))
    [(title, rows)] = slice_tables(many).items()
    assert title == "Sentences by author: the 30 largest of 100"
    assert sorted(row.candidate.support for row in rows) == sorted([*range(35, 50), *range(35, 50)])
    assert [row.name for row in rows] == sorted(row.name for row in rows)


def test_confusion_of_many_types_keeps_the_most_frequent():
    size = 40
    counts = tuple(tuple((row if row == column else 0) for column in range(size)) for row in range(size))
    part = frequent_part(Confusion(("O", *(f"T{i:02}" for i in range(1, size))), counts))
    assert part.labels == ("O", *(f"T{i}" for i in range(16, size)))
    assert [row[i] for i, row in enumerate(part.counts)] == [0, *range(16, size)]


def test_small_confusion_is_kept_whole(facts):
    assert frequent_part(facts.overall.candidate.confusion) == facts.overall.candidate.confusion
    assert frequent_part(Confusion((), ())) == Confusion((), ())
