"""The Dockerfile, taken apart."""

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
        """Of a RUN, without the caches that it mounts."""
        return re.sub(r"^(--mount=\S+\s+)+", "", self.value)


@dataclasses.dataclass
class Stage:
    image: str
    name: str
    instructions: list[Instruction]

    def all(self, name: str) -> list[Instruction]:
        return [one for one in self.instructions if one.name == name]

    def environment(self, arguments: dict[str, str] | None = None) -> dict[str, str]:
        """The variables that the ENV instructions leave, with those of the base image."""
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
    """The stages; what stands before the first is the stage `before`, without an image."""
    parse = pytest.importorskip("dockerfile_parse", reason="the extra `test` is not installed")
    found = [Stage("", "before", [])]
    with (ROOT / "Dockerfile").open("rb") as file:
        for step in parse.DockerfileParser(fileobj=file).structure:
            if step["instruction"] == "FROM":
                image, _, name = step["value"].partition(" AS ")
                found.append(Stage(image, name, []))
            elif step["instruction"] != "COMMENT":
                found[-1].instructions.append(Instruction(step["instruction"], step["value"]))
    return found


@pytest.fixture(scope="package")
def context() -> list[str]:
    """Paths, relative to the checkout, of what an engine is sent."""
    build = pytest.importorskip("docker.utils.build", reason="comes with MLflow")
    patterns = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in patterns if line and not line.startswith("#")]
    sent_anyway = {"Dockerfile", ".dockerignore"}
    found = build.exclude_paths(ROOT, patterns) - sent_anyway
    return sorted(path for path in found if (ROOT / path).is_file())


@pytest.fixture(scope="package")
def pins() -> Callable[[str], dict[str, str]]:
    """Reads a file of constraints/: name -> version."""

    def read(file: str) -> dict[str, str]:
        lines = (ROOT / "constraints" / file).read_text(encoding="utf-8").splitlines()
        return dict(line.split("==") for line in lines if not line.startswith("#"))

    return read
