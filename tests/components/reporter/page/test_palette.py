"""The report and the page of `ner serve` take their colours from one palette."""

from __future__ import annotations

import re

from support.repository import ROOT

SHEETS = ("components/reporter/templates/report.css", "components/serving/server/page/page.css")


def test_each_theme_names_the_same_colours_and_no_style_sheet_adds_its_own() -> None:
    palette = (ROOT / "components/common/palette.css").read_text(encoding="utf-8")
    light, dark = (set(re.findall(r"(--[\w-]+):", block)) for block in re.findall(r":root \{(.*?)\}", palette, re.S))
    assert light == dark
    used = set()
    for path in SHEETS:
        sheet = (ROOT / path).read_text(encoding="utf-8")
        assert re.findall(r":root|#[0-9a-f]{3,8}\b(?=[ ;])|rgba?\(", sheet) == []
        used |= set(re.findall(r"var\((--[\w-]+)\)", sheet))
    assert used - light == {"--h", "--s"}  # set on elements: the hue of a type, the share of a cell
    assert light - used <= {"--second"}  # figures use it
