"""Hashes by which a result is known to be of the present code, settings and data."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def fingerprint(values: Mapping[str, Any]) -> str:
    """Returns 16 hexadecimal digits of a mapping that JSON can hold, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def code_hash(modules: Iterable[str]) -> str:
    """Returns 16 hexadecimal digits of what modules do: comments, docstrings and layout do not count.

    A package stands for all modules below it.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    digest = hashlib.sha256()
    for module in sorted(set(modules)):
        for file in _files(module):
            digest.update(f"{module}/{file.name}\0{_without_text(file.read_text(encoding='utf-8'))}\0".encode())
    return digest.hexdigest()[:16]


def pins(packages: Iterable[str], requirements: Path = REQUIREMENTS) -> list[str]:
    """Returns the `name==version` lines of packages.

    Raises:
        ValueError: a package is not pinned.
    """
    lines = requirements.read_text(encoding="utf-8").splitlines()
    found = {match[1]: line for line in lines if (match := re.match(r"([a-z0-9._-]+)==", line))}
    missing = sorted(set(packages) - found.keys())
    if missing:
        raise ValueError(f"{requirements}: no version of {', '.join(missing)}")
    return sorted(found[package] for package in packages)


def _files(module: str) -> list[Path]:
    spec = importlib.util.find_spec(module)
    if spec is None:
        raise ModuleNotFoundError(f"no module {module}")
    if spec.submodule_search_locations:
        return sorted(file for folder in spec.submodule_search_locations for file in Path(folder).rglob("*.py"))
    return [Path(str(spec.origin))]


def _without_text(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and _has_docstring(
            node
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def _has_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return bool(node.body) and ast.get_docstring(node, clean=False) is not None
