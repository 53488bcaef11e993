"""Figures embedded in a page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from support.lazy import LazyModule

pytestmark = pytest.mark.extended

module = LazyModule("components.reporter.page.themed_svg")


def draw(figure):
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=module.COLOURS["accent"], marker="o", label="a < b & $x$")
    axes.fill_between([0, 1], [0, 0], [1, 1], color=module.COLOURS["second"])
    axes.legend()


@pytest.fixture(scope="module")
def svg():
    return module.themed_svg("one", "A <title>", "Text & more", draw, (360, 250))


def test_markup_is_well_formed_and_described(svg):
    root = ElementTree.fromstring(svg)
    namespace = "{http://www.w3.org/2000/svg}"
    assert root.get("viewBox") == "0 0 360 250"
    assert root.find(f"{namespace}title").text == "A <title>"
    assert root.find(f"{namespace}desc").text == "Text & more"
    assert root.get("aria-labelledby") == "one-title one-desc"
    assert "a < b & $x$" in [text.text for text in root.iter(f"{namespace}text")]


def test_colours_are_css_variables(svg):
    assert "var(--accent)" in svg
    assert not re.search(r"#[0-9a-f]{6}\b", svg)


def test_figure_affects_nothing_outside_itself(svg):
    assert "<style" not in svg
    assert "font-family" not in svg
    assert svg.startswith("<svg")


def test_only_referenced_ids_remain_and_they_are_unique(svg):
    ids = set(re.findall(r'\bid="([^"]+)"', svg))
    referenced = set(re.findall(r'(?:href="|url\()#([^")]+)', svg))
    assert referenced
    assert ids == referenced | {"one-title", "one-desc"}
    other = set(re.findall(r'\bid="([^"]+)"', module.themed_svg("two", "A", "B", draw)))
    assert not ids & other


def test_markup_is_deterministic(svg):
    assert module.themed_svg("one", "A <title>", "Text & more", draw, (360, 250)) == svg


def test_matplotlib_settings_are_restored_after_an_error():
    import matplotlib

    before = matplotlib.rcParams["svg.fonttype"]
    with pytest.raises(ZeroDivisionError):
        module.themed_svg("bad", "A", "B", lambda figure: 1 / 0)
    assert matplotlib.rcParams["svg.fonttype"] == before != "none"
