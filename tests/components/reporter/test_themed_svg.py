"""Figures that stand in a page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import matplotlib
import pytest

from components.reporter.themed_svg import COLOURS, themed_svg


def draw(figure):
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=COLOURS["accent"], marker="o", label="a < b & $x$")
    axes.fill_between([0, 1], [0, 0], [1, 1], color=COLOURS["second"])
    axes.legend()


@pytest.fixture(scope="module")
def svg():
    return themed_svg("one", "A <title>", "What & why", draw, (360, 250))


def test_the_markup_is_well_formed_and_described(svg):
    root = ElementTree.fromstring(svg)
    namespace = "{http://www.w3.org/2000/svg}"
    assert root.get("viewBox") == "0 0 360 250"
    assert root.find(f"{namespace}title").text == "A <title>"
    assert root.find(f"{namespace}desc").text == "What & why"
    assert root.get("aria-labelledby") == "one-title one-desc"
    assert "a < b & $x$" in [text.text for text in root.iter(f"{namespace}text")]


def test_all_colours_are_the_pages(svg):
    assert "var(--accent)" in svg
    assert not re.search(r"#[0-9a-f]{6}\b", svg)


def test_nothing_holds_beyond_the_figure(svg):
    assert "<style" not in svg
    assert "font-family" not in svg
    assert svg.startswith("<svg")


def test_ids_are_those_that_are_needed_and_differ_between_figures(svg):
    ids = set(re.findall(r'\bid="([^"]+)"', svg))
    referenced = set(re.findall(r'(?:href="|url\()#([^")]+)', svg))
    assert referenced
    assert ids == referenced | {"one-title", "one-desc"}
    other = set(re.findall(r'\bid="([^"]+)"', themed_svg("two", "A", "B", draw)))
    assert not ids & other


def test_the_same_figure_is_the_same_markup(svg):
    assert themed_svg("one", "A <title>", "What & why", draw, (360, 250)) == svg


def test_matplotlib_keeps_its_settings_also_after_an_error():
    before = matplotlib.rcParams["svg.fonttype"]
    with pytest.raises(ZeroDivisionError):
        themed_svg("bad", "A", "B", lambda figure: 1 / 0)
    assert matplotlib.rcParams["svg.fonttype"] == before != "none"
