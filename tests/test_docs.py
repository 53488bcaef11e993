"""docs/: every setting that they name exists, every setting is explained, and the tutorial's commands run."""

from __future__ import annotations

import os
import re
import sys
import tomllib
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
@pytest.mark.slow
@pytest.mark.timeout(3000)
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
    assert "\tB-" in outputs[0]
    assert any("row-7" in output for output in outputs)
    assert "version 2 is the champion" in outputs[-1]


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_the_extensions_of_the_documentation_work_together(tmp_path: Path) -> None:
    copy = copy_of_the_repository(tmp_path / "clone")
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    package = tmp_path / "package"
    for name, content in re.findall(r"```\w+\n# file: (\S+)\n(.*?)```", text, re.DOTALL):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(content, encoding="utf-8")
    # In place of `pip install`, which would change the environment of the tests.
    points = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    metadata = package / "my_ner-0.1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-ner\nVersion: 0.1\n", encoding="utf-8")
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in of.items()) for group, of in points.items()]
    (metadata / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    (copy / "my_ner").symlink_to(package / "my_ner")

    path = os.pathsep.join([str(copy), str(package), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    [commands] = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    result = run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=copy, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    assert "Hello, reader." in result.stdout

    # The exported model needs neither package: the signature's output, and the metric, are there.
    call = (
        "import tensorflow as tf; model = tf.saved_model.load('work/serving/ner/1'); "
        "print(model.signatures['token_count'](sentence=tf.constant(['Joe Biden , Paris']))['count'].numpy())"
    )
    counted = run([sys.executable, "-I", "-c", call], cwd=copy, capture_output=True, text=True)
    assert counted.stdout.strip() == "[4]", counted.stderr[-2000:]
    [scores] = (copy / "work" / "artifacts" / "Evaluator" / "evaluation").glob("*/scores.json")
    assert "exact_match" in scores.read_text(encoding="utf-8")
