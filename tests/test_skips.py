"""tests/support/skips.py: CI fails on skips that tests/skips.toml does not list."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from support.processes import run
from support.repository import ROOT


@pytest.mark.parametrize(("ci", "status"), [("true", 1), ("", 0)])
def test_unexpected_skip_fails_a_ci_run_by_name(tmp_path: Path, ci: str, status: int) -> None:
    (tmp_path / "test_skipping.py").write_text("import pytest\n\ndef test_it():\n    pytest.skip('tired')\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"PYTHONPATH": str(ROOT / "tests"), "CI": ci}
    command = [sys.executable, "-m", "pytest", "-p", "support.skips", "-p", "no:cacheprovider", tmp_path]
    result = run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == status, result.stdout
    assert ("test_skipping.py::test_it: tired\n" in result.stdout) == (status == 1)
