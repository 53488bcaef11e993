"""Layout of the report in a browser: it fits the screen, is readable in both themes, and makes no network request.

Screenshots stay in pytest's temporary folder. Skipped without Chromium (Debian: apt-get install chromium).
"""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import time
import urllib.request

import pytest
from support.lazy import LazyModule

module = LazyModule("components.reporter.page.page")
websocket = LazyModule("websocket")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"), pytest.mark.extended]

WIDTHS = {"phone": 390, "narrow phone": 320, "desktop": 1280}


class Browser:
    """A tab of a headless Chromium, driven over its debugging socket.

    Playwright and Selenium would add a driver of some 40 MB for these five commands.
    """

    def __init__(self, profile):
        command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        command += [
            "--remote-debugging-port=0",
            "--remote-allow-origins=*",
            f"--user-data-dir={profile}",
            "about:blank",
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port = self._port(profile / "DevToolsActivePort")
        request = urllib.request.Request(f"http://127.0.0.1:{port}/json/new?about:blank", method="PUT")
        with urllib.request.urlopen(request) as answer:
            address = json.load(answer)["webSocketDebuggerUrl"]
        self.socket = websocket.create_connection(address, timeout=60)
        self.numbers = itertools.count(1)
        self.events = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def _port(self, file):
        for _ in range(300):
            if file.exists() and file.read_text().strip():
                return file.read_text().split()[0]
            assert self.process.poll() is None, "Chromium ended"
            time.sleep(0.1)
        raise TimeoutError("Chromium does not start")

    def call(self, method, **parameters):
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def open(self, file, width, dark=False):
        self.events.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=width < 800
        )
        theme = "dark" if dark else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        self.call("Page.navigate", url=file.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(json.loads(self.socket.recv()))

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def screenshot(self, file, whole=True):
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        file.write_bytes(base64.b64decode(data))

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(timeout=20)


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


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_page_fits_the_screen_without_errors(browser, page, tmp_path, width, dark):
    browser.open(page, width, dark)
    browser.screenshot(tmp_path / f"report-{width}-{'dark' if dark else 'light'}.png")
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    complaints = [e for e in browser.events if e["method"] in ("Log.entryAdded", "Runtime.exceptionThrown")]
    assert complaints == []


def test_page_makes_no_network_request(browser, page):
    browser.open(page, 1280)
    asked = [
        event["params"]["request"]["url"] for event in browser.events if event["method"] == "Network.requestWillBeSent"
    ]
    assert [url for url in asked if not url.startswith("data:")] == [page.as_uri()]


def test_theme_follows_the_system(browser, page):
    background = "getComputedStyle(document.body).backgroundColor"
    browser.open(page, 1280)
    light = browser.evaluate(background)
    browser.open(page, 1280, dark=True)
    assert light != browser.evaluate(background)


# The lowest contrasts between text and background, by the formula of WCAG 2. Colours are read back from a canvas,
# because computed styles return hsl() and color-mix() unchanged.
CONTRASTS = """
(() => {
  const context = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const rgba = colour => {
    context.clearRect(0, 0, 1, 1); context.fillStyle = colour; context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const luminance = rgb => {
    const [r, g, b] = rgb.map(x => x / 255).map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255];
  };
  const contrasts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || ['TITLE', 'DESC', 'STYLE'].includes(element.tagName.toUpperCase())) continue;
    const style = getComputedStyle(element);
    const ink = rgba(element instanceof SVGElement ? style.fill : style.color).slice(0, 3);
    const [a, b] = [luminance(ink), luminance(behind(element).slice(0, 3))].sort((x, y) => y - x);
    const name = `${element.tagName}.${element.getAttribute('class')}`;
    contrasts.push([(a + 0.05) / (b + 0.05), `${name}: ${walker.currentNode.data}`]);
  }
  return contrasts.sort((x, y) => x[0] - y[0]).slice(0, 5);
})()
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_contrast_of_all_text_meets_wcag(browser, page, dark):
    browser.open(page, 1280, dark)
    lowest = browser.evaluate(CONTRASTS)
    assert len(lowest) == 5
    assert lowest[0][0] >= 4.5, lowest  # WCAG 2 AA


def test_ids_are_unique_and_links_resolve(browser, page):
    browser.open(page, 1280)
    ids = browser.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids)) > 10
    targets = browser.evaluate("[...document.querySelectorAll('a[href]')].map(e => e.getAttribute('href'))")
    assert {target.removeprefix("#") for target in targets} <= set(ids)


def test_figures_and_tables_are_described(browser, page):
    browser.open(page, 1280)
    figures = browser.evaluate(
        "[...document.querySelectorAll('svg[role=img]')].map(e => e.querySelector('desc').textContent)"
    )
    assert len(figures) == 4
    assert all(len(text) > 30 for text in figures)
    assert browser.evaluate("document.querySelectorAll('table:not(:has(caption))').length") == 0
    assert browser.evaluate("document.querySelectorAll('thead th:not([scope]), tbody th:not([scope])').length") == 0
