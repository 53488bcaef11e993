"""setup.py: metadata, and package data that leaves no file behind."""

from __future__ import annotations

import fnmatch
import re
import subprocess
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
        if path.endswith(".py"):
            return bool(parents) and str(Path(path).parent) == parents[0]
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
