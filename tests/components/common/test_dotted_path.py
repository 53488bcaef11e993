"""Objects of the user's own code by dotted path."""

from __future__ import annotations

import pytest

from components.common.dotted_path import load_function, load_object, package_hash, source_hash
from components.common.errors import NerError


@pytest.mark.parametrize("separator", [":", "."])
def test_a_module_that_fails_is_refused_with_the_setting_and_its_error(tmp_path, monkeypatch, separator):
    monkeypatch.syspath_prepend(tmp_path)
    for module, source, problem in [
        ("dotted_syntax", "def f(:", "SyntaxError: invalid syntax"),
        ("dotted_attribute", "import math\nmath.absent", "AttributeError: module 'math' has no attribute 'absent'"),
        ("dotted_import", "import absent_package", "ModuleNotFoundError: No module named 'absent_package'"),
        ("dotted_exit", "raise SystemExit(3)", "SystemExit: 3"),
    ]:
        (tmp_path / f"{module}.py").write_text(source)
        with pytest.raises(NerError, match=rf"^a\.b: '{module}\{separator}f' cannot be imported \({problem}"):
            load_object(f"{module}{separator}f", "a.b")


def test_modules_without_a_source_file_have_a_version():
    assert load_function("time:time", "a.b")
    assert len(source_hash("time:time", "a.b")) == 16
    with pytest.raises(NerError, match=r"a\.b: there is no module time\.absent"):
        load_object("time.absent:f", "a.b")


def test_a_version_changes_with_any_file_of_the_package_and_with_nothing_else(tmp_path, monkeypatch):
    package = tmp_path / "somepackage"
    (package / "words").mkdir(parents=True)
    (package / "__pycache__").mkdir()
    for file in ("__init__.py", "module.py", "words/places.txt"):
        (package / file).write_text("# a")
    monkeypatch.syspath_prepend(str(tmp_path))
    versions = [package_hash("somepackage")]
    for ignored in ("__pycache__/module.pyc", ".module.py.swp"):
        (package / ignored).write_text("x")
    assert package_hash("somepackage") == versions[0]
    for file in ("module.py", "words/places.txt"):
        (package / file).write_text("# b")
        versions.append(package_hash("somepackage"))
    (package / "words" / "places.txt").rename(package / "words" / "names.txt")
    versions.append(package_hash("somepackage"))
    assert len({*versions}) == 4
    assert source_hash("somepackage.module:f", "a.b") == versions[-1], "a module's helpers count, too"


def test_a_version_covers_single_modules_and_skips_packages_that_are_not_installed(tmp_path, monkeypatch):
    (tmp_path / "somemodule.py").write_text("a = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = package_hash("somemodule")
    (tmp_path / "somemodule.py").write_text("a = 2\n")
    assert package_hash("somemodule") != before
    assert package_hash("somemodule", "not_installed") == package_hash("somemodule")
