"""The hash of our own code."""

from __future__ import annotations

from pipeline.run.code_version import code_version


def test_version_changes_with_a_source_file_and_with_nothing_else(tmp_path, monkeypatch):
    package = tmp_path / "somepackage"
    package.mkdir()
    (package / "__init__.py").touch()
    module = package / "module.py"
    module.write_text("a = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = code_version("somepackage")
    (package / "notes.txt").write_text("x")
    assert code_version("somepackage") == before
    module.write_text("a = 2\n")
    assert code_version("somepackage") != before


def test_version_changes_with_a_template(tmp_path, monkeypatch):
    package = tmp_path / "otherpackage"
    (package / "templates").mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    before = code_version("otherpackage")
    (package / "templates" / "page.html.j2").write_text("x")
    assert code_version("otherpackage") != before


def test_version_covers_single_modules_and_skips_packages_that_are_not_installed(tmp_path, monkeypatch):
    (tmp_path / "somemodule.py").write_text("a = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = code_version("somemodule")
    (tmp_path / "somemodule.py").write_text("a = 2\n")
    assert code_version("somemodule") != before
    assert code_version("somemodule", "not_installed") == code_version("somemodule")


def test_order_of_packages_does_not_matter():
    assert code_version("configs", "pipeline") == code_version("pipeline", "configs")
