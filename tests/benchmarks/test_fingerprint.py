from __future__ import annotations

import sys

import pytest

from benchmarks.fingerprint import REQUIREMENTS, code_hash, fingerprint, pins

SOURCE = '"""A module."""\n\n\ndef one():\n    """Says one."""\n    return 1  # really\n'


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module's source anew and gives its hash."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(source):
        (tmp_path / "measured_module.py").write_text(source, encoding="utf-8")
        sys.modules.pop("measured_module", None)
        return code_hash(["measured_module"])

    return write


@pytest.mark.parametrize(
    "other",
    [
        SOURCE.replace("# really", "# indeed"),
        SOURCE.replace("Says one.", "Gives one."),
        SOURCE.replace("A module.", "The module."),
        SOURCE.replace("return 1", "return (\n        1\n    )"),
        "def one():\n    return 1\n",
    ],
)
def test_text_and_layout_do_not_count(module, other):
    assert module(other) == module(SOURCE)


@pytest.mark.parametrize("other", [SOURCE.replace("return 1", "return 2"), SOURCE + "TWO = 2\n"])
def test_code_counts(module, other):
    assert module(other) != module(SOURCE)


def test_a_package_is_all_of_its_modules(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "measured_package").mkdir()
    for name in ("__init__", "a"):
        (tmp_path / "measured_package" / f"{name}.py").write_text("X = 1\n", encoding="utf-8")
    before = code_hash(["measured_package"])
    (tmp_path / "measured_package" / "a.py").write_text("X = 2\n", encoding="utf-8")
    assert code_hash(["measured_package"]) != before


def test_unknown_module_is_an_error():
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        code_hash(["no_such_module"])


def test_order_of_keys_does_not_count():
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1}) != fingerprint({"a": 1, "b": [3]})


def test_pins_are_the_lines_of_the_requirements(tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text("# text\ntorch==1.0\nnumpy==2.0\n", encoding="utf-8")
    assert pins(["torch", "numpy"], file) == ["numpy==2.0", "torch==1.0"]
    with pytest.raises(ValueError, match="no version of spacy"):
        pins(["spacy"], file)


def test_every_requirement_is_pinned():
    lines = [line for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert pins([line.split("==")[0] for line in lines]) == sorted(lines)
