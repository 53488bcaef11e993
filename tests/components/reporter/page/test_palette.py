"""The page of `ner serve` has the colours of the report."""

from __future__ import annotations

import re

from support.repository import ROOT


def variables(path: str) -> list[dict[str, str]]:
    """Returns the CSS variables of the light and of the dark theme."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return [dict(re.findall(r"--([\w-]+): ([^;]+);", block)) for block in re.findall(r":root \{(.*?)\}", text, re.S)]


def test_both_pages_agree_on_every_colour_that_they_share() -> None:
    report, served = (
        variables(path)
        for path in ("components/reporter/templates/report.css", "components/serving/server/page/page.css")
    )
    assert len(report) == len(served) == 2
    for ours, theirs in zip(report, served, strict=True):
        shared = set(ours) & set(theirs)
        assert len(shared) > 15
        assert {name: theirs[name] for name in shared} == {name: ours[name] for name in shared}
