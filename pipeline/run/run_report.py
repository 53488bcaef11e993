"""The report of a run: that of its model, completed with what the run did."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Any

from components.reporter.report_error import ReportError
from components.reporter.run_details import NodeDetails, RunDetails
from configs.spec import PipelineConfig
from pipeline.run.metadata_file import metadata_path
from pipeline.run.run_record import NodeRecord, RunRecord, read_run, run_ids

_FILE = "report.html"


def runs(config: PipelineConfig) -> list[str]:
    """Returns the ids of all runs of a pipeline on this machine, the newest first.

    Raises:
        ReportError: it never ran here.
    """
    metadata = Path(metadata_path(config))
    found = run_ids(str(metadata)) if metadata.exists() else []
    if not found:
        raise ReportError(
            f"the pipeline {config.name!r} never ran in {config.work_dir}: run `ner run` first, or name another folder "
            "with --set work_dir=..."
        )
    return found


def write_report(config: PipelineConfig, run_id: str | None = None) -> Path:
    """Completes the report of a run and writes it to `reports` in the work folder.

    Args:
        config: which pipeline and where.
        run_id: one of `runs`, or the beginning of one; the newest by default.

    Returns:
        The file.

    Raises:
        ReportError: there is no such run, or it wrote no report.
    """
    from components.reporter.run_section import insert_run

    record = read_run(metadata_path(config), config.name, _chosen(runs(config), run_id))
    page = insert_run(_page(record), run_details(record))
    path = config.work_dir.absolute() / "reports" / f"{record.run_id.replace(':', '-')}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(page)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return path


def run_details(record: RunRecord) -> RunDetails:
    """Arranges what is known of a run for its report."""
    nodes = sorted(record.nodes, key=lambda node: node.began)
    first = nodes[0].began if nodes else 0.0
    pushed = record.outputs.get(("RegistryPusher", "pushed_model"))
    properties = pushed[1] if pushed else {}
    return RunDetails(
        run_id=record.run_id,
        began=datetime.datetime.fromtimestamp(first, datetime.UTC),
        nodes=tuple(_node(node, record, first) for node in nodes),
        outcome=_outcome(properties),
        pushed=bool(properties.get("pushed")) if properties else None,
    )


def _node(node: NodeRecord, record: RunRecord, first: float) -> NodeDetails:
    artifacts = record.artifacts.get(node.name)
    return NodeDetails(
        name=node.name,
        state=node.state,
        began=node.began - first,
        seconds=node.seconds,
        inputs=tuple(f"{name}\N{NO-BREAK SPACE}#{number}" for name, number in artifacts.inputs) if artifacts else (),
        outputs=tuple(f"{name}\N{NO-BREAK SPACE}#{number}" for name, number in artifacts.outputs) if artifacts else (),
    )


def _outcome(properties: dict[str, Any]) -> str:
    if properties.get("pushed"):
        return f"Version {properties.get('registry_version')} in the registry, the champion."
    return str(properties.get("reason", ""))


def _chosen(found: list[str], wanted: str | None) -> str:
    if wanted is None:
        return found[0]
    fitting = [wanted] if wanted in found else [name for name in found if name.startswith(wanted)]
    if len(fitting) == 1:
        return fitting[0]
    what = f"{len(fitting)} runs begin with" if fitting else "no run begins with"
    raise ReportError(f"{what} {wanted!r}. `ner report --list` shows the runs; the newest is {found[0]}.")


def _page(record: RunRecord) -> str:
    output = record.outputs.get(("Reporter", "report"))
    path = Path(output[0], _FILE) if output else None
    if path is not None and path.is_file():
        return path.read_text(encoding="utf-8")
    failed = [node.name for node in record.nodes if node.state == "failed"]
    if path is not None:
        why = f"its report {path} is gone"
    elif failed:
        why = f"it stopped in {failed[0]}, before the report"
    else:
        why = f"it ended with {record.nodes[-1].name if record.nodes else 'nothing'}, before the report"
    raise ReportError(f"run {record.run_id} has no report: {why}. `ner report --list` shows the other runs.")
