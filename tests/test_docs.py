"""docs/: every setting that they name exists, every setting is explained, and the tutorial's commands run."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from support.processes import run
from support.repository import ROOT, copy_of_the_repository

from configs.loading import BASE, load_config
from configs.spec import PipelineConfig

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SECTIONS = [name for name, field in PipelineConfig.model_fields.items() if hasattr(field.annotation, "model_fields")]


def exists(path: str) -> bool:
    """Says whether a dotted path names a setting; the keys of a mapping are the user's."""
    value = load_config(None).model_dump(by_alias=True)
    for part in path.split("."):
        if not isinstance(value, dict):
            return False
        if part not in value:
            return path.startswith(("exporter.forward.", "exporter.signatures.", "evaluator.metrics."))
        value = value[part]
    return True


def test_every_setting_that_the_documentation_names_exists() -> None:
    pattern = re.compile(rf"(?<![\w./@-])((?:{'|'.join(SECTIONS)})\.[a-z_]+(?:\.[a-z_]+)*)(?![\w(/]|\.\w)")
    unknown = []
    for page in PAGES:
        text = re.sub(r"\b[\w/.-]+\.(py|md|yaml|json|jsonl|example)\b", "", page.read_text(encoding="utf-8"))
        unknown += [f"{page.name}: {path}" for path in pattern.findall(text) if not exists(path)]
    assert unknown == []


def test_every_setting_is_explained_where_its_default_is() -> None:
    lines = BASE.read_text(encoding="utf-8").splitlines()
    keys_of_the_user = ("tuner.space.", "exporter.forward.")
    path, unexplained = [], []
    for number, line in enumerate(lines):
        if key := re.match(r"( *)([a-z_.]+): *(.*)", line):
            path = [*path[: len(key[1]) // 2], key[2]]
            name, above = ".".join(path), lines[number - 1].strip()
            explained = "#" in line or above.startswith("#") or name == "card.out_of_scope"
            if key[3] and not explained and not name.startswith(keys_of_the_user):
                unexplained.append(f"{BASE.name}:{number + 1}: {name}")
    assert unexplained == []


@pytest.mark.e2e
@pytest.mark.extended
def test_the_tutorial_runs_from_start_to_end(tmp_path: Path) -> None:
    copy = copy_of_the_repository(tmp_path / "clone")
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "NER_CONFIG"}
    programs = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}
    blocks = re.findall(r"```(bash|python)\n(.*?)```", text, re.DOTALL)
    outputs = []
    for language, block in blocks:
        result = run([*programs[language], block], cwd=copy, env=environment, capture_output=True, text=True)
        assert result.returncode == 0, f"docs/tutorial.md:\n{block}\n{result.stdout[-3000:]}{result.stderr[-3000:]}"
        outputs.append(result.stdout)
    assert "B-PER" in outputs[0]
    assert any("row-7" in output for output in outputs)
    assert "version 2 is the champion" in outputs[-1]
