"""The table at the end of a run."""

from __future__ import annotations

import json

import pytest

from pipeline.run_record import NodeRecord, RunRecord
from pipeline.summary import print_summary


def record(tmp_path, **pushed):
    scores = {
        "overall": {"entity_precision": 0.5, "entity_recall": 1.0, "entity_f1": 0.667, "entity_support": 3},
        "per_type": {"PER": {"precision": 0.5, "recall": 1.0, "f1": 0.667, "support": 3}},
        "blessed": True,
        "failures": ["entity_f1 is 0.667"],
    }
    (tmp_path / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
    return RunRecord(
        (NodeRecord("Transform", "cached", 0.04), NodeRecord("Trainer", "run", 12.34)),
        {
            ("Evaluator", "evaluation"): (str(tmp_path), {}),
            ("RegistryPusher", "pushed_model"): (str(tmp_path), pushed),
        },
    )


def test_nodes_scores_and_destination_are_shown(tmp_path, capsys):
    print_summary(record(tmp_path, pushed=1, registry_version=4, pushed_destination="serving/ner/4"))
    text = capsys.readouterr().out
    for expected in ("Transform", "cached", "12.3", "1 executed", "PER", "0.667", "version 4 to serving/ner/4"):
        assert expected in text


def test_the_reason_for_not_pushing_is_shown(tmp_path, capsys):
    print_summary(record(tmp_path, pushed=0, reason="not blessed"))
    text = capsys.readouterr().out
    assert "not pushed: not blessed" in text
    assert "not blessed: entity_f1 is 0.667" in text


def test_a_run_without_evaluation_shows_its_nodes(capsys):
    print_summary(RunRecord((NodeRecord("Trainer", "failed", 1.0),), {}))
    assert "failed" in capsys.readouterr().out


@pytest.mark.parametrize("missing", ["Evaluator", "RegistryPusher"])
def test_parts_that_are_missing_are_left_out(tmp_path, capsys, missing):
    full = record(tmp_path, pushed=0, reason="r")
    outputs = {key: value for key, value in full.outputs.items() if key[0] != missing}
    print_summary(RunRecord(full.nodes, outputs))
    assert "Trainer" in capsys.readouterr().out
