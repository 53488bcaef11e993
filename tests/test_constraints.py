"""constraints/: the exact resolved sets are complete, exact and fit setup.py, and say nothing about who made them."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.repository import ROOT

STACKS = ("tfx116", "tfx121")
SETUP_TOOLS = {"uv", "setuptools", "wheel"}  # the editable install is built without isolation


def lines(stack: str) -> list[str]:
    return (ROOT / "constraints" / f"py311-{stack}.txt").read_text(encoding="utf-8").splitlines()


def pins(stack: str) -> dict[str, str]:
    """Canonical name to version."""
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines(stack)[1:])}


@pytest.mark.parametrize("stack", STACKS)
def test_first_line_says_how_to_renew_and_all_others_are_exact_pins(stack: str) -> None:
    first, *others = lines(stack)
    assert first.startswith("# Renewed by: make lock")
    assert [line for line in others if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*==[0-9][0-9a-z.+!]*", line)] == []


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("extra", ["", "kfp", "test"])
def test_pins_meet_what_the_project_requires(stack: str, extra: str) -> None:
    pinned = pins(stack)
    requirements = [Requirement(line) for line in requires("deployable-ner")]
    wanted = [r for r in requirements if not r.marker or r.marker.evaluate({"extra": extra})]
    unmet = [str(r) for r in wanted if not r.specifier.contains(pinned.get(canonicalize_name(r.name), "0"))]
    assert len(wanted) >= 10
    assert unmet == []


@pytest.mark.parametrize("stack", STACKS)
def test_pins_hold_what_set_up_needs(stack: str) -> None:
    assert pins(stack).keys() >= SETUP_TOOLS


@pytest.mark.parametrize(("stack", "version"), [("tfx116", "1.16.0"), ("tfx121", "1.21.0")])
def test_pins_are_of_the_stack_they_are_named_for(stack: str, version: str) -> None:
    assert pins(stack)["tfx"] == version


def test_installed_packages_fit_together_but_for_the_one_override() -> None:
    uv = Path(sys.prefix) / "bin" / "uv"
    if not uv.exists():
        pytest.skip("the environment of this run has no uv of its own")
    result = subprocess.run(
        [uv, "pip", "check", "--python", sys.executable], capture_output=True, text=True, check=False
    )
    complaints = re.findall(r"^The package .*$", result.stdout + result.stderr, flags=re.MULTILINE)
    assert "Checked" in result.stderr
    assert [line for line in complaints if "requires `pyfarmhash" not in line] == []
