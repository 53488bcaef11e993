"""Plain technical English: the rules of docs/STYLE.md that a machine can check."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from support.repository import ROOT

BANNED = {
    "mend": r"\bmend(s|ed|ing)?\b",
    "wish": r"\bwish(es|ed|ing)?\b",
    "told": r"\btold\b",
    "come by, come of": r"\b(come|comes|came|coming) (by|of)\b",
    "is no": r"(?<!\bthere )\bis no (?!longer\b|more\b|less\b|other\b)",
    "are no": r"(?<!\bthere )\bare\s+no\s+(?!longer\b|more\b|less\b|other\b)\w",
    "so many, as a number": r"\b(of|show|draws?) so many\b",
    "held to": r"\b(is|are) held to (it|them)\b",
    "what is": r"\bwhat is\b(?![^.\n]*\?)",
    "beside": r"\bbeside\b",
    "whatever": r"\bwhatever\b",
    "blank (except a blank line)": r"(?<!about:)(?<!spacy\.)\bblanks?\b(?!-| lines?\b)",
    "one and the same": r"\bone and the same\b",
    "all the same": r"\ball the same\b",
    "of its own": r"\bof (its|their) own\b",
    "so that ... may": r"\bso that\b[^.]{0,60}\bmay\b",
    "[section -> key] (write section.key)": r"\[\w+ -> \w",
}
# Where a phrase is right: (files, phrase, why).
EXCEPTIONS = [
    ("tests/test_language.py", "*", "lists the phrases"),
    ("docs/STYLE.md", "*", "lists the phrases"),
    ("pipeline/samples/*", "told", "English prose of the sample corpus"),
]
FIRST_WORDS = re.compile(r"(What|Whether|How|Which|Where|That|Does what)\b")
VAGUE_NAMES = {"found", "here", "given", "strange", "wanted", "wishes", "doubts", "instead"}


def files(*patterns: str) -> list[Path]:
    """The files of the repository that match one of the patterns."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    paths = [ROOT / name for name in listed if any(fnmatch(name, pattern) for pattern in patterns)]
    return [path for path in paths if path.is_file()]


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
            yield node.body[0].lineno, text


def names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Variables, parameters, attributes and functions that the module defines."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.FunctionDef(name=name):
                yield node.lineno, name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name


def banned_phrases() -> list[str]:
    patterns = {phrase: re.compile(pattern, re.IGNORECASE) for phrase, pattern in BANNED.items()}
    faults = []
    for path in files("*.py", "*.md", "*.yaml", "*.toml", "*.sh", "*.j2", "*.in", "Makefile", "Dockerfile", ".ci/run"):
        text, name = path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))
        excepted = {phrase for pattern, phrase, _ in EXCEPTIONS if fnmatch(name, pattern)}
        if "*" in excepted:
            continue
        for phrase in patterns.keys() - excepted:
            for match in patterns[phrase].finditer(text):
                faults.append(f"{place(path, text.count(chr(10), 0, match.start()) + 1)}: {phrase}")
    return sorted(faults)


def faults_of_code() -> list[str]:
    faults = []
    for path in files("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for line, text in docstrings(tree):
            if FIRST_WORDS.match(text):
                faults.append(f"{place(path, line)}: docstring begins with {text.split()[0]}")
        faults += [f"{place(path, line)}: name {name}" for line, name in names(tree) if name in VAGUE_NAMES]
    return faults


def test_no_banned_phrase() -> None:
    assert banned_phrases() == []


def test_docstrings_and_names() -> None:
    assert faults_of_code() == []
