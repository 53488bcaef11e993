"""matplotlib figures as inline SVG that uses the colours and the font of the page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_REFERENCE = re.compile(r"#([\w.-]+)")
_FONT = re.compile(r"font-family: [^;\"]+;? ?")

COLOURS = {
    "text": "#a10001",
    "muted": "#a10002",
    "line": "#a10003",
    "accent": "#a10004",
    "second": "#a10005",
    "good": "#a10006",
    "bad": "#a10007",
    "surface": "#a10008",
}
"""Name of a CSS variable, which the page sets for light and dark -> its placeholder colour in matplotlib."""

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: screen readers read it, and it uses the font of the page
    "font.size": 12,
    "text.color": COLOURS["text"],
    "axes.labelcolor": COLOURS["muted"],
    "axes.edgecolor": COLOURS["line"],
    "axes.linewidth": 1,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelsize": 12,
    "grid.color": COLOURS["line"],
    "grid.linewidth": 0.7,
    "xtick.color": COLOURS["line"],
    "ytick.color": COLOURS["line"],
    "xtick.labelcolor": COLOURS["muted"],
    "ytick.labelcolor": COLOURS["muted"],
    "xtick.major.size": 0,
    "xtick.major.pad": 7,  # apart from the lowest number of the other axis
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 12,
    "lines.linewidth": 2,
    "text.parse_math": False,
}


def themed_svg(
    identity: str,
    title: str,
    description: str,
    draw: Callable[[Figure], None],
    size: tuple[int, int] = (360, 250),
) -> Markup:
    """Draws a figure and returns its SVG markup.

    Args:
        identity: id prefix, unique in the page; letters, digits and hyphens.
        title: accessible name of the figure.
        description: accessible description, read instead of the picture.
        draw: draws on an empty figure, using `COLOURS`.
        size: width and height in CSS pixels at which text in the figure has the size of the page's text; the page may
            scale it.
    """
    # At 72 dpi one unit of the drawing is a pixel. The salt makes ids unique to the figure and stable between runs.
    inches = (size[0] / 72, size[1] / 72)
    with rc_context({**_STYLE, "svg.hashsalt": identity, "figure.figsize": inches, "figure.dpi": 72}):
        figure = Figure(layout="constrained")
        draw(figure)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    root = ElementTree.fromstring(buffer.getvalue())
    _drop(root, f"{{{_SVG}}}metadata")
    _drop(root, f"{{{_SVG}}}style")  # a style element would apply to the whole page
    _keep_referenced_ids(root)
    _describe(root, identity, title, description)
    root.set("style", f"max-width: {size[0] * 1.3:.0f}px")
    return Markup(_themed(_markup(root)))


def _themed(text: str) -> str:
    for name, colour in COLOURS.items():
        text = text.replace(colour, f"var(--{name})")
    return _FONT.sub("", text)


def _markup(root: ElementTree.Element) -> str:
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _describe(root: ElementTree.Element, identity: str, title: str, description: str) -> None:
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("class", "figure")
    root.set("role", "img")
    root.set("aria-labelledby", f"{identity}-title {identity}-desc")
    for position, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(f"{{{_SVG}}}{tag}", id=f"{identity}-{tag}")
        element.text = text
        root.insert(position, element)


def _drop(root: ElementTree.Element, tag: str) -> None:
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag == tag]:
            parent.remove(child)


def _keep_referenced_ids(root: ElementTree.Element) -> None:
    """Removes ids such as `axes_1`, which every figure has: ids must be unique in a page."""
    referenced = set(_REFERENCE.findall(_markup(root)))
    for element in root.iter():
        if element.get("id") not in (None, *referenced):
            del element.attrib["id"]
