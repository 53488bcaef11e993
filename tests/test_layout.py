"""The layout of the repository: folders of a readable size, and configuration files that tools can read."""

from __future__ import annotations

from pathlib import Path

import yaml
from support.repository import ROOT

PACKAGES = ("benchmarks", "components", "configs", "deployable_ner", "pipeline", "schemas")
MODULES = 15
# One command or group a file.
ALLOWED = {"pipeline/cli": 17}


def test_folders_have_at_most_fifteen_modules() -> None:
    too_many = {}
    for folder in sorted({file.parent for package in PACKAGES for file in (ROOT / package).rglob("*.py")}):
        name = str(folder.relative_to(ROOT))
        modules = [file for file in folder.glob("*.py") if file.stem not in ("__init__", "__main__")]
        if len(modules) > ALLOWED.get(name, MODULES):
            too_many[name] = len(modules)
    assert too_many == {}


def test_workflows_and_hooks_are_valid_and_call_our_checks() -> None:
    loaded: dict[Path, object] = {}
    for file in [*(ROOT / ".github").rglob("*.yml"), ROOT / ".pre-commit-config.yaml"]:
        loaded[file.relative_to(ROOT)] = yaml.safe_load(file.read_text(encoding="utf-8"))
    steps = loaded[Path(".github/workflows/ci.yml")]["jobs"]["checks"]["steps"]
    assert steps[-1] == {"run": ".ci/run"}
    hooks = [hook["id"] for repo in loaded[Path(".pre-commit-config.yaml")]["repos"] for hook in repo["hooks"]]
    assert {"ruff", "ruff-format", "mypy", "import-linter", "check-added-large-files"} <= set(hooks)
