"""Objects of the user's own code by dotted path."""

from __future__ import annotations

import pytest

from components.common.dotted_path import load_function, load_object, source_hash
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
