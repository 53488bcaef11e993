"""Report, model card, scores and confusion matrix as the web interface of Kubeflow Pipelines shows them.

The page repeats what frontend/src/components/viewers of kubeflow/pipelines 2.17 does: HTMLViewer.tsx (a sandboxed
frame), MarkdownViewer.tsx (no raw HTML, no scrolling of code) and MetricsVisualizations.tsx (values as JSON, checks of
the matrix). Skipped without Chromium (Debian: apt-get install chromium).
"""

from __future__ import annotations

import html
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from markdown_it import MarkdownIt
from support.browser import CHROMIUM, Browser
from support.lazy import LazyModule

from components.evaluator.results.scores_file import write_evaluation
from components.keys import MODEL_CARD_MARKDOWN_FILE, REPORT_FILE
from pipeline.kubeflow.container.ui_artifacts import UI_OUTPUTS

module = LazyModule("components.reporter.page.page")
cards = LazyModule("components.reporter.card.card_markdown")

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"), pytest.mark.extended]

CARD = MarkdownIt("commonmark").enable("table")
PANEL = 640  # SidePanel.tsx: half of a window of 1280
STYLE = (
    f".panel {{ width: {PANEL}px }}"
    + """
body { margin: 0; font: 13px sans-serif } .panel { box-sizing: border-box; padding: 20px }
iframe { border: 1px solid; box-sizing: border-box; min-height: 600px; width: 100% }
.markdown-viewer pre { border: solid 1px #eee; margin: 7px 0; padding: 7px }
"""
)
# A sandboxed frame has its own origin, so it reports by itself.
PROBE = """<script>
const faults = []; addEventListener('error', event => faults.push(String(event.message)));
setInterval(() => document.readyState === 'complete' && innerWidth && parent.postMessage({
  page: document.documentElement.scrollWidth, frame: innerWidth, faults,
  loads: performance.getEntriesByType('resource').map(entry => entry.name)}, '*'), 20);
</script>"""
LISTEN = "<script>addEventListener('message', event => { window.frame = event.data; });</script>"


@pytest.fixture(scope="module")
def shown(facts, tmp_path_factory):
    """Output -> (file, metadata) of the outputs for the web interface."""
    folder = tmp_path_factory.mktemp("kubeflow")
    (folder / REPORT_FILE).write_text(module.render_page(facts), encoding="utf-8")
    (folder / MODEL_CARD_MARKDOWN_FILE).write_text(cards.card_markdown(facts), encoding="utf-8")
    write_evaluation(str(folder), facts.evaluation)
    artifact = SimpleNamespace(uri=str(folder))
    outputs = [output for output in UI_OUTPUTS if output.node != "RegistryPusher"]
    return {one.name: (folder / "shown" / one.name, one.fill(artifact, folder / "shown" / one.name)) for one in outputs}


@pytest.fixture(scope="module")
def browser(shown, tmp_path_factory):
    """The browser with the page of the web interface."""
    folder: Path = tmp_path_factory.mktemp("page")
    report = shown["report_page"][0].read_text(encoding="utf-8")
    report = report.replace("<head>", f"<head>{PROBE}", 1)
    text = CARD.render(shown["model_card_page"][0].read_text(encoding="utf-8"))
    (folder / "page.html").write_text(
        f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{LISTEN}"
        f"<div class='panel markdown-viewer'>{text}</div>"
        f'<div class=panel><iframe sandbox=allow-scripts srcdoc="{html.escape(report)}"></iframe></div>',
        encoding="utf-8",
    )
    opened = Browser(tmp_path_factory.mktemp("chromium"))
    opened.open((folder / "page.html").as_uri(), 1280)
    opened.wait_for("window.frame")
    yield opened
    opened.close()


def test_the_report_fits_its_sandboxed_frame_and_loads_nothing(browser):
    frame = browser.evaluate("window.frame")
    assert 500 < frame["frame"] < PANEL
    assert frame["page"] <= frame["frame"]
    assert (frame["faults"], frame["loads"]) == ([], [])


def test_the_model_card_fits_the_panel_and_has_no_raw_html(browser, shown):
    card = "document.querySelector('.markdown-viewer')"
    wide = f"[...{card}.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > {PANEL})"
    assert browser.evaluate(f"{wide}.map(e => e.outerHTML.slice(0, 200))") == []
    inner = f"[...{card}.querySelectorAll('pre')].filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
    assert browser.evaluate(inner) == []
    assert browser.evaluate(f"{card}.querySelectorAll('table').length") > 5
    tokens = CARD.parse(shown["model_card_page"][0].read_text(encoding="utf-8"))
    kinds = {one.type for token in tokens for one in (token, *(token.children or ()))}
    assert not {"html_block", "html_inline"} & kinds
    assert browser.evaluate(f"{card}.querySelectorAll('img, link, script').length") == 0


def test_scores_are_numbers_and_the_matrix_has_the_form_that_the_interface_checks(shown):
    scores = shown["scores"][1]
    texts = {name for name, value in scores.items() if json.dumps(value).startswith('"')}
    assert texts <= {"blessed_against", "not_blessed_because"}
    assert {"blessed", "entity_f1", "champion_entity_f1"} <= {*scores}
    matrix = shown["confusion_matrix"][1]["confusionMatrix"]
    labels = [one["displayName"] for one in matrix["annotationSpecs"]]
    assert len(labels) == len(matrix["rows"]) > 1
    assert {len(row["row"]) for row in matrix["rows"]} == {len(labels)}
