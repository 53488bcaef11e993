"""Fixtures: the parsed Dockerfile, its build context and the constraints."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Callable

import pytest
from support.repository import ROOT


@dataclasses.dataclass
class Instruction:
    name: str
    value: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.value)

    @property
    def command(self) -> str:
        """The shell command of a RUN, without its cache mounts."""
        return re.sub(r"^(--mount=\S+\s+)+", "", self.value)


@dataclasses.dataclass
class Stage:
    image: str
    name: str
    instructions: list[Instruction]

    def all(self, name: str) -> list[Instruction]:
        return [one for one in self.instructions if one.name == name]

    def environment(self, arguments: dict[str, str] | None = None) -> dict[str, str]:
        """Environment after the ENV instructions, on top of that of the base image."""
        known = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        for instruction in self.all("ENV"):
            for pair in instruction.words:
                name, _, value = pair.partition("=")
                known[name] = _expand(value, {**(arguments or {}), **known})
        return known


def _expand(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\$\{?(\w+)\}?", lambda match: values.get(match[1], ""), text)


@pytest.fixture(scope="package")
def stages() -> list[Stage]:
    """The stages. Instructions before the first FROM form the stage `before`, which has no image."""
    parse = pytest.importorskip("dockerfile_parse", reason="the extra `test` is not installed")
    parsed = [Stage("", "before", [])]
    with (ROOT / "Dockerfile").open("rb") as file:
        for step in parse.DockerfileParser(fileobj=file).structure:
            if step["instruction"] == "FROM":
                image, _, name = step["value"].partition(" AS ")
                parsed.append(Stage(image, name, []))
            elif step["instruction"] != "COMMENT":
                parsed[-1].instructions.append(Instruction(step["instruction"], step["value"]))
    return parsed


@pytest.fixture(scope="package")
def context() -> list[str]:
    """Files of the build context, relative to the checkout."""
    build = pytest.importorskip("docker.utils.build", reason="comes with MLflow")
    patterns = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in patterns if line and not line.startswith("#")]
    sent_anyway = {"Dockerfile", ".dockerignore"}
    files = build.exclude_paths(ROOT, patterns) - sent_anyway
    return sorted(path for path in files if (ROOT / path).is_file())


@pytest.fixture(scope="package")
def pins() -> Callable[[str], dict[str, str]]:
    """Function that reads a file of constraints/ as package name -> version."""

    def read(file: str) -> dict[str, str]:
        lines = (ROOT / "constraints" / file).read_text(encoding="utf-8").splitlines()
        return dict(line.split("==") for line in lines if not line.startswith("#"))

    return read
