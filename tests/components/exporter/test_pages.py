"""Generated documentation is up to date."""

from __future__ import annotations

import pytest
from support.repository import ROOT

from components.exporter.pages import pitfalls_page, refreshed

DOCS = ROOT / "docs"


def test_the_serving_page_shows_contract_and_checks():
    page = (DOCS / "serving.md").read_text(encoding="utf-8")
    assert refreshed(page) == page, "run python -m components.exporter.pages docs"


def test_a_stale_page_is_refreshed_and_one_without_marks_refused():
    page = (DOCS / "serving.md").read_text(encoding="utf-8")
    assert refreshed(page.replace("Contract version 2.", "Contract version 0.")) == page
    with pytest.raises(ValueError, match="lacks"):
        refreshed("# nothing")


def test_the_pitfalls_page_shows_the_validators_table():
    page = (DOCS / "pitfalls.md").read_text(encoding="utf-8")
    assert pitfalls_page() == page, "run python -m components.exporter.pages docs"
