"""Each stack serves models of the other one. `NER_OTHER_STACK` names the bin folder of a second environment."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from support.processes import run

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.ci, pytest.mark.timeout(3000)]

THIS = Path(sys.executable).parent
SHORT = ("--set", "trainer.epochs=4", "--set", "trainer.epoch_steps=40")  # training
SENTENCES = ["Justin Trudeau went to New Delhi India", "Biden,who was in Kyiv Ukraine 😳", "", "Zz " * 300]


@pytest.fixture(scope="module")
def other() -> Path:
    """The `bin` folder of an environment with the other stack."""
    if not os.environ.get("NER_OTHER_STACK"):
        pytest.skip("NER_OTHER_STACK names no second environment")
    return Path(os.environ["NER_OTHER_STACK"])


def version(environment: Path) -> str:
    code = "from importlib.metadata import version; print(version('tfx'))"
    return run([environment / "python", "-c", code], capture_output=True, text=True, check=True).stdout


def model(environment: Path, folder: Path) -> Path:
    command = [environment / "ner", "run", "--set", f"work_dir={folder}", *SHORT]
    run(command, check=True, capture_output=True, cwd=folder.parent)
    return folder / "serving" / "ner" / "1"


def tagged(environment: Path, saved_model: Path) -> str:
    command = [environment / "ner", "predict", "--model", saved_model, "--json", *SENTENCES]
    return run(command, check=True, capture_output=True, text=True).stdout


def tags(output: str) -> list[list[str]]:
    return [json.loads(line)["tags"] for line in output.splitlines()]


def test_each_stack_tags_with_the_others_model_as_with_its_own(other, tmp_path):
    assert version(THIS) != version(other)
    for maker, reader in ((THIS, other), (other, THIS)):
        saved_model = model(maker, tmp_path / f"made-by-{version(maker).strip()}")
        assert tags(tagged(reader, saved_model)) == tags(tagged(maker, saved_model))
