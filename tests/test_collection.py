"""Collecting the tests is cheap: no test module loads TensorFlow and its like before a test runs."""

from __future__ import annotations

import ast
import functools
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processes import run
from support.repository import ROOT

HEAVY = {
    "apache_beam", "jax", "keras", "keras_hub", "keras_tuner", "kfp", "kubernetes", "matplotlib", "ml_metadata",
    "mlflow", "pandas", "scipy", "seqeval", "sklearn", "tensorflow", "tensorflow_data_validation",
    "tensorflow_metadata", "tensorflow_model_analysis", "tensorflow_text", "tensorflow_transform", "tfx", "torch",
}  # fmt: skip
CPU_SECONDS = 10


def imported_at_the_top(tree: ast.Module) -> Iterator[str]:
    """Dotted names that importing the module imports; `from a import b` gives a and a.b."""
    pending: list[ast.stmt] = list(tree.body)
    while pending:
        match pending.pop():
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases)
            case ast.ImportFrom(module=str(module), names=aliases):
                yield module
                yield from (f"{module}.{alias.name}" for alias in aliases)
            case ast.Expr(value=call) | ast.Assign(value=call) if "importorskip" in ast.dump(call):
                yield from (node.value for node in ast.walk(call) if isinstance(node, ast.Constant))
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=orelse):
                pending += orelse
            case ast.If(body=body, orelse=orelse):
                pending += [*body, *orelse]
            case ast.Try(body=body, orelse=orelse):
                pending += [*body, *orelse]
            case ast.With(body=body) | ast.ClassDef(body=body):
                pending += body


def file_of(module: str) -> Path | None:
    """The source file of one of our modules."""
    for root in (ROOT, ROOT / "tests"):
        path = root.joinpath(*module.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return file
    return None


@functools.cache
def imports(file: Path) -> tuple[frozenset[str], frozenset[Path]]:
    """The heavy packages and the files of ours that importing a file imports."""
    modules = set(imported_at_the_top(ast.parse(file.read_text(encoding="utf-8"))))
    heavy = {module.partition(".")[0] for module in modules} & HEAVY
    parents = {module.rsplit(".", n)[0] for module in modules for n in range(module.count(".") + 1)}
    return frozenset(heavy), frozenset(filter(None, map(file_of, parents)))


def heavy_import(file: Path) -> str:
    """The shortest chain of imports from a file to a heavy package, or ""."""
    chains = {file: str(file.relative_to(ROOT))}
    for current in (queue := [file]):
        heavy, ours = imports(current)
        if heavy:
            return f"{chains[current]} -> {min(heavy)}"
        new = sorted(ours - chains.keys())
        chains |= {path: f"{chains[current]} -> {path.relative_to(ROOT)}" for path in new}
        queue += new
    return ""


def test_no_test_module_imports_a_heavy_package_at_the_top() -> None:
    files = [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "tests").rglob("conftest.py")]
    files = [file for file in files if "peers" not in file.parts]  # run in another environment (make bench-test)
    assert [chain for file in sorted(files) if (chain := heavy_import(file))] == []


@pytest.mark.extended
def test_collecting_everything_again_takes_less_than_ten_cpu_seconds(tmp_path) -> None:
    """The first time costs more, because pytest compiles each test module."""
    seconds = []
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = run(
            [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests"],
            cwd=ROOT, env={**environment, "PYTHONPYCACHEPREFIX": str(tmp_path)}, capture_output=True, text=True,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert result.returncode == 0, result.stdout[-3000:]
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert seconds[1] < CPU_SECONDS
