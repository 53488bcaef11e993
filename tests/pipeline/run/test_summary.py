"""The table at the end of a run."""

from __future__ import annotations

import dataclasses

import pytest
from support.small_evaluation import small_evaluation

from components.evaluator.results.evaluation import Blessing, EndToEnd, RuleOutcome
from components.evaluator.results.model_scores import Estimate
from components.evaluator.results.scores_file import read_evaluation, write_evaluation
from components.reporter.limits import evaluation_limits
from pipeline.run.run_record import NodeRecord, RunRecord, SourceRun
from pipeline.run.summary import print_summary

FAILED = RuleOutcome("bound", "entity_f1", "all examples", "failed", 0.9, 3, 1, 0.667, None, "entity_f1 is [0.667]")


@pytest.fixture
def record(tmp_path):
    def made(blessing=Blessing(False, (FAILED,)), champion=False, **pushed):  # noqa: B008 (frozen)
        write_evaluation(str(tmp_path), small_evaluation(blessing, champion))
        return RunRecord(
            (NodeRecord("Transform", "cached", 0.04), NodeRecord("Trainer", "run", 12.34)),
            {
                ("Evaluator", "evaluation"): (str(tmp_path), {}),
                ("RegistryPusher", "pushed_model"): (str(tmp_path), pushed),
            },
        )

    return made


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def test_nodes_scores_and_destination_are_shown(record, capsys):
    print_summary(record(Blessing(True), pushed=1, registry_version=4, pushed_destination="serving/ner/4"))
    text = capsys.readouterr().out
    for expected in ("Transform", "cached", "12.3", "1 executed", "PER", "0.667", "0.601–0.701"):
        assert expected in text
    assert "version 4 to serving/ner/4" in text
    assert "against the champion" not in text


def test_the_change_against_the_champion_is_shown(record, capsys):
    print_summary(record(Blessing(True), champion=True, pushed=1))
    text = capsys.readouterr().out
    for expected in ("against the champion", "+0.040", "-0.030"):
        assert expected in text


@pytest.mark.parametrize(("f1", "warns"), [(0.55, True), (0.66, False)])
def test_scores_on_raw_text_are_shown_and_a_large_gap_is_a_warning(f1, warns, tmp_path, record, capsys):
    made = record(Blessing(True), pushed=1)
    result = read_evaluation(str(tmp_path))
    overall = result.overall
    micro = dataclasses.replace(overall.candidate.entities.micro, f1=Estimate(f1))
    served = EndToEnd(dataclasses.replace(overall.candidate.entities, micro=micro), sentences=2, lost=1)
    changed = dataclasses.replace(result, overall=dataclasses.replace(overall, end_to_end=served))
    write_evaluation(str(tmp_path), changed)
    print_summary(made)
    text = capsys.readouterr().out
    assert f"entity F1 on raw text, as served: {f1:.3f}" in text
    assert "2 sentences into other tokens, in which 1 labelled entity begins or ends inside a token" in text
    assert ("warning: entity F1" in text) == warns
    assert any("on raw text" in limit for limit in evaluation_limits(changed)) == warns


@pytest.mark.parametrize("support", [12, 30])
def test_few_entities_are_a_warning_and_a_limit(support, tmp_path, record, capsys):
    made = record(Blessing(True), pushed=1)
    result = read_evaluation(str(tmp_path))
    candidate = result.overall.candidate
    micro = dataclasses.replace(candidate.entities.micro, support=support)
    candidate = dataclasses.replace(candidate, entities=dataclasses.replace(candidate.entities, micro=micro))
    changed = dataclasses.replace(result, overall=dataclasses.replace(result.overall, candidate=candidate))
    write_evaluation(str(tmp_path), changed)
    print_summary(made)
    few = support < 30
    assert ("warning: only 12 labelled entities in the evaluated sentences" in capsys.readouterr().out) == few
    assert any(limit.startswith("Only 12 labelled entities") for limit in evaluation_limits(changed)) == few


def test_the_reason_for_not_pushing_is_shown(record, capsys):
    print_summary(record(Blessing(False, (FAILED,), ("no champion",)), pushed=0, reason="not blessed"))
    text = capsys.readouterr().out
    assert "not pushed: not blessed" in text
    assert "not blessed: entity_f1 is [0.667]" in text
    assert "not blessed: no champion" in text


def test_a_forced_blessing_is_shown_with_what_it_went_against(record, capsys):
    print_summary(record(Blessing(True, (FAILED,), (), "new contract"), pushed=1))
    text = capsys.readouterr().out
    assert "blessed by force: new contract" in text
    assert "against: entity_f1 is [0.667]" in text


def test_notes_of_a_blessed_model_are_shown(record, capsys):
    print_summary(record(Blessing(True, (), ("no example is in source=c",)), pushed=1))
    assert "note: no example is in source=c" in capsys.readouterr().out


def test_a_blessing_says_what_it_rests_on(record, capsys):
    passed = dataclasses.replace(FAILED, state="passed", bound=0.1)
    print_summary(record(Blessing(True, (passed,)), pushed=1))
    expected = "blessed: no rule was broken (entity F1 0.667 >= 0.1; no champion to compare with)"
    assert expected in capsys.readouterr().out


def test_skipped_and_repaired_sentences_are_repeated_in_one_line(record, capsys):
    made = record(Blessing(True), pushed=1)
    read = {"skipped": 3, "repaired": 1, "duplicates_removed": 1200, "sentences_in": 5000}
    print_summary(dataclasses.replace(made, outputs={**made.outputs, ("CorpusExampleGen", "examples"): ("x", read)}))
    line = (
        "corpus: 3 sentences or files skipped, 1 repair (`ner report` lists them in its section Data), "
        "1,200 duplicates removed\n"
    )
    assert line in capsys.readouterr().out
    clean = {"skipped": 0, "repaired": 0, "duplicates_removed": 0}
    print_summary(dataclasses.replace(made, outputs={**made.outputs, ("CorpusExampleGen", "examples"): ("x", clean)}))
    assert "corpus:" not in capsys.readouterr().out


def test_the_last_line_of_a_cached_run_names_the_run_that_computed_the_results(record, capsys):
    made = dataclasses.replace(record(Blessing(True), pushed=1), source=SourceRun("2026-11-21T10:00:00.1", 1.8e9))
    print_summary(made)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(
        "nothing was computed again: all results are those of run 2026-11-21T10:00:00.1, which ended"
    )
    print_summary(record(Blessing(True), pushed=1))
    assert "nothing was computed again" not in capsys.readouterr().out


def test_a_run_without_evaluation_shows_its_nodes(capsys):
    print_summary(RunRecord((NodeRecord("Trainer", "failed", 1.0),), {}))
    assert "failed" in capsys.readouterr().out


def test_an_evaluation_of_no_example_has_no_scores(record, tmp_path, capsys):
    shown = record(pushed=0, reason="r")
    write_evaluation(str(tmp_path), dataclasses.replace(small_evaluation(Blessing(False)), overall=None))
    print_summary(shown)
    assert "Scores" not in capsys.readouterr().out


@pytest.mark.parametrize("missing", ["Evaluator", "RegistryPusher"])
def test_parts_that_are_missing_are_left_out(record, capsys, missing):
    full = record(pushed=0, reason="r")
    outputs = {key: value for key, value in full.outputs.items() if key[0] != missing}
    print_summary(RunRecord(full.nodes, outputs))
    assert "Trainer" in capsys.readouterr().out
