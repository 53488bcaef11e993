"""The report of a run, found and completed; the metadata is written here as TFX writes it."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest
from support.lazy import LazyModule

from components.reporter.errors import ReportError
from configs.loading import load_config
from pipeline.run.run_list import RunLine
from pipeline.run.run_record import metadata_path, read_run, run_ids
from pipeline.run.run_report import run_details, runs, write_report
from pipeline.run.work_lock import run_lock

metadata_store = LazyModule("ml_metadata.metadata_store")
mlmd = LazyModule("ml_metadata.proto.metadata_store_pb2")

PAGE = "<html><!-- run: begin -->empty<!-- run: end --></html>"


class Metadata:
    """Writes runs into ML Metadata."""

    def __init__(self, config):
        source = mlmd.SqliteMetadataSourceConfig(filename_uri=metadata_path(config))
        self.store = metadata_store.MetadataStore(mlmd.ConnectionConfig(sqlite=source))
        kinds = {"pipeline_run": mlmd.ContextType, "node": mlmd.ContextType}
        self.types = {name: self.store.put_context_type(kind(name=name)) for name, kind in kinds.items()}
        self.execution = self.store.put_execution_type(mlmd.ExecutionType(name="tfx.Node"))
        self.artifact = self.store.put_artifact_type(mlmd.ArtifactType(name="Anything"))
        self.nodes = {}

    def run(self, name):
        [context] = self.store.put_contexts([mlmd.Context(name=name, type_id=self.types["pipeline_run"])])
        return context

    def node(self, run, name, inputs=(), outputs=(), state=mlmd.Execution.COMPLETE):
        if name not in self.nodes:
            context = mlmd.Context(name=f"ner.{name}", type_id=self.types["node"])
            self.nodes[name] = self.store.put_contexts([context])[0]
        execution = mlmd.Execution(type_id=self.execution, last_known_state=state)
        events = [(key, number, mlmd.Event.INPUT) for key, number in inputs]
        events += [(key, number, mlmd.Event.OUTPUT) for key, number in outputs]
        pairs = []
        for key, number, kind in events:
            [artifact] = self.store.get_artifacts_by_id([number])
            path = mlmd.Event.Path(steps=[mlmd.Event.Path.Step(key=key), mlmd.Event.Path.Step(index=0)])
            pairs.append((artifact, mlmd.Event(type=kind, path=path)))
        contexts = [self.store.get_contexts_by_id([number])[0] for number in (run, self.nodes[name])]
        self.store.put_execution(execution, pairs, contexts)

    def made(self, uri, **properties):
        artifact = mlmd.Artifact(type_id=self.artifact, uri=str(uri))
        for name, value in properties.items():
            kind = "int_value" if isinstance(value, int) else "string_value"
            setattr(artifact.custom_properties[name], kind, value)
        return self.store.put_artifacts([artifact])[0]


@pytest.fixture
def config(tmp_path):
    return load_config(None, [f"work_dir={tmp_path}"])


@pytest.fixture
def metadata(config, tmp_path):
    """Two runs: the first made report and champion, the second stopped in the Trainer."""
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "report.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "made" / "mistakes.csv").write_text("kind", encoding="utf-8")
    written = Metadata(config)
    first, second = written.run("2026-11-21T10:00:00.1"), written.run("2026-11-22T10:00:00.1")
    examples, report = written.made("x"), written.made(tmp_path / "made")
    pushed = written.made("y", pushed=1, registry_version=4)
    written.node(first, "CorpusExampleGen", outputs=[("examples", examples)])
    written.node(first, "Reporter", [("examples", examples)], [("report", report)])
    written.node(first, "RegistryPusher", outputs=[("pushed_model", pushed)])
    written.node(second, "CorpusExampleGen", outputs=[("examples", examples)], state=mlmd.Execution.CACHED)
    written.node(second, "Trainer", [("examples", examples)], state=mlmd.Execution.FAILED)
    return written


def test_runs_are_listed_newest_first(config, metadata):
    assert runs(config) == ["2026-11-22T10:00:00.1", "2026-11-21T10:00:00.1"]
    assert run_ids(config) == runs(config)


def test_a_record_tells_what_nodes_read_and_wrote(config, metadata):
    record = read_run(config, "2026-11-21T10:00:00.1")
    assert record.run_id == "2026-11-21T10:00:00.1"
    assert record.artifacts["Reporter"] == ((("examples", 1),), (("report", 2),))
    assert [node.state for node in read_run(config, "2026-11-22T10:00:00.1").nodes] == ["cached", "failed"]


def test_a_run_of_cached_nodes_names_the_newest_run_that_computed_its_results(config, metadata):
    third = metadata.run("2026-11-23T10:00:00.1")
    metadata.node(third, "CorpusExampleGen", outputs=[("examples", 1)], state=mlmd.Execution.CACHED)
    metadata.node(third, "Reporter", outputs=[("report", 2)], state=mlmd.Execution.CACHED)
    record = read_run(config, "2026-11-23T10:00:00.1")
    assert record.source.run_id == "2026-11-21T10:00:00.1"
    assert record.source.ended > 1e9
    assert RunLine.of(record).state == "cached"
    for run_id in runs(config)[1:]:
        assert read_run(config, run_id).source is None


def test_a_complete_run_with_a_cached_model_is_marked(config, metadata):
    third = metadata.run("2026-11-23T10:00:00.1")
    metadata.node(third, "Trainer", outputs=[("examples", 1)], state=mlmd.Execution.CACHED)
    metadata.node(third, "RegistryPusher", outputs=[("pushed_model", 3)])
    lines = [RunLine.of(read_run(config, run_id)) for run_id in runs(config)]
    assert [line.state for line in lines] == ["complete, no training", "failed: Trainer", "complete"]


def test_a_run_in_progress_is_running_and_one_that_was_killed_is_unfinished(config, metadata):
    third = metadata.run("2026-11-23T10:00:00.1")
    metadata.node(third, "CorpusExampleGen", outputs=[("examples", 1)])
    metadata.node(third, "Trainer", [("examples", 1)], state=mlmd.Execution.RUNNING)
    for held, state, problem in (
        (True, "running", "Trainer is running, and the Reporter has not ended"),
        (False, "unfinished", "Trainer was stopped before the Reporter ended"),
    ):
        with run_lock(config, "2026-11-23T10:00:00.1") if held else contextlib.nullcontext():
            assert RunLine.of(read_run(config, runs(config)[0])).state == f"{state}: Trainer"
            with pytest.raises(ReportError, match=f"no report, {problem}"):
                write_report(config)
    fourth = metadata.run("2026-11-24T10:00:00.1")
    metadata.node(fourth, "Trainer", [("examples", 1)], state=mlmd.Execution.RUNNING)
    for number in (0, 1):  # two runs at once, of which one was killed
        with run_lock(config, runs(config)[number]):
            states = [RunLine.of(read_run(config, run_id)).state for run_id in runs(config)[:2]]
        assert [state == "running: Trainer" for state in states] == [number == 0, number == 1]
    assert not [*(config.root / "reports").glob(".*")]


def test_details_are_in_order_and_tell_the_outcome(config, metadata):
    details = run_details(read_run(config, "2026-11-21T10:00:00.1"))
    assert [node.name for node in details.nodes] == ["CorpusExampleGen", "Reporter", "RegistryPusher"]
    assert details.nodes[1].inputs == ("examples (id\N{NO-BREAK SPACE}1)",)
    assert (details.pushed, details.outcome) == (True, "Version 4 in the registry, the champion.")
    assert details.nodes[0].began == 0


@pytest.mark.parametrize("requested", ["2026-11-21T10:00:00.1", "2026-11-21", "2026-11-21T10"])
def test_the_page_is_completed_and_written_beside_the_artifacts(config, metadata, tmp_path, requested):
    path = write_report(config, requested)
    assert path == tmp_path / "reports" / "2026-11-21T10-00-00.1.html"
    assert path.with_name("2026-11-21T10-00-00.1.mistakes.csv").read_text(encoding="utf-8") == "kind"
    text = path.read_text(encoding="utf-8")
    assert "Version 4 in the registry" in text
    assert "3 of 3 nodes" in text
    assert (tmp_path / "made" / "report.html").read_text(encoding="utf-8") == PAGE
    assert len(list(path.parent.iterdir())) == 2


@pytest.mark.parametrize(
    ("requested", "message"),
    [
        (
            None,
            r"run 2026-11-22T10:00:00.1: no report, Trainer failed before the Reporter ended. `ner report --list`",
        ),
        ("2026-11-2", "run '2026-11-2': 2 runs begin with it"),
        ("2025", "run '2025': no run begins with it. .*the newest is 2026-11-22"),
    ],
)
def test_a_run_without_a_report_is_refused_with_its_reason(config, metadata, requested, message):
    with pytest.raises(ReportError, match=message):
        write_report(config, requested)


def test_a_report_that_was_removed_is_named(config, metadata, tmp_path):
    (tmp_path / "made" / "report.html").unlink()
    with pytest.raises(ReportError, match=r"made/report\.html was removed"):
        write_report(config, "2026-11-21")


def test_a_pipeline_that_never_ran_says_what_to_do(config):
    with pytest.raises(ReportError, match=r"has not run there. Run `ner run` first"):
        runs(config)


def test_metadata_without_a_run_is_no_run(config):
    sqlite3.connect(metadata_path(config)).close()
    Metadata(config)
    with pytest.raises(ReportError, match="has not run"):
        runs(config)
