"""Writes docs/pitfalls.md from what the validator knows. `python -m components.exporter.pitfalls_page FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

from components.exporter.validator.probe.pitfalls import PITFALLS

_HEAD = """# Pitfalls of exporting models

What the validator calls by name. Every one of these loads, trains or even serves somewhere, and fails where it matters.
This page is written from components/exporter/validator/probe/pitfalls.py; a broken export for each of them is built in
tests/components/exporter/validator/test_pitfall_clinic.py and
tests/components/exporter/saved_model/test_explained_errors.py.
"""


def pitfalls_page() -> str:
    """Returns the page as Markdown."""
    sections = (
        f"\n## {name}\n\n**{pitfall.title}**\n\n"
        f"- Symptom: {pitfall.symptom}\n- Cause: {pitfall.cause}\n- Cure: {pitfall.cure}\n"
        for name, pitfall in PITFALLS.items()
    )
    return _HEAD + "".join(sections)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(pitfalls_page(), encoding="utf-8")
