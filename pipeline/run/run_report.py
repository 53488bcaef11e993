"""The report of a run: the report of its model, completed with the nodes of the run."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from components import keys
from components.common.files import write_atomically
from components.reporter.errors import ReportError
from components.reporter.page.learning_curve import insert_learning_curve
from components.reporter.page.run_section import NodeDetails, RunDetails, insert_run
from configs.spec import PipelineConfig
from pipeline.run.learning_curve import read_learning_curve
from pipeline.run.run_record import PUSHED_MODEL, NodeRecord, RunRecord, read_run, run_ids

_FILE = "report.html"


def runs(config: PipelineConfig) -> list[str]:
    """Returns the ids of all runs of a pipeline on this machine, newest first.

    Raises:
        ReportError: the pipeline has not run in the work folder.
    """
    ids = run_ids(config)
    if not ids:
        raise ReportError(
            f"{config.work_dir}: pipeline {config.name!r} has not run there. Run `ner run` first, or name another "
            "folder with --set work_dir=..."
        )
    return ids


def write_report(config: PipelineConfig, run_id: str | None = None, folder: Path | None = None) -> Path:
    """Completes the report of a run and writes it, with its tables next to it.

    Args:
        config: name and work folder of the pipeline.
        run_id: id of a run, or its first characters; None takes the newest run.
        folder: where to write; None for `reports` in the work folder.

    Returns:
        Path of the report.

    Raises:
        ReportError: no run or several runs match, or the run has no report.
        OSError: the folder cannot be written.
    """
    from components.reporter.page.tables import table_path

    record = find_run(config, run_id)
    source = _page(record)
    page = insert_run(source.read_text(encoding="utf-8"), run_details(record))
    if points := read_learning_curve(config, record.run_id):
        page = insert_learning_curve(page, points)
    path = (folder or config.root / "reports") / f"{record.run_id.replace(':', '-')}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, page.encode("utf-8"))
    for name in (keys.MISTAKES_FILE, keys.SCORES_CSV_FILE, keys.TRIALS_CSV_FILE, keys.REPORT_JSON_FILE):
        if source.with_name(name).is_file():  # runs of older versions have none, and few have searched
            write_atomically(table_path(path, name), source.with_name(name).read_bytes())
    return path


def run_details(record: RunRecord) -> RunDetails:
    """Returns the section of the report about the run."""
    nodes = sorted(record.nodes, key=lambda node: node.began)
    first = nodes[0].began if nodes else 0.0
    properties = record.properties(PUSHED_MODEL)
    return RunDetails(
        run_id=record.run_id,
        began=datetime.datetime.fromtimestamp(first, datetime.timezone.utc),
        nodes=tuple(_node(node, record, first) for node in nodes),
        outcome=_outcome(properties),
        pushed=bool(properties.get(keys.PUSHED)) if properties else None,
    )


def _node(node: NodeRecord, record: RunRecord, first: float) -> NodeDetails:
    artifacts = record.artifacts.get(node.name)
    return NodeDetails(
        name=node.name,
        state=node.state,
        began=node.began - first,
        seconds=node.seconds,
        inputs=_named(artifacts.inputs) if artifacts else (),
        outputs=_named(artifacts.outputs) if artifacts else (),
    )


def _named(artifacts: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Returns names of artifacts with their ids, which are not versions of models."""
    return tuple(f"{name} (id\N{NO-BREAK SPACE}{number})" for name, number in artifacts)


def _outcome(properties: dict[str, Any]) -> str:
    if properties.get(keys.PUSHED):
        return f"Version {properties.get(keys.REGISTRY_VERSION)} in the registry, the champion."
    return str(properties.get(keys.REFUSAL_REASON, ""))


def find_run(config: PipelineConfig, prefix: str | None) -> RunRecord:
    """Reads the run whose id begins so; None: the newest.

    Raises:
        ReportError: no run or several runs match.
    """
    return read_run(config, _match(runs(config), prefix))


def _match(ids: list[str], prefix: str | None) -> str:
    if prefix is None:
        return ids[0]
    matches = [prefix] if prefix in ids else [run_id for run_id in ids if run_id.startswith(prefix)]
    if len(matches) == 1:
        return matches[0]
    problem = f"{len(matches)} runs begin" if matches else "no run begins"
    raise ReportError(f"run {prefix!r}: {problem} with it. `ner report --list` shows the runs; the newest is {ids[0]}.")


def _page(record: RunRecord) -> Path:
    folder = record.folder(("Reporter", "report"))
    path = folder / _FILE if folder else None
    if path is not None and path.is_file():
        return path
    incomplete = next((node for node in record.nodes if not node.is_complete), None)
    if path is not None and (incomplete is None or incomplete.name != "Reporter"):
        problem = f"the file {path} was removed"
    elif incomplete is None:
        problem = f"the run ended after {record.nodes[-1].name if record.nodes else '0 nodes'}"
    elif incomplete.state == "running":
        problem = f"{incomplete.name} is running, and the Reporter has not ended"
    else:
        verb = "failed" if incomplete.state == "failed" else "was stopped"
        problem = f"{incomplete.name} {verb} before the Reporter ended"
    raise ReportError(f"run {record.run_id}: no report, {problem}. `ner report --list` shows the other runs.")
