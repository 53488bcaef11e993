"""README.md stays short; tests/test_end_to_end.py runs its commands. Links of all Markdown files resolve."""

from __future__ import annotations

import re

from support.repository import README, ROOT, readme_commands, repository_files


def test_readme_is_short_and_begins_with_a_command() -> None:
    assert readme_commands()[0] == "make run"
    assert len(README.split()) <= 900


def test_links_resolve() -> None:
    broken = []
    for name in repository_files():
        if name.endswith(".md"):
            text = re.sub(r"```.*?```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
            targets = re.findall(r"\]\((?![a-z]+:)([^)#\s]+)", text)
            broken += [f"{name}: {target}" for target in targets if not ((ROOT / name).parent / target).exists()]
    assert broken == []
