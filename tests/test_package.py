"""setup.py: metadata, and package data that leaves no file behind."""

from __future__ import annotations

import fnmatch
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import setuptools
from support.repository import ROOT


@pytest.fixture(scope="module")
def arguments() -> dict[str, Any]:
    """The keyword arguments that setup.py passes to setuptools."""
    caught: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setuptools, "setup", caught.update)
        patch.chdir(ROOT)
        source = (ROOT / "setup.py").read_text(encoding="utf-8")
        exec(compile(source, str(ROOT / "setup.py"), "exec"), {"__file__": str(ROOT / "setup.py")})
    return caught


def test_every_file_of_a_package_is_installed(arguments: dict[str, Any]) -> None:
    packages = {package.replace(".", "/"): package for package in arguments["packages"]}
    folders = sorted({package.partition("/")[0] for package in packages})
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *folders],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    data = arguments["package_data"]

    def is_installed(path: str) -> bool:
        parents = [str(parent) for parent in Path(path).parents if str(parent) in packages]
        if path.endswith(".py") and parents and str(Path(path).parent) == parents[0]:
            return True
        patterns = [f"{parents[0]}/{p}" for p in [*data[""], *data.get(packages[parents[0]], [])]] if parents else []
        return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)

    assert [path for path in tracked if (ROOT / path).exists() and not is_installed(path)] == []


def test_packages_are_typed_and_the_licence_is_an_spdx_expression(arguments: dict[str, Any]) -> None:
    tops = {package for package in arguments["packages"] if "." not in package}
    assert [top for top in tops if not (ROOT / top / "py.typed").is_file()] == []
    assert arguments["license_expression"] == "Apache-2.0"
    assert all((ROOT / file).is_file() for file in arguments["license_files"])


def test_version_is_the_newest_release_in_the_changelog(arguments: dict[str, Any]) -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    first, second = re.findall(r"^## \[(.+?)\]", changelog, flags=re.MULTILINE)[:2]
    assert (first, second) == ("Unreleased", arguments["version"])


@pytest.fixture(scope="module")
def nested() -> Callable[[str, str], str]:
    """The function of setup.py that rewrites a module for the wheel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setuptools, "setup", lambda **_: None)
        names: dict[str, Any] = {"__file__": str(ROOT / "setup.py"), "__name__": "setup"}
        exec(compile((ROOT / "setup.py").read_text(encoding="utf-8"), str(ROOT / "setup.py"), "exec"), names)
    return names["nested"]


@pytest.mark.parametrize(
    ("source", "rewritten"),
    [
        ("from components.text import tags\n", "from deployable_ner.components.text import tags\n"),
        ("from components import artifacts as a\n", "from deployable_ner.components import artifacts as a\n"),
        ("if x: from configs.spec import (\n  A,\n)\n", "if x: from deployable_ner.configs.spec import (\n  A,\n)\n"),
        ("import pipeline.cli.main as m, os\n", "import deployable_ner.pipeline.cli.main as m, os\n"),
        ("import schemas as package\n", "import deployable_ner.schemas as package\n"),
        ("from .components import x\nimport os\n", None),
        ("from mypackage.components.text import x\n", None),
        ('"é"; run("-m", "components.text.tags")\n', '"é"; run("-m", "deployable_ner.components.text.tags")\n'),
        ('"""Ä\n  `components.text.tags`\n"""\n', '"""Ä\n  `deployable_ner.components.text.tags`\n"""\n'),
        ('f"{a}pipeline.cli.main:main"\n', 'f"{a}deployable_ner.pipeline.cli.main:main"\n'),
        ('"pipeline.yaml", "components", "components.x.y", "x.components.text", "a/components.text"\n', None),
        ("components.text.tags = pipeline.cli  # components.text\n", None),
    ],
)
def test_the_wheel_carries_our_modules_inside_one_package(nested, source: str, rewritten: str | None) -> None:
    assert nested(source, "module.py") == (rewritten or source)
    assert nested(rewritten or source, "module.py") == (rewritten or source)


def test_an_import_that_binds_a_top_level_name_stops_the_build(nested) -> None:
    with pytest.raises(ValueError, match=r"module.py:2: write `from ... import`"):
        nested("\nimport components.text.tags\n", "module.py")


def test_every_module_can_be_rewritten_and_compiled(nested) -> None:
    ours = re.compile(r"^\s*(from|import) (components|configs|pipeline|schemas)\b", re.MULTILINE)
    for top in ("components", "configs", "deployable_ner", "pipeline", "schemas"):
        for file in (ROOT / top).rglob("*.py"):
            rewritten = nested(file.read_text(encoding="utf-8"), str(file))
            compile(rewritten, str(file), "exec")
            if "templates" in file.parts:  # copied as it is
                continue
            assert not ours.search(re.sub(r'("""|\'\'\').*?\1', "", rewritten, flags=re.DOTALL)), file
