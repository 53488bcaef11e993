"""Layout of the report in a browser: it fits the screen, is readable in both themes, and makes no network request.

Screenshots stay in pytest's temporary folder. Skipped without Chromium (Debian: apt-get install chromium).
"""

from __future__ import annotations

import pytest
from support.browser import CHROMIUM, CONTRASTS, REACHABLE, VIOLATIONS, Browser, axe_core
from support.lazy import LazyModule

module = LazyModule("components.reporter.page.page")

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"), pytest.mark.extended]

WIDTHS = {"phone": 390, "narrow phone": 320, "desktop": 1280}


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = Browser(tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def page(facts, tmp_path_factory):
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(module.render_page(facts), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def pages(page, facts, tmp_path_factory):
    """The report with all sections, the page of `ner drift` and that of `ner evaluate --requests`."""
    from components.evaluator.delayed_labels.evaluation import DelayedLabelEvaluation
    from components.evaluator.delayed_labels.join_account import JoinAccount, KeyCount
    from components.reporter.page import monitoring
    from components.reporter.page.learning_curve import CurvePoint, insert_learning_curve
    from components.reporter.page.run_section import NodeDetails, RunDetails, insert_run

    created = facts.created
    labels = DelayedLabelEvaluation(facts.evaluation, JoinAccount(9, 8, 7, KeyCount(2, ["k<1>"])))
    drifts = [monitoring.drift_entry(facts.drift, "ner version 3", created)] * 20
    scores = [monitoring.delayed_labels_entry(labels, created)] * 20
    nodes = tuple(NodeDetails(state, state, 0.0, 2.0, ("examples #1",)) for state in ("run", "cached", "failed"))
    report = insert_run(page.read_text(encoding="utf-8"), RunDetails("run-1", created, nodes, "Version 4.", True))
    contents = {
        "report": insert_learning_curve(report, [CurvePoint(0.5, 1700, 0.45), CurvePoint(1, 3400, 0.5)]),
        "drift": monitoring.render_drift(
            facts.drift, model="ner version 3", requests="log.jsonl", created=created, history=drifts
        ),
        "delayed labels": monitoring.render_delayed_labels(
            labels, requests="log.jsonl", labels="labels.jsonl", created=created, history=scores
        ),
    }
    folder = tmp_path_factory.mktemp("pages")
    for name, content in contents.items():
        (folder / f"{name}.html").write_text(content, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in contents}


PAGES = ["report", "drift", "delayed labels"]


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_accessibility_violation(browser, pages, pytestconfig, name):
    source = axe_core(pytestconfig)
    for width, dark in ((400, True), (1280, False)):
        browser.open(pages[name], width, dark)
        browser.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        browser.evaluate(f"{source}; 0")
        assert browser.evaluate(VIOLATIONS) == []
        assert browser.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", PAGES)
def test_tab_reaches_every_control_in_the_order_of_the_page_with_visible_focus(browser, pages, name):
    browser.open(pages[name], 400)
    stops = browser.tab_stops()
    places = [stop["place"] for stop in stops]
    assert places == sorted(places)
    assert places == browser.evaluate(REACHABLE)
    assert [stop["name"] for stop in stops if not (stop["outlined"] and stop["shown"])] == []


def test_skip_link_jumps_over_the_sections_and_a_table_that_fits_is_no_tab_stop(browser, pages):
    browser.open(pages["drift"], 400)
    browser.press("Tab")
    browser.press("Enter")
    browser.press("Tab")
    assert browser.evaluate("document.activeElement.getAttribute('aria-label')") == "History"  # it scrolls
    assert browser.evaluate("document.querySelector('[aria-label=Drift]').tabIndex") == -1


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_page_fits_the_screen_without_errors(browser, page, tmp_path, width, dark):
    browser.open(page.as_uri(), width, dark)
    browser.screenshot(tmp_path / f"report-{width}-{'dark' if dark else 'light'}.png")
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    complaints = [e for e in browser.events if e["method"] in ("Log.entryAdded", "Runtime.exceptionThrown")]
    assert complaints == []


def test_all_sections_are_linked_in_view_on_a_desktop(browser, page):
    browser.open(page.as_uri(), 1280)
    assert browser.evaluate("(n => n.scrollWidth - n.clientWidth)(document.querySelector('nav ul'))") == 0


def test_page_makes_no_network_request(browser, page):
    browser.open(page.as_uri(), 1280)
    asked = [
        event["params"]["request"]["url"] for event in browser.events if event["method"] == "Network.requestWillBeSent"
    ]
    assert [url for url in asked if not url.startswith("data:")] == [page.as_uri()]


def test_theme_follows_the_system(browser, page):
    background = "getComputedStyle(document.body).backgroundColor"
    browser.open(page.as_uri(), 1280)
    light = browser.evaluate(background)
    browser.open(page.as_uri(), 1280, dark=True)
    assert light != browser.evaluate(background)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_contrast_of_all_text_meets_wcag(browser, page, dark):
    browser.open(page.as_uri(), 1280, dark)
    lowest = browser.evaluate(CONTRASTS)
    assert len(lowest) == 5
    assert lowest[0][0] >= 4.5, lowest  # WCAG 2 AA


def test_ids_are_unique_and_links_resolve(browser, page):
    browser.open(page.as_uri(), 1280)
    ids = browser.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids)) > 10
    targets = browser.evaluate("[...document.querySelectorAll('a[href]')].map(e => e.getAttribute('href'))")
    assert {target.removeprefix("#") for target in targets} <= set(ids)


def test_figures_and_tables_are_described(browser, page):
    browser.open(page.as_uri(), 1280)
    figures = browser.evaluate(
        "[...document.querySelectorAll('svg[role=img]')].map(e => e.querySelector('desc').textContent)"
    )
    assert len(figures) == 5
    assert all(len(text) > 30 for text in figures)
    assert browser.evaluate("document.querySelectorAll('table:not(:has(caption))').length") == 0
    assert browser.evaluate("document.querySelectorAll('thead th:not([scope]), tbody th:not([scope])').length") == 0


def test_mistakes_are_filtered_and_counted_for_screen_readers(browser, page):
    browser.open(page.as_uri(), 1280)
    set_and_count = """
    (() => {
      const form = document.getElementById('filter');
      form.elements.%s.value = '%s';
      form.dispatchEvent(new Event('input'));
      const rows = [...document.querySelectorAll('tr[data-kind]')].filter(row => row.checkVisibility());
      return [rows.map(row => row.dataset.kind).join(), document.querySelector('[role=status]').textContent];
    })()
    """
    assert browser.evaluate(set_and_count % ("type", "location")) == ["missed,spurious", "2 of 4 mistakes shown"]
    assert browser.evaluate(set_and_count % ("kind", "missed")) == ["missed", "1 of 4 mistakes shown"]
    assert browser.evaluate(set_and_count % ("text", "nowhere")) == ["", "0 of 4 mistakes shown"]
    browser.evaluate("document.querySelector('#filter button').click()")
    assert browser.evaluate("document.getElementById('shown').textContent") == "4 of 4 mistakes shown"
