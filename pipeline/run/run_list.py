"""Runs as rows of a table, and two runs side by side."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from absl import logging

from components.common.console import Column, Row, print_line, print_table
from components.evaluator.errors import EvaluationError
from components.keys import REGISTRY_VERSION, TRAINER_SETTINGS
from pipeline.run.run_record import EVALUATION, EXAMPLES, PUSHED_MODEL, PUSHER, RunRecord

if TYPE_CHECKING:
    from rich.console import Console

    from components.evaluator.results.evaluation import Evaluation
    from components.evaluator.results.model_scores import EntityScores, Estimate

_DATA = ("input_fingerprint", "span", "sentences_train", "sentences_eval", "sentences_test", "entities_out")
_LONG = 12  # characters of a hash


@dataclasses.dataclass(frozen=True)
class RunLine:
    """Line of `ner report --list` about a run.

    Attributes:
        run_id: its id, which is its start time.
        f1: entity F1 on the evaluation data; None: not evaluated.
        verdict: `blessed`, `forced` or `not blessed`; empty: not evaluated. `unreadable`: the scores are missing, or
            of another version of this project.
        version: version in the registry; empty: not pushed.
        state: `complete`; `complete, no training` (the model is that of an earlier run); `cached` (no node executed);
            or the node that failed, is running, was unfinished when its process was killed, or was the last.
    """

    run_id: str
    f1: Estimate | None
    verdict: str
    version: str
    state: str

    @classmethod
    def of(cls, record: RunRecord) -> RunLine:
        """Reads the scores of a run."""
        evaluation = _evaluation(record)
        overall = evaluation.overall if evaluation else None
        return cls(
            run_id=record.run_id,
            f1=overall.candidate.entities.micro.f1 if overall else None,
            verdict=_verdict(record, evaluation),
            version=str(record.properties(PUSHED_MODEL).get(REGISTRY_VERSION, "")),
            state=_state(record),
        )


def print_runs(console: Console, lines: Iterable[RunLine]) -> None:
    """Prints one row for each run."""
    columns = [
        Column("run"),
        Column("F1", right=True),
        Column("95 % interval", drop=1),
        Column("verdict", drop=4),
        Column("version", right=True, drop=3),
        Column("state"),
    ]
    rows = [
        Row(
            (
                line.run_id,
                line.f1.number() if line.f1 else "",
                line.f1.interval() if line.f1 else "",
                line.verdict,
                line.version,
                line.state,
            ),
            "red" if line.state.startswith(("failed", "unfinished")) else "dim" if line.state == "cached" else "",
        )
        for line in lines
    ]
    print_table(console, columns, rows)


def print_run_comparison(console: Console, first: RunRecord, second: RunRecord) -> None:
    """Prints scores, settings and data of two runs; of settings and data only what differs."""
    evaluations = _evaluation(first), _evaluation(second)
    scores = [_scores(evaluation) for evaluation in evaluations]
    columns = [Column(""), Column("first", right=True), Column("second", right=True), Column("change", right=True)]
    print_line(console, f"first: {first.run_id}   second: {second.run_id}")
    rows = []
    for name in [*scores[0], *(name for name in scores[1] if name not in scores[0])]:
        one, other = (each[name].f1 if name in each else None for each in scores)
        change = _difference(one, other)
        rows.append(Row((name, _with_interval(one), _with_interval(other), change)))
    if rows:
        print_table(console, columns, rows, "F1")
    parts: dict[str, list[dict[str, Any]]] = {
        "Settings of the training": [_settings(record) for record in (first, second)],
        "Data": [_data(record) for record in (first, second)],
        "Result": [
            {"verdict": line.verdict, "version": line.version, "state": line.state}
            for line in map(RunLine.of, (first, second))
        ],
    }
    for title, (before, after) in parts.items():
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        if not before or not after:
            # A column of settings against nothing would look like changes.
            runs = " and ".join(one for one, values in (("first", before), ("second", after)) if not values)
            print_line(console, f"{title}: unknown for the {runs} run")
        elif names:
            table = [Row((name, str(before.get(name, "")), str(after.get(name, "")))) for name in names]
            print_table(console, columns[:3], table, title)
        else:
            print_line(console, f"{title}: no difference")


def _evaluation(record: RunRecord) -> Evaluation | None:
    """Returns the scores of a run; None if it has none, or another version of this project wrote them."""
    folder = record.folder(EVALUATION)
    if folder is None:
        return None
    from components.evaluator.results.scores_file import read_evaluation

    try:
        return read_evaluation(str(folder))
    except EvaluationError as error:
        logging.warning("run %s: %s", record.run_id, error)
        return None


def _verdict(record: RunRecord, evaluation: Evaluation | None) -> str:
    if evaluation is None:
        return "unreadable" if EVALUATION in record.outputs else ""
    if evaluation.blessing.forced:
        return "forced"
    return "blessed" if evaluation.blessing.blessed else "not blessed"


def _state(record: RunRecord) -> str:
    for node in record.nodes:
        if not node.is_complete:
            return f"{node.state}: {node.name}"
    if record.source:
        return "cached"
    if any(node.name == PUSHER for node in record.nodes):
        trained = all(node.state == "run" for node in record.nodes if node.name == "Trainer")
        return "complete" if trained else "complete, no training"
    return f"ended after {record.nodes[-1].name}" if record.nodes else "no node ran"


def _scores(evaluation: Evaluation | None) -> dict[str, EntityScores]:
    if evaluation is None or evaluation.overall is None:
        return {}
    entities = evaluation.overall.candidate.entities
    return {"all (micro)": entities.micro, **entities.per_type}


def _settings(record: RunRecord) -> dict[str, Any]:
    """Returns the settings of the training; of a run of an older version the output has another name."""
    for (node, _), (_, properties) in record.outputs.items():
        if node == "Trainer" and (text := properties.get(TRAINER_SETTINGS)):
            return dict(json.loads(text)["settings"])
    return {}


def _data(record: RunRecord) -> dict[str, str]:
    properties = record.properties(EXAMPLES)
    return {name: str(properties[name])[:_LONG] for name in _DATA if name in properties}


def _with_interval(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    interval = estimate.interval()
    return f"{estimate.number()} ({interval})" if interval else estimate.number()


def _difference(one: Estimate | None, other: Estimate | None) -> str:
    if one is None or other is None or one.value is None or other.value is None:
        return ""
    return f"{other.value - one.value:+.3f}"
