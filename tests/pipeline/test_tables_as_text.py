"""The tables of the commands at 80 and 120 columns and in a pipe, compared with files in `tables/`.

`UPDATE_TABLES=1 python -m pytest tests/pipeline/test_tables_as_text.py` writes the files anew; read the difference.
"""

from __future__ import annotations

import datetime
import io
import json
import os
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console
from support.small_evaluation import small_evaluation
from support.spotter import Spotter

from components.common.console import standard_output
from components.corpus_example_gen.cleaning.report import IngestReport
from components.corpus_tools.check import CorpusCheck, Finding, Severity, print_check
from components.corpus_tools.check.counts import SplitCounts
from components.corpus_tools.check.finding import Item, Place
from components.evaluator.results.evaluation import Blessing
from components.evaluator.results.scores_file import write_evaluation
from components.registry.champions.history import ChampionLine, HistoryEntry
from components.registry.store.version import RegisteredVersion
from components.registry.version_diff import differences
from components.serving.batch_prediction.rows import Row
from components.suggestions.ranking import LeftOut, Suggestion
from components.suggestions.search import SearchResult
from components.suggestions.uncertainty import Uncertainty
from pipeline.cli import evaluate, suggest
from pipeline.registry_view.tables import print_differences, print_history, print_version, print_versions
from pipeline.run import summary
from pipeline.run.run_list import RunLine, print_run_comparison, print_runs
from pipeline.run.run_record import NodeRecord, RunRecord

FOLDER = Path(__file__).parent / "tables"
WHEN = datetime.datetime(2026, 11, 28, 2, 41, tzinfo=datetime.UTC)


def version(number, *aliases, f1):
    tags = {
        "metric.entity_f1": str(f1), "metric.token_accuracy": "0.97", "tree_hash": f"{number:02}" * 32,
        "blessed": "true", "run_id": f"2026-11-2{number}T02:41:53.609251",
        "baseline_version": str(number - 1), "data.span": str(number),
        "data.ingest_report": json.dumps({"lines": number}),
        "metrics_by_type": json.dumps({"PER": {"f1": f1, "support": 2345}}),
        "metrics_by_slice": json.dumps({f"sentence_length={each}": {"f1": f1} for each in ("1-5", "11-20", "6-10")}),
        "params": json.dumps({"trainer.epochs": str(10 * number), "trainer.seed": "0"}),
    }  # fmt: skip
    return RegisteredVersion("ner", number, aliases, tags, f"/models/ner/{number}", "a1b2", WHEN)


VERSIONS = [version(1, "previous", f1=0.8271), version(12, "champion", f1=0.8545)]
ENTRIES = [
    HistoryEntry(1, "promoted", 1, None, "ada@workshop", "the first model", False, WHEN),
    HistoryEntry(2, "promoted", 12, 1, "pipeline run 2026-11-22T02:41:53.609251", "a better model", True, WHEN),
]
PLACES = tuple(Place("corpus/train.conll", line, "outside") for line in (12, 345, 6789, 10234))
CHECK = CorpusCheck(
    path="corpus",
    files=2,
    splits={
        "train": SplitCounts(204_579, Counter(creative_work=1434, PER=2873), Counter({14: 12_000, 159: 1}), 8294),
        "test": SplitCounts(25_097, Counter(PER=449), Counter({9: 2000, 81: 77}), 1368, known=189),
    },
    scripts=Counter(Latin=14_000),
    findings=(
        Finding("no_entity", Severity.ERROR, "No entity in the training data", "Label entities."),
        Finding(
            "missing_label", Severity.WARNING, "Likely missing labels: 12 texts", "Label them.",
            (Item("The Hong Kong and Shanghai Banking Corporation", "ORG 29, LOC 1, outside 4", PLACES, 4),), 12,
        ),
        Finding("reading", Severity.NOTE, "Files read in an unusual way", "Check it.", (Item("a.csv", "as CSV"),), 1),
    ),
    report=IngestReport(),
    limits=("5 entities of rare texts were left out.",),
)  # fmt: skip

SENTENCES = ["it rains in Rome", f"Ida {'and ' * 30}Bo", *(f"{number} more" for number in range(10))]
RESULT = SearchResult(
    [
        Suggestion(Row(99 * number, text, {}, b""), *Spotter().tag([text]), Uncertainty(0.9 / number, 0.25))
        for number, text in enumerate(SENTENCES, 1)
    ],
    rows=20, bad=0, first_bad=None, left_out=LeftOut(), seconds=1.0,
)  # fmt: skip


@pytest.fixture
def runs(tmp_path):
    """Two runs; the second one did not reach the Evaluator."""
    write_evaluation(str(tmp_path), small_evaluation(Blessing(True), champion=True))
    outputs = {
        ("Evaluator", "evaluation"): (str(tmp_path), {}),
        ("RegistryPusher", "pushed_model"): (
            "", {"pushed": 1, "registry_version": 12, "pushed_destination": "/models/serving/ner/12"}
        ),
        ("Trainer", "trained_model"): ("", {"trainer_settings": '{"settings": {"epochs": 10, "seed": 0}}'}),
    }  # fmt: skip
    done = (NodeRecord("Transform", "cached", 0.0), NodeRecord("RegistryPusher", "run", 3.61))
    failed = {("Trainer", "trained_model"): ("", {"trainer_settings": '{"settings": {"epochs": 20, "seed": 0}}'})}
    return [
        RunRecord(done, outputs, "2026-11-28T03:33:24.424351"),
        RunRecord((NodeRecord("Exporter", "failed", 9.5),), failed, "2026-11-27T03:33:24.424351"),
    ]


PRINTED = {
    "suggest": lambda console, runs: suggest.print_suggestions(console, RESULT),
    "registry list": lambda console, runs: print_versions(console, VERSIONS),
    "registry show": lambda console, runs: print_version(console, VERSIONS[1]),
    "registry diff": lambda console, runs: print_differences(console, *VERSIONS, differences(*VERSIONS)),
    "registry history": lambda console, runs: print_history(console, ENTRIES, ChampionLine.of(ENTRIES)),
    "report --list": lambda console, runs: print_runs(console, map(RunLine.of, runs)),
    "report --against": lambda console, runs: print_run_comparison(console, *runs),
    "run": lambda console, runs: summary.print_summary(runs[0], console),
    "data check": lambda console, runs: print_check(console, CHECK),
    "evaluate": lambda console, runs: evaluate.print_evaluation(
        console, small_evaluation(Blessing(True), True), ["ok"]
    ),
}


@pytest.mark.parametrize("width", ["80", "120", "pipe"])
@pytest.mark.parametrize("name", PRINTED)
def test_a_table_is_the_expected_text(name, width, runs, monkeypatch):
    file = io.StringIO()
    if width == "pipe":
        monkeypatch.setattr("sys.stdout", file)
        console = standard_output()
    else:
        console = Console(file=file, width=int(width), force_terminal=True, color_system=None, highlight=False)
    PRINTED[name](console, runs)
    text = "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())
    expected = FOLDER / f"{name.replace(' ', '_').replace('-', '')}.{width}.txt"
    if "UPDATE_TABLES" in os.environ:
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
