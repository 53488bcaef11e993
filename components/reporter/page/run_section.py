"""Sections of a report that are filled in later, and that of the run."""

from __future__ import annotations

import dataclasses
import datetime

from components.reporter.errors import ReportError
from components.reporter.page.environment import environment

# Both markers are in report.html.j2. Text from the data cannot contain them: it is escaped.
_BEGIN, _END = "<!-- {}: begin -->", "<!-- {}: end -->"


@dataclasses.dataclass(frozen=True)
class NodeDetails:
    """One node of a run.

    Attributes:
        name: id of the node.
        state: `run`, `cached` or `failed`.
        began: seconds between the start of the run and the start of the node.
        seconds: wall time.
        inputs: input artifacts, such as `examples #2` with a no-break space, numbered as in the metadata store.
        outputs: output artifacts, written or taken from the cache.
    """

    name: str
    state: str
    began: float
    seconds: float
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class RunDetails:
    """One run.

    Attributes:
        run_id: id of the run in the metadata store.
        began: start of its first node, UTC.
        nodes: in the order of their start.
        outcome: result for the registry as a sentence; empty if unknown.
        pushed: True if the model became the champion; None if unknown.
    """

    run_id: str
    began: datetime.datetime
    nodes: tuple[NodeDetails, ...]
    outcome: str = ""
    pushed: bool | None = None

    @property
    def seconds(self) -> float:
        """Time from the start of the first node to the end of the last."""
        return max((node.began + node.seconds for node in self.nodes), default=0.0)

    @property
    def executed(self) -> int:
        """Number of nodes that were not taken from the cache."""
        return sum(node.state != "cached" for node in self.nodes)


def insert_run(page: str, details: RunDetails) -> str:
    """Returns a report whose run section is filled in, replacing an earlier one.

    Args:
        page: output of `render_page`.
        details: the run.

    Raises:
        ReportError: the page has no run section.
    """
    return insert_section(page, "run", environment().get_template("run.html.j2").render(run=details))


def insert_section(page: str, name: str, section: str) -> str:
    """Returns a report with the content of a section that is filled in later, replacing an earlier one.

    Raises:
        ReportError: the page has no such section.
    """
    begins, ends = _BEGIN.format(name), _END.format(name)
    head, begin, rest = page.partition(begins)
    _, end, tail = rest.partition(ends)
    if not (begin and end):
        raise ReportError(f"report.html: no section {name}, so not a report of this version. Run the pipeline again.")
    return f"{head}{begins}\n{section}\n{ends}{tail}"
