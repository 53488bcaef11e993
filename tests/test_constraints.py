"""constraints/: complete sets of exact pins that fit setup.py."""

from __future__ import annotations

import re
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.processes import run
from support.repository import ROOT

STACKS = ("tfx116", "tfx121")
SETUP_TOOLS = {"uv", "setuptools", "wheel"}  # the build of the editable install is not isolated


def lines(stack: str) -> list[str]:
    return (ROOT / "constraints" / f"py311-{stack}.txt").read_text(encoding="utf-8").splitlines()


def pins(stack: str) -> dict[str, str]:
    """Returns the version of each package by its canonical name."""
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines(stack)[1:])}


@pytest.mark.parametrize(("stack", "tfx"), [("tfx116", "1.16.0"), ("tfx121", "1.21.0")])
def test_constraints_are_exact_pins_of_the_stack(stack: str, tfx: str) -> None:
    first, *others = lines(stack)
    assert first.startswith("# Renewed by: make lock")
    assert [line for line in others if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*==[0-9][0-9a-z.+!]*", line)] == []
    assert pins(stack)["tfx"] == tfx
    assert pins(stack).keys() >= SETUP_TOOLS


@pytest.mark.parametrize("stack", STACKS)
def test_pins_meet_the_requirements_of_the_project(stack: str) -> None:
    pinned = pins(stack)
    for extra in ("", "pipeline", "kfp", "encoder", "parquet", "test"):
        requirements = [Requirement(line) for line in requires("deployable-ner")]
        applicable = [r for r in requirements if not r.marker or r.marker.evaluate({"extra": extra})]
        unmet = [str(r) for r in applicable if not r.specifier.contains(pinned.get(canonicalize_name(r.name), "0"))]
        assert len(applicable) >= 10
        assert unmet == []


def test_installed_packages_fit_together_except_for_the_override() -> None:
    uv = Path(sys.prefix) / "bin" / "uv"
    if not uv.exists():
        pytest.skip("the environment of this run has no uv")
    result = run([uv, "pip", "check", "--python", sys.executable], capture_output=True, text=True)
    complaints = re.findall(r"^The package .*$", result.stdout + result.stderr, flags=re.MULTILINE)
    assert "Checked" in result.stderr
    assert [line for line in complaints if "requires `pyfarmhash" not in line] == []
