"""The part of a report that can be told only when the run is over."""

from __future__ import annotations

from components.reporter.environment import environment
from components.reporter.report_error import ReportError
from components.reporter.run_details import RunDetails

# Both stand in report.html.j2. Text of the data cannot be taken for them: it is escaped.
_BEGIN, _END = "<!-- run: begin -->", "<!-- run: end -->"


def insert_run(page: str, details: RunDetails) -> str:
    """Returns a report with its section on the run filled in; a section that was filled before is replaced.

    Args:
        page: what `render_page` wrote.
        details: the run.

    Raises:
        ReportError: the page is no report.
    """
    head, begun, rest = page.partition(_BEGIN)
    _, ended, tail = rest.partition(_END)
    if not (begun and ended):
        raise ReportError("the page is no report of this version: it has no place for the run. Run the pipeline again.")
    section = environment().get_template("run.html.j2").render(run=details)
    return f"{head}{_BEGIN}\n{section}\n{_END}{tail}"
