"""Pytest plugin that fails a CI run on unexpected skips.

`tests/skips.toml` lists, for each reason, the tests that may be skipped. With the environment variable `CI` set, any
other skip fails the run and is named in the summary.
"""

from __future__ import annotations

import fnmatch
import os
import tomllib
from typing import Any

import pytest

from support.repository import ROOT

_UNEXPECTED = pytest.StashKey[list[str]]()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the session if tests/skips.toml does not list one of its skips."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("CI") or hasattr(session.config, "workerinput") or reporter is None:
        return
    unexpected = find_unexpected(reporter.stats.get("skipped", []))
    session.config.stash[_UNEXPECTED] = unexpected
    if unexpected and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Names the unexpected skips."""
    if unexpected := config.stash.get(_UNEXPECTED, []):
        terminalreporter.section("unexpected skips (tests/skips.toml)", red=True)
        for line in unexpected:
            terminalreporter.write_line(line)


def find_unexpected(reports: list[Any]) -> list[str]:
    """Returns a line for each skipped test whose reason and name are not in tests/skips.toml."""
    allowed = tomllib.loads((ROOT / "tests" / "skips.toml").read_text(encoding="utf-8"))
    skips = {(report.nodeid.partition("[")[0], _reason(report)) for report in reports}
    return [
        f"{name}: {reason}"
        for name, reason in sorted(skips)
        if not any(fnmatch.fnmatch(name, pattern) for pattern in allowed.get(reason, []))
    ]


def _reason(report: Any) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")
