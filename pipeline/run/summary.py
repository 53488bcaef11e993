"""Summary on the console at the end of a run."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from components.common.console import Column, Row, print_line, print_table, standard_output
from components.common.errors import counted
from components.keys import PUSHED, PUSHED_DESTINATION, REFUSAL_REASON, REGISTRY_VERSION
from pipeline.run.run_record import EVALUATION, EXAMPLES, PUSHED_MODEL, RunRecord
from pipeline.score_table import print_type_scores

if TYPE_CHECKING:
    from rich.console import Console

    from components.evaluator.results.evaluation import Comparison, Evaluation


def print_summary(record: RunRecord, console: Console | None = None) -> None:
    """Prints the nodes with state and seconds, the scores per entity type, and the outcome of the push.

    Args:
        record: the run.
        console: where to print; None: standard output.
    """
    console = console or standard_output()
    _print_nodes(console, record)
    _print_corpus(console, record)
    evaluation = record.folder(EVALUATION)
    if evaluation:
        from components.evaluator.results.scores_file import read_evaluation

        result = read_evaluation(str(evaluation))
        if result.overall is not None:
            compared = ", and the change of F1 against the champion" if result.overall.champion else ""
            print_type_scores(console, result.overall, f"Scores{compared}")
            if result.overall.f1_change:
                print_line(console, f"against the champion: {result.overall.f1_change}")
            if result.overall.small_text:
                print_line(console, f": {result.overall.small_text}", label="warning", label_style="yellow")
            _print_raw_text(console, result.overall)
        _print_decision(console, result)
        missed = any(rule.rule == "bound" and not rule.passed for rule in result.blessing.rules)
        if missed and not result.blessing.blessed:
            print_line(console, "bounds are evaluator.min_f1 and evaluator.rules; `ner report` shows the errors")
    if PUSHED_MODEL in record.outputs:
        _print_verdict(console, record.properties(PUSHED_MODEL))
    if record.source:
        when = f"{datetime.datetime.fromtimestamp(record.source.ended, datetime.timezone.utc):%Y-%m-%d %H:%M} UTC"
        text = f": all results are those of run {record.source.run_id}, which ended at {when}"
        print_line(console, text, label="nothing was computed again", label_style="yellow")


def _print_nodes(console: Console, record: RunRecord) -> None:
    styles = {"cached": "dim", "failed": "red"}
    rows = [Row((node.name, node.state, f"{node.seconds:.1f}"), styles.get(node.state, "")) for node in record.nodes]
    total = sum(node.seconds for node in record.nodes)
    executed = sum(node.state != "cached" for node in record.nodes)
    rows.append(Row(("all", f"{executed} executed", f"{total:.1f}"), section=True))
    print_table(console, [Column("node"), Column("state"), Column("seconds", right=True)], rows, "Run")


def _print_corpus(console: Console, record: RunRecord) -> None:
    """Repeats what the reading of the corpus left out or changed, which the log showed long ago."""
    properties = record.properties(EXAMPLES)
    skipped, repaired, removed = (
        int(properties.get(name, 0)) for name in ("skipped", "repaired", "duplicates_removed")
    )
    of_reading = [
        f"{counted(skipped, 'sentence or file', 'sentences or files')} skipped" if skipped else "",
        counted(repaired, "repair") if repaired else "",
    ]
    parts = [", ".join(filter(None, of_reading)), f"{counted(removed, 'duplicate')} removed" if removed else ""]
    if skipped or repaired:
        parts[0] += " (`ner report` lists them in its section Data)"
    if any(parts):
        print_line(console, f"corpus: {', '.join(filter(None, parts))}", "yellow" if skipped else "")


def _print_raw_text(console: Console, overall: Comparison) -> None:
    if overall.loses_on_raw_text:
        print_line(console, f": {overall.end_to_end_text}", label="warning", label_style="yellow")
    elif overall.end_to_end_text:
        print_line(console, overall.end_to_end_text)


def _print_decision(console: Console, evaluation: Evaluation) -> None:
    from components.evaluator.blessing.blessing import blessing_basis

    blessing = evaluation.blessing
    reasons = (*blessing.failures, *blessing.notes)
    if blessing.blessed and not blessing.forced:
        print_line(console, f": {blessing_basis(evaluation)}", label="blessed", label_style="green")
    if blessing.forced:
        print_line(console, f": {blessing.forced}", label="blessed by force", label_style="yellow")
    for reason in reasons:
        if blessing.forced:
            print_line(console, f"against: {reason}")
        elif blessing.blessed:
            print_line(console, f"note: {reason}")
        else:
            print_line(console, f": {reason}", label="not blessed", label_style="yellow")


def _print_verdict(console: Console, properties: Mapping[str, Any]) -> None:
    if properties.get(PUSHED):
        version, folder = properties.get(REGISTRY_VERSION), properties.get(PUSHED_DESTINATION)
        print_line(console, f" as version {version} to {folder}", label="pushed", label_style="green")
    else:
        print_line(console, f": {properties.get(REFUSAL_REASON)}", label="not pushed", label_style="yellow")
