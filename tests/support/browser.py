"""A headless Chromium that tests drive over its debugging socket (Debian: apt-get install chromium)."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import tarfile
import time
import urllib.request

import pytest

from support.lazy import LazyModule

websocket = LazyModule("websocket")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

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


AXE_VERSION = "4.14.1"

# Violations of axe-core's rules, best practices included, with the first elements that break them.
VIOLATIONS = """
axe.run(document, {resultTypes: ['violations']}).then(({violations}) => violations.map(
  rule => `${rule.id}: ${rule.help}: ${rule.nodes.slice(0, 3).map(node => node.html.slice(0, 200)).join(' | ')}`))
"""

# What the focus is on: its place among all elements, and whether a user sees it. `null` outside the page.
FOCUS = """
(() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const style = getComputedStyle(e), box = e.getBoundingClientRect(), head = document.querySelector('nav');
  const top = !head || head.contains(e) || e.compareDocumentPosition(head) & Node.DOCUMENT_POSITION_FOLLOWING
    ? 0 : head.getBoundingClientRect().bottom;
  return {
    place: [...document.querySelectorAll('*')].indexOf(e),
    name: e.outerHTML.slice(0, 100),
    outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    shown: box.width > 0 && box.bottom > top && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
})()
"""

# Places of the elements that must be reachable by keyboard.
REACHABLE = """
[...document.querySelectorAll('*')].flatMap((e, place) =>
  e.matches('a[href], button, input, select, textarea, summary, [tabindex="0"]') && e.checkVisibility() ? [place] : [])
"""


def axe_core(config):
    """Returns the source of axe-core, from the npm registry; kept in pytest's cache. Skips the test without it."""
    file = config.cache.mkdir("axe-core") / f"{AXE_VERSION}.js"
    if not file.exists():
        partial = file.with_name(f"{time.time_ns()}")
        partial.mkdir()
        command = ["npm", "pack", f"axe-core@{AXE_VERSION}", "--silent", f"--pack-destination={partial}"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=60)
        except (OSError, subprocess.SubprocessError):
            pytest.skip("axe-core of the npm registry is absent")
        with tarfile.open(next(partial.glob("*.tgz"))) as package:
            package.extract("package/axe.min.js", partial, filter="data")
        (partial / "package" / "axe.min.js").replace(file)
        shutil.rmtree(partial)
    return file.read_text(encoding="utf-8")


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
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)

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

    def open(self, url, width, dark=False):
        self.events.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=width < 800
        )
        theme = "dark" if dark else "light"
        features = {"prefers-color-scheme": theme, "prefers-reduced-motion": "reduce"}
        self.call("Emulation.setEmulatedMedia", features=[{"name": k, "value": v} for k, v in features.items()])
        self.call("Page.navigate", url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(json.loads(self.socket.recv()))

    def evaluate(self, expression):
        """Returns the value of an expression of the page, run as if the user asked for it; of a promise, its result."""
        how = {"returnByValue": True, "awaitPromise": True, "userGesture": True}
        result = self.call("Runtime.evaluate", expression=expression, **how)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait_for(self, expression, seconds=30):
        """Waits until an expression of the page is true."""
        end = time.monotonic() + seconds
        while not self.evaluate(f"Boolean({expression})"):
            assert time.monotonic() < end, f"never true: {expression}; the page shows: {self.text()[:2000]}"
            time.sleep(0.03)

    def text(self):
        """Returns the text that the page shows."""
        return self.evaluate("document.body.innerText")

    def press(self, key, *, shift=False, control=False):
        """Presses a key, such as `Tab`, `Enter`, `ArrowRight` or `a`."""
        text = {"Enter": "\r", "Space": " "}.get(key, key if len(key) == 1 else "")
        name = " " if key == "Space" else key
        code = {"Tab": 9, "Enter": 13, "Escape": 27, "Space": 32, "End": 35, "Home": 36}
        code |= {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        number = code.get(key) or ord(key.upper())
        event = {"key": name, "code": key, "windowsVirtualKeyCode": number, "modifiers": 2 * control + 8 * shift}
        pressed = {"type": "keyDown", "text": text} if text and not control else {"type": "rawKeyDown"}
        self.call("Input.dispatchKeyEvent", **pressed, **event)
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def tab_stops(self):
        """Presses Tab from the top to the end of the page; returns what took the focus, as `FOCUS` describes it."""
        stops = []
        while True:
            self.press("Tab")
            stop = self.evaluate(FOCUS)
            if stop is None or (stops and stop["place"] == stops[0]["place"]):
                return stops
            stops.append(stop)

    def write(self, text):
        """Writes text where the cursor is."""
        self.call("Input.insertText", text=text)

    def point(self, selector):
        """Moves the mouse over an element, after scrolling to it."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})")
        left, top = self.evaluate(
            f"(r => [r.left + r.width / 2, r.top + r.height / 2])"
            f"(document.querySelector({json.dumps(selector)}).getClientRects()[0])"
        )
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=left, y=top)

    def controls(self):
        """Returns role, name and description of everything that takes the focus, as assistive technology sees it."""
        self.call("Accessibility.enable")
        rows = []
        for node in self.call("Accessibility.getFullAXTree")["nodes"]:
            properties = {item["name"]: item["value"].get("value") for item in node.get("properties", [])}
            if not node.get("ignored") and properties.get("focusable"):
                role, name, description = (
                    node.get(each, {}).get("value", "") for each in ("role", "name", "description")
                )
                rows.append((role, name, description))
        return rows

    def screenshot(self, file, whole=True):
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        file.write_bytes(base64.b64decode(data))

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(timeout=20)
