"""Pages that are written from code are up to date."""

from __future__ import annotations

import pytest
from support.repository import ROOT

from components.exporter.contract.contract_page import refreshed
from components.exporter.pitfalls_page import pitfalls_page

DOCS = ROOT / "docs"


def test_serving_page_is_what_the_contract_and_the_validator_say():
    page = (DOCS / "serving.md").read_text(encoding="utf-8")
    assert refreshed(page) == page, "run python -m components.exporter.contract.contract_page docs/serving.md"


def test_a_stale_page_is_refreshed_and_one_without_marks_refused():
    page = (DOCS / "serving.md").read_text(encoding="utf-8")
    assert refreshed(page.replace("Contract version 1.", "Contract version 0.")) == page
    with pytest.raises(ValueError, match="lacks"):
        refreshed("# nothing")


def test_pitfalls_page_is_what_the_validator_says():
    page = (DOCS / "pitfalls.md").read_text(encoding="utf-8")
    assert pitfalls_page() == page, "run python -m components.exporter.pitfalls_page docs/pitfalls.md"
