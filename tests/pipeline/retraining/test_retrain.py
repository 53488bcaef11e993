"""Retraining on a real registry, with simulated runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import popen
from support.repository import python_environment

from components.common.errors import NerError
from components.corpus_example_gen.errors import CorpusError
from components.drift_validator.errors import DriftError
from components.exporter.errors import BreakingChangeError
from components.registry.model_registry import ModelRegistry
from components.registry.store.version import VersionRecord
from configs.loading import load_config
from pipeline.retraining.retrain import retrain
from pipeline.run.inputs import prepare_inputs
from pipeline.run.preflight import ReadingLimits, read_beginnings
from pipeline.run.run_record import RunRecord


class _Played:
    """A corpus, a registry, and simulated runs whose result is `ends`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.runs, self.ends = folder, [], "better"
        self.add_span()

    def config(self, *settings):
        base = [f"work_dir={self.folder / 'work'}", f"corpus.path={self.folder / 'corpus'}"]
        return load_config(None, [*base, *settings])

    @property
    def registry(self):
        return ModelRegistry(self.config().registry_uri)

    def add_span(self):
        folder = self.folder / "corpus" / f"span-{len(list(self.folder.glob('corpus/*'))) + 1}"
        folder.mkdir(parents=True)
        (folder / "train.conll").write_text(f"{folder.name}\tB-X\n")

    def run(self, config, request, prepared):
        """Replaces `run_locally`."""
        self.runs.append(request.warm_start)
        if self.ends == "drift":
            raise DriftError("span-2 differs\n  entity types: far")
        if self.ends == "break":
            raise BreakingChangeError("exporter: the new model would break callers\n  output ends is gone")
        if self.ends == "crash":
            raise OSError("no space left on device")
        if self.ends == "worse":
            return self._record(pushed=0, reason="the evaluator did not bless the model")
        inputs = prepare_inputs(config, request.warm_start)
        baseline = self.registry.baseline("ner", inputs.fingerprint)
        tags = {
            "run_fingerprint": inputs.fingerprint,
            "baseline_version": baseline,
            "corpus_fingerprint": inputs.corpus_fingerprint,
            "data.span": str(len(list(self.folder.glob("corpus/*")))),
        }
        model = self.folder / "model"
        model.mkdir(exist_ok=True)
        (model / "saved_model.pb").write_text(inputs.fingerprint)
        version = self.registry.register(model, "ner", VersionRecord(tags=tags, blessed=True)).version
        expected = None if baseline == "none" else int(baseline)
        self.registry.champions("ner").promote(version, expected, "blessed")
        return self._record(pushed=1, registry_version=version)

    def _record(self, **properties):
        return RunRecord((), {("RegistryPusher", "pushed_model"): ("", properties)})


@pytest.fixture
def played(tmp_path, monkeypatch):
    play = _Played(tmp_path)
    monkeypatch.setattr("pipeline.local_run.run_locally", play.run)
    return play


def test_from_the_first_model_to_a_rollback(played):
    """One sequence, because creating a registry takes seconds."""
    first = retrain(played.config(), warm_start=True)
    assert (first.kind, first.version, first.exit_code) == ("promoted", 1, 0)
    assert first.reasons == ("there is no champion yet",)

    again = retrain(played.config(), warm_start=True)
    assert (again.kind, again.exit_code, len(played.runs)) == ("not due", 0, 1)
    assert retrain(played.config(), warm_start=True, dry_run=True).exit_code == 0

    aged = retrain(played.config("retrain.max_age_days=0.0000001"), warm_start=True)
    assert (aged.kind, aged.exit_code, len(played.runs)) == ("nothing new", 5, 1)
    assert "days old" in aged.text
    assert "version 1, was built from the same data" in aged.text

    played.add_span()
    planned = retrain(played.config(), warm_start=True, dry_run=True)
    assert (planned.kind, planned.exit_code, len(played.runs)) == ("due", 10, 1)
    assert planned.reasons == ("span 2 is new: the champion, version 1, was trained up to span 1",)

    played.ends = "crash"
    with pytest.raises(OSError, match="no space"):
        retrain(played.config(), warm_start=True)
    played.ends = "worse"
    worse = retrain(played.config(), warm_start=True)  # a crash is not a result: it is repeated
    assert (worse.kind, worse.exit_code, len(played.runs)) == ("refused", 3, 3)
    assert "did not bless" in worse.text
    settled = retrain(played.config(), warm_start=True)
    assert (settled.kind, len(played.runs)) == ("not due", 3)
    assert "did not bless" in settled.text
    assert retrain(played.config("retrain.max_age_days=0.0000001"), warm_start=True).kind == "nothing new"

    played.add_span()
    played.ends = "drift"
    stopped = retrain(played.config(), warm_start=True)
    assert (stopped.kind, stopped.exit_code, len(played.runs)) == ("stopped", 4, 4)
    still = retrain(played.config(), warm_start=True)
    assert (still.kind, still.exit_code, len(played.runs)) == ("stopped", 4, 4)

    played.ends = "break"
    broken = retrain(played.config("exporter.outputs=[]"), warm_start=True)
    assert (broken.kind, broken.exit_code, len(played.runs)) == ("refused", 3, 5)
    assert "output ends is gone" in broken.text

    played.ends = "better"
    better = retrain(played.config("drift.action=ignore"), warm_start=True)  # another setting: not the same attempt
    assert (better.kind, better.version, len(played.runs)) == ("promoted", 2, 6)

    played.registry.champions("ner").rollback(why="tags nothing")
    taken_back = retrain(played.config(), warm_start=True)
    assert (taken_back.kind, len(played.runs)) == ("not due", 6)
    assert "version 2, built from the same data, settings and code, was rolled back" in taken_back.text

    forced = retrain(played.config(), warm_start=False, force="I want one")
    assert (forced.kind, forced.reasons, played.runs[-1]) == ("promoted", ("I want one",), False)

    actions = [(entry.action, entry.version) for entry in played.registry.champions("ner").history()]
    expected = [
        ("promoted", 1),
        ("stopped", None),
        ("refused", None),
        ("promoted", 2),
        ("rolled back", 1),
        ("promoted", 3),
    ]
    assert actions == expected


def test_two_retrainings_never_run_at_once(played):
    lock = played.folder / "work" / "retrain" / "lock"
    script = f"""
import sys
from pathlib import Path
from components.common.files import locked
with locked(Path({str(lock)!r})):
    print("held", flush=True)
    sys.stdin.read()
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with popen([sys.executable, "-c", script], text=True, env=python_environment(), **pipes) as holder:
        assert holder.stdout.readline() == "held\n"
        busy = retrain(played.config(), warm_start=True)
        assert (busy.kind, busy.exit_code, played.runs) == ("busy", 75, [])
        assert retrain(played.config(), warm_start=True, dry_run=True).kind == "due", "a decision needs no lock"
    played.ends = "worse"
    assert retrain(played.config(), warm_start=True).kind == "refused", "the lock ended with its holder"


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        (
            "corpus.splits={train: nope.conll}",
            r"corpus/nope\.conll: no file matches\. Check the folder and corpus\.spl",
        ),
        ("corpus.splits={train: 'span-{SPAN}/nope.conll'}", "span-1: no file matches corpus.splits"),
        ("corpus.span=3", "has no span 3, only 1"),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_files_and_spans_that_do_not_exist_are_an_error_before_the_decision(played, setting, problem, dry_run):
    with pytest.raises(NerError, match=problem):
        retrain(played.config(setting), warm_start=True, dry_run=dry_run)
    (played.folder / "corpus" / "span-1").rename(played.folder / "corpus" / "train")
    if "span=" in setting:
        with pytest.raises(NerError, match=r"corpus\.span or corpus\.span_window is set, but the corpus has no span"):
            retrain(played.config(setting), warm_start=True, dry_run=dry_run)
    assert played.runs == []


def test_a_dry_run_says_what_of_the_corpus_can_be_read(played):
    planned = retrain(played.config(), warm_start=True, dry_run=True)
    assert planned.text == "there is no champion yet (corpus: all sentences can be read)"
    config = played.config()
    train = played.folder / "corpus" / "span-1" / "train.conll"
    train.write_text("Ida\tB-PER\n\nleft\tO\n\nthen\tO\n\nnow\tB-\n")
    rest = "can be read; the rest of 1 large file was not read"
    assert read_beginnings(config, prepare_inputs(config), ReadingLimits(sentences=2)) == f"2 sentences {rest}"
    assert read_beginnings(config, prepare_inputs(config), ReadingLimits(size=15)) == f"1 sentence {rest}"
    assert read_beginnings(config, prepare_inputs(config), ReadingLimits(size=25)) == f"2 sentences {rest}"
    skip = played.config("corpus.on_error=skip")
    assert read_beginnings(skip, prepare_inputs(skip)) == "all sentences can be read, 1 sentence or file skipped"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Ida\tB-PER\nleft\tB-\n", r"train\.conll:2: found 'B-'"),
        ("Ida\n\nleft\n", r"train\.conll:1: found one column"),
        ("Ida\tO\nleft\tO\n", r"corpus: in the training split, no sentence has an entity"),
    ],
)
def test_a_dry_run_ends_with_the_error_of_a_corpus_that_no_run_can_read(played, text, problem):
    (played.folder / "corpus" / "span-1" / "train.conll").write_text(text)
    with pytest.raises(CorpusError, match=problem):
        retrain(played.config(), warm_start=True, dry_run=True)


@pytest.mark.extended
def test_a_damaged_record_of_the_last_attempt_costs_one_run(played):
    played.ends = "worse"
    retrain(played.config(), warm_start=True)
    record = played.folder / "work" / "retrain" / "last.json"
    assert json.loads(record.read_text())["kind"] == "refused"
    record.write_text('{"inputs"')
    retrain(played.config(), warm_start=True)
    assert len(played.runs) == 2
