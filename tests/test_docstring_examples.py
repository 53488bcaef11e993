"""The examples in docstrings run."""

from __future__ import annotations

import doctest
import importlib

import pytest
from support.repository import ROOT

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules_with_examples() -> list[str]:
    """Dotted names; the files are read, because importing all of them takes long."""
    packages = ("components", "configs", "deployable_ner", "pipeline")
    files = [file for package in packages for file in sorted((ROOT / package).rglob("*.py"))]
    with_examples = [file for file in files if ">>> " in file.read_text(encoding="utf-8")]
    return [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in with_examples]


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_run(name: str, tmp_path_factory, monkeypatch, request) -> None:
    def getfixture(fixture: str):
        """As in pytest's doctests; each `tmp_path` is a new folder, because one test runs many examples."""
        return tmp_path_factory.mktemp("example") if fixture == "tmp_path" else request.getfixturevalue(fixture)

    monkeypatch.chdir(tmp_path_factory.mktemp("working"))
    module = importlib.import_module(name)
    results = doctest.testmod(module, extraglobs={"getfixture": getfixture}, optionflags=OPTIONS)
    assert results.attempted > 0
    assert results.failed == 0
