"""The page in a browser, against a server that runs in its own process with real models.

Skipped without Chromium (Debian: apt-get install chromium).
"""

from __future__ import annotations

import json
import shutil
import sys
import time

import pytest
from support.browser import CHROMIUM, CONTRASTS, Browser
from support.processes import run

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"), pytest.mark.extended]

TEXT = "Joe Biden visited Paris France 😳 Kyiv\n\n<i>Xi Jinping</i> went\nXi Jinping went"
RIGHT_TO_LEFT = "בנימין 👩‍👩‍👧‍👦 Paris ביקר Kyiv"
READY = "document.getElementById('version').options.length > 0 && document.getElementById('hint').textContent"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = Browser(tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.close()


@pytest.fixture
def page(browser, server):
    """A freshly loaded page on a desktop, in the light theme."""
    opened = Page(browser, server)
    opened.open()
    yield opened
    opened.network()


class Page:
    """The page in a browser, and the ways to use it."""

    def __init__(self, browser, address):
        self.browser, self.address = browser, address
        self.evaluate = browser.evaluate

    def open(self, width=1280, dark=False):
        self.browser.open(self.address, width, dark)
        self.browser.wait_for(READY)

    def network(self, latency=0, offline=False):
        """Delays or cuts the connection to the server; without arguments, restores it."""
        speed = {"downloadThroughput": -1, "uploadThroughput": -1}
        self.browser.call("Network.emulateNetworkConditions", offline=offline, latency=latency, **speed)

    def choose(self, name, value):
        assert self.evaluate(
            f"(() => {{ const s = document.getElementById('{name}'); s.value = {json.dumps(value)};"
            " s.dispatchEvent(new Event('change')); return s.value; })()"
        ) == value  # fmt: skip

    def model(self, name):
        self.choose("model", name)
        self.browser.wait_for(f"document.getElementById('name').textContent === {json.dumps(name)}")
        self.browser.wait_for(
            "document.getElementById('code').textContent.includes('/models/'"
            f" + {json.dumps(name)}) || document.getElementById('code').textContent.includes('JSON')"
        )

    def write(self, text):
        self.evaluate(
            f"(() => {{ const t = document.getElementById('text'); t.value = {json.dumps(text)};"
            " t.dispatchEvent(new Event('input')); })()"
        )

    def start(self):
        self.evaluate("document.getElementById('run').click()")

    def tag(self, text=None):
        if text is not None:
            self.write(text)
        self.start()
        self.browser.wait_for("document.getElementById('cancel').hidden")

    def texts(self, selector):
        """The text of all elements, without the parts for assistive technology only."""
        return self.evaluate(
            f"[...document.querySelectorAll({json.dumps(selector)})].filter(e => !e.closest('[hidden]')).map(e =>"
            " { const c = e.cloneNode(true); c.querySelectorAll('.unseen, .sign, .score').forEach(u => u.remove());"
            " return c.textContent; })"
        )

    def entities(self, pane=0):
        """Text and type of all entities of a pane."""
        return self.evaluate(
            f"[...document.querySelectorAll('.pane')[{pane}].querySelectorAll('.entity')].map(e =>"
            " [[...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join(''),"
            " e.querySelector('.type').textContent])"
        )

    def status(self):
        return self.texts("#status")[0]

    def problem(self):
        return "".join(self.texts("#problem"))

    def complaints(self):
        """Errors of the console, and exceptions."""
        kinds = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
        return [event for event in self.browser.events if event["method"] in kinds]

    def requests(self):
        sent = [
            e["params"]["request"]["url"] for e in self.browser.events if e["method"] == "Network.requestWillBeSent"
        ]
        return [url for url in sent if not url.startswith("data:")]


def test_entities_are_marked_in_the_text_and_markup_stays_text(page):
    page.tag(TEXT)
    assert page.entities() == [
        ["Joe Biden", "NAME"], ["Paris France", "LOCATION"], ["Kyiv", "LOCATION"], ["Xi Jinping", "NAME"],
    ]  # fmt: skip
    lines = page.texts(".line")
    assert lines[0].startswith("Joe BidenNAME")
    assert lines[1:3] == ["", "<i>Xi Jinping</i> went"]
    assert page.status() == "4 entities in 3 lines."
    assert page.evaluate("document.querySelectorAll('i, .line script').length") == 0
    assert page.complaints() == []


def test_offsets_hold_after_characters_of_two_units_and_in_text_from_right_to_left(page):
    page.tag(RIGHT_TO_LEFT)
    assert page.entities() == [["Paris", "LOCATION"], ["Kyiv", "LOCATION"]]
    assert page.evaluate("getComputedStyle(document.querySelector('.line')).direction") == "rtl"
    page.evaluate("document.getElementById('table-field').open = true")
    page.browser.wait_for("document.querySelector('#table td')")
    rows = page.evaluate(
        "[...document.querySelectorAll('#table tbody tr')].map(r => [...r.cells].map(c => c.textContent))"
    )
    for word, row in zip(("Paris", "Kyiv"), rows, strict=True):
        start = RIGHT_TO_LEFT.index(word)  # Python counts code points, as the model does
        assert row[0] == word
        assert row[3:] == [str(start), str(start + len(word))]


def test_scores_are_shown_on_hover_on_focus_and_on_request(page):
    page.tag(TEXT)
    assert page.texts("#tip") == []
    page.browser.point(".entity")
    page.browser.wait_for("!document.getElementById('tip').hidden")
    score = page.texts("#tip .what")[0]
    assert score.startswith("NAMEscore 0.")
    assert page.texts("#tip li") == [
        f"{word}{tag}{score[-4:]}" for word, tag in (("Joe", "B-NAME"), ("Biden", "I-NAME"))
    ]
    page.browser.press("Escape")
    assert page.texts("#tip") == []
    page.evaluate("document.querySelectorAll('.entity')[1].focus()")
    assert page.texts("#tip .what")[0].startswith("LOCATIONscore 0.")
    (described,) = [row for row in page.browser.controls() if row[1].startswith("Paris France")]
    assert "score 0." in described[2]
    page.evaluate("document.getElementById('scores').click()")
    assert page.evaluate("getComputedStyle(document.querySelector('.entity .score')).display") != "none"


def test_any_two_versions_are_compared_and_their_differences_marked(page):
    page.choose("against", "label:candidate")
    page.tag("Joe Biden went to Paris France\nKyiv\nXi Jinping")
    assert page.texts("h3") == ["champion (version 1)", "candidate (version 2)"]
    assert page.entities(0) == [
        ["Joe Biden", "NAME"], ["Paris France", "LOCATION"], ["Kyiv", "LOCATION"], ["Xi Jinping", "NAME"],
    ]  # fmt: skip
    assert page.entities(1) == [
        ["Joe", "NAME"], ["went", "NAME"], ["Paris", "LOCATION"], ["Kyiv", "NAME"], ["Xi Jinping", "NAME"],
    ]  # fmt: skip
    summary = page.texts("#summary strong")[0]
    assert summary == ("1 entity agrees; 1 with another type, 2 with other bounds, 1 only in candidate (version 2).")
    assert page.status() == "4 differences."
    signs = page.evaluate(
        "[...document.querySelectorAll('.pane')].map(p => [...p.querySelectorAll('.sign')].map(s => s.textContent))"
    )
    assert signs == [["≠", "≠", "≠"], ["≠", "+", "≠", "≠"]]
    assert page.texts(".gap") == ["went"]
    spoken = page.evaluate("document.querySelector('.gap').textContent")
    assert spoken == "went (only in candidate (version 2))"
    page.evaluate("document.getElementById('only').click()")
    assert [text[:3] for text in page.texts(".line")] == ["Joe", "Kyi", "Joe", "Kyi"]
    page.choose("version", "version:2")
    page.choose("against", "version:2")
    page.tag()
    assert page.status() == "No differences."
    assert page.texts("#summary strong") == ["Both versions give the same 5 entities."]


def test_the_whole_text_or_each_line_is_a_row(page):
    page.choose("split", "whole")
    page.tag("Joe\nBiden went")
    assert page.entities() == [["Joe\nBiden", "NAME"]]
    page.choose("split", "lines")
    page.tag()
    assert page.entities() == [["Joe", "NAME"], ["Biden", "NAME"]]


@pytest.mark.parametrize("language", ["curl", "python"])
def test_copied_code_runs_and_answers_like_the_page(page, language):
    text = 'Joe Biden\'s "visit" to Paris $HOME `x` \\ 😳\nבפריז Kyiv !'
    if language == "curl" and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    origin = page.address.rstrip("/")
    page.browser.call("Browser.grantPermissions", origin=origin, permissions=["clipboardReadWrite"])
    page.tag(text)
    page.evaluate(f"document.querySelector('input[value={language}]').click()")
    page.evaluate("document.getElementById('copy').click()")
    page.browser.wait_for("document.getElementById('copy').textContent === 'Copied'")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == page.texts("#code")[0].strip()
    assert "/labels/champion:predict" in copied
    command = ["bash", "-c", copied] if language == "curl" else [sys.executable, "-I", "-c", copied]
    answer = json.loads(run(command, check=True, capture_output=True, text=True).stdout)
    outputs = answer["outputs"] if language == "curl" else answer
    page.evaluate("document.getElementById('raw-field').open = true")
    page.browser.wait_for("document.getElementById('raw').textContent")
    assert outputs == json.loads(page.texts("#raw")[0])["outputs"]
    assert outputs["tokens"][0] == text.splitlines()[0].split()


def test_everything_works_with_the_keyboard_alone(page):
    browser, seen = page.browser, []
    for _ in range(40):
        browser.press("Tab")
        seen.append(page.evaluate("document.activeElement.id"))
        if seen[-1] == "text":
            break
    assert [name for name in seen if name in ("version", "against", "example", "clear", "text")] == [
        "version", "against", "example", "clear", "text",
    ]  # fmt: skip
    browser.write("Joe Biden visited Paris")
    browser.press("Enter", control=True)
    browser.wait_for("document.querySelector('.entity')")
    stops = []
    while "entity" not in stops[-1:]:
        browser.press("Tab")
        stops.append(page.evaluate("document.activeElement.id || document.activeElement.className"))
        assert len(stops) < 20, stops
    assert stops[0] == "run"
    assert page.texts("#tip .what")[0].startswith("NAME")
    browser.press("ArrowRight")
    assert page.texts("#tip .what")[0].startswith("LOCATION")
    browser.press("Home")
    assert page.evaluate("document.activeElement.textContent").startswith("Joe Biden")
    browser.press("Enter")
    assert page.texts("#tip") == []
    browser.press("Enter")
    assert len(page.texts("#tip")) == 1
    browser.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY", "one stop for all entities"
    assert page.texts("#tip") == []


def test_every_control_has_a_name_and_results_are_announced(page):
    page.choose("against", "label:candidate")
    page.tag(TEXT)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.browser.wait_for("document.querySelector('#table td')")
    controls = page.browser.controls()
    assert {"combobox", "textbox", "button", "checkbox", "radio", "link", "DisclosureTriangle"} <= {
        r for r, _, _ in controls
    }
    assert [control for control in controls if not control[1].strip()] == []
    assert page.evaluate("document.getElementById('status').getAttribute('role')") == "status"
    assert page.evaluate("document.getElementById('problem').getAttribute('role')") == "alert"
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    headings = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(e => e.tagName).join(' ')")
    assert headings == "H1 H2 H3 H3 H2"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [400, 320, 1280])
def test_page_fits_the_screen_and_its_contrast_meets_wcag(page, tmp_path, width, dark):
    page.open(width, dark)
    page.model("many")
    page.tag(" ".join(f"word{number}" for number in range(60)))
    lowest = page.evaluate(CONTRASTS)
    assert lowest[0][0] >= 4.5, lowest
    page.model("ner")
    page.choose("against", "label:candidate")
    page.tag(f"{TEXT}\n{RIGHT_TO_LEFT}\n{'long' * 200}")
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.browser.wait_for("document.querySelector('#table td') && document.getElementById('raw').textContent")
    page.browser.point(".entity")
    page.browser.screenshot(tmp_path / f"page-{width}-{dark}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    lowest = page.evaluate(CONTRASTS)
    assert lowest[0][0] >= 4.5, lowest
    assert page.complaints() == []


def test_theme_follows_the_system(page):
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.open(dark=True)
    assert light != page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_nothing_is_asked_of_other_hosts(page):
    page.choose("against", "label:candidate")
    page.tag(TEXT)
    requests = page.requests()
    assert len(requests) > 5
    assert [url for url in requests if not url.startswith(page.address)] == []


def test_a_long_text_is_tagged_in_several_requests_and_stays_usable(page):
    line = "Joe Biden visited Paris France and Xi Jinping went to Kyiv 😳 again"
    page.browser.events.clear()
    begin = time.monotonic()
    page.tag("\n".join([line] * (50_000 // len(line))))
    assert len(page.entities()) == 4 * (50_000 // len(line))
    sent = [url for url in page.requests() if url.endswith(":predict")]
    assert 1 < len(sent) < 60
    page.evaluate("document.querySelector('.entity').focus()")
    page.browser.press("End")
    assert page.evaluate("document.activeElement.textContent").startswith("Kyiv")
    assert time.monotonic() - begin < 60
    page.evaluate("document.getElementById('table-field').open = true")
    page.browser.wait_for("!document.getElementById('more').hidden")
    before = page.evaluate("document.querySelectorAll('#table tbody tr').length")
    page.evaluate("document.getElementById('more').click()")
    assert page.evaluate("document.querySelectorAll('#table tbody tr').length") == 2 * before


def test_models_that_are_no_taggers_show_their_outputs_as_they_are(page):
    page.model("classifier")
    page.tag("<script>alert(1)</script>")
    names = page.texts(".outputs dt")
    values = dict(zip(names, page.texts(".outputs dd"), strict=True))
    assert values == {
        "labelstring [any]": '["<b><script>alert(1)</script></b>"]',
        "numberint64 [any]": "[1152921504606846977]",
        "scorefloat [any]": "[NaN]",
    }
    page.model("doubles")
    assert page.texts("#text-label") == ["Inputs as JSON"]
    page.tag('{"x": [[1.5, 2], [3, 4]]}')
    assert page.texts(".outputs dd")[0].replace(" ", "").replace("\n", "") in ("[[3.0,4.0],[6.0,8.0]]", "[[3,4],[6,8]]")
    page.tag('{"x": [[1, 2')
    assert page.problem().startswith("The inputs are not JSON: ")
    page.tag('{"x": [[1, 2], [3]]}')
    assert page.problem().startswith("The server refuses the request: ")


@pytest.mark.parametrize(
    ("model", "entities"),
    [
        ("plain", [["Joe Biden", "NAME"], ["Kyiv", "LOCATION"]]),
        ("entities", [["Joe", "NAME"], ["Kyiv", "LOCATION"]]),
    ],
)
def test_models_without_scores_or_offsets_are_shown_with_what_they_return(page, model, entities):
    page.model(model)
    page.tag("😳 Joe Biden went Kyiv\nKyi Paris")
    assert page.entities() == [*entities, ["Paris", "LOCATION"]]
    page.browser.point(".entity")
    page.browser.wait_for("!document.getElementById('tip').hidden")
    assert page.texts("#tip .what")[0] == "NAMEno score"


@pytest.mark.parametrize(("model", "words"), [("bare", "exporter.outputs"), ("wrong", "leave the text or overlap")])
def test_tags_without_a_place_in_the_text_are_shown_as_they_are(page, model, words):
    page.model(model)
    page.tag("Joe Biden")
    assert words in page.texts(".pane .notice")[0]
    shown = dict(zip(page.texts(".outputs dt span:first-child"), page.texts(".outputs dd"), strict=True))
    assert shown["tags"].split() == ["[", '["B-NAME",', '"I-NAME"]', "]"]


def test_an_empty_answer_and_an_empty_text_are_said(page):
    page.tag("nothing of note")
    assert page.status() == "No entities."
    page.tag(" \n ")
    assert page.problem().startswith("There is no text yet.")


def test_a_slow_answer_can_be_canceled(page):
    page.tag("Joe Biden")
    page.network(latency=30_000)
    page.write("Kyiv")
    page.start()
    page.browser.wait_for("!document.getElementById('cancel').hidden")
    page.browser.wait_for("document.getElementById('progress').textContent.includes('1 s')")
    assert page.status().startswith("Waiting for the answer…")
    page.evaluate("document.getElementById('cancel').focus()")
    page.browser.press("Enter")
    assert page.status() == "Canceled."
    assert page.evaluate("document.activeElement.id") == "run"
    assert page.entities() == [["Joe Biden", "NAME"]]
    assert page.problem() == ""


ANSWERS = [
    (503, '{"error": "the queue is full"}', "The server is busy: the queue is full. Try again in 7 s."),
    (400, '{"error": "Too many characters"}', "The server refuses the request: Too many characters."),
    (413, '{"error": "Too large."}', "The request is too large for the server: Too large."),
    (404, '{"error": "no version"}', "The server does not have it: no version."),
    (504, '{"error": "deadline"}', "The model did not answer in time: deadline. Try again, or send less text."),
    (500, "<html>broken</html>", "The server failed (500): <html>broken</html>."),
    (401, '{"error": "no token"}', "The server asks for a bearer token. Write it into the field above and try again."),
    (200, "<html>proxy</html>", "The server's answer is not JSON. It begins: <html>proxy</html>"),
]


@pytest.mark.parametrize(("status", "body", "sentence"), ANSWERS, ids=[str(status) for status, _, _ in ANSWERS])
def test_errors_of_the_server_are_sentences(page, status, body, sentence):
    options = json.dumps({"status": status, "headers": {"Retry-After": "7"}})
    page.evaluate(
        "(() => { const real = fetch; window.fetch = (path, options) => path.includes(':predict')"
        f" ? Promise.resolve(new Response({json.dumps(body)}, {options})) : real(path, options); }})()"
    )
    page.tag("Joe")
    assert page.problem() == sentence
    assert page.evaluate("document.getElementById('result').hidden")
    assert page.evaluate("document.getElementById('token-field').hidden") == (status != 401)


def test_a_server_that_is_gone_is_said(page):
    page.network(offline=True)
    page.tag("Joe")
    assert page.problem().startswith("The server does not answer.")


def test_a_version_that_fails_leaves_the_other_one_on_the_screen(page):
    page.evaluate(
        "(() => { const real = fetch; window.fetch = (path, options) => path.includes('candidate:predict')"
        ' ? Promise.resolve(new Response(\'{"error": "unloaded"}\', {status: 404})) : real(path, options); })()'
    )
    page.choose("against", "label:candidate")
    page.tag("Joe Biden")
    assert page.entities(0) == [["Joe Biden", "NAME"]]
    assert page.texts(".pane .notice") == ["The server does not have it: unloaded."]


def test_types_are_hidden_and_shown_with_the_legend(page):
    page.tag(TEXT)
    assert page.texts("#legend button") == ["LOCATION 2", "NAME 2"]
    page.evaluate("document.querySelector('#legend button').click()")
    assert page.evaluate("[...document.querySelectorAll('.entity.off')].map(e => e.dataset.type)") == ["LOCATION"] * 2
    assert page.evaluate("document.querySelector('#legend button').getAttribute('aria-pressed')") == "false"


def test_copied_text_holds_no_labels(page):
    page.tag("Joe Biden visited Paris")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.line'))")
    assert page.evaluate("getSelection().toString()") == "Joe Biden visited Paris"


def test_a_server_with_a_token_asks_for_it_and_a_promotion_is_shown_at_the_next_request(
    browser, models, serving, tmp_path
):
    config = (models / "models.config").read_text(encoding="utf-8")
    only = config[: config.index("  config {", config.index("config {") + 1)] + "}\n"
    (tmp_path / "models.config").write_text(only, encoding="utf-8")
    with serving(tmp_path, NER_SERVE_TOKEN="a-secret") as address:
        page = Page(browser, address)
        browser.open(address, 1280)
        browser.wait_for("!document.getElementById('token-field').hidden")
        assert page.problem().startswith("The server asks for a bearer token.")
        page.evaluate("document.getElementById('token').focus()")
        browser.write("a-secret")
        browser.press("Enter")
        browser.wait_for(READY)
        page.tag("Kyiv")
        assert page.problem() == ""
        assert page.entities() == [["Kyiv", "LOCATION"]]
        code = page.texts("#code")[0]
        assert "$NER_SERVE_TOKEN" in code
        assert "a-secret" not in code

        promoted = only.replace("'champion' value: 1", "'champion' value: 2")
        (tmp_path / "models.config").write_text(promoted, encoding="utf-8")
        for _ in range(100):
            page.tag("Kyiv")
            if page.texts("h3") == ["champion (version 2)"]:
                break
            time.sleep(0.1)
        assert page.texts("h3") == ["champion (version 2)"]
        assert page.entities() == [["Kyiv", "NAME"]]
