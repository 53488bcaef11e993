"""Figures of the report."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from components.common.errors import counted
from components.evaluator.results.insights import Insights
from components.evaluator.results.model_scores import Calibration
from components.reporter.data_summary import SplitSummary
from components.reporter.page.themed_svg import COLOURS, themed_svg

# Name in the training history -> label and colour of its curve.
_LOSSES = {"loss": ("training", "second"), "val_loss": ("eval split", "accent")}
_SCORES = {
    "val_entity_precision": ("precision", "second"),
    "val_entity_recall": ("recall", "good"),
    "val_entity_f1": ("F1", "accent"),
}


def reliability_diagram(calibration: Calibration) -> Markup:
    """Draws the accuracy of each bin over its mean score, and below it the share of tokens in the bins."""
    filled = [part for part in calibration.bins if part.count]
    tokens = sum(part.count for part in filled)

    def draw(figure: Figure) -> None:
        above, below = figure.subplots(2, sharex=True, height_ratios=(4, 1))
        above.plot([0, 1], [0, 1], color=COLOURS["muted"], linewidth=1, dashes=(4, 3), label="perfect")
        scores, shares = [part.mean_score for part in filled], [part.accuracy for part in filled]
        above.vlines(scores, scores, shares, color=COLOURS["bad"], linewidth=2)
        above.plot(scores, shares, color=COLOURS["accent"], marker="o", markersize=6, label="model")
        above.set(xlim=(0, 1.02), ylim=(0, 1.05), ylabel="share correct")
        above.legend(loc="upper left")
        widths = [part.upper - part.lower for part in filled]
        heights = [part.count / tokens for part in filled]
        below.bar([part.lower for part in filled], heights, widths, align="edge", color=COLOURS["second"])
        below.set(xlabel="score of the tag", ylabel="tokens", ylim=(0, 1))
        below.set_yticks([0, 1], ["", "all"])

    points = "; ".join(f"score {part.mean_score:.2f}, correct {part.accuracy:.2f}" for part in filled)
    return themed_svg("reliability", "Reliability diagram", f"By bin of tokens: {points}.", draw, (360, 330))


def threshold_curve(insights: Insights) -> Markup | None:
    """Draws precision, recall and F1 over the threshold of the entity score; None without scores."""
    rows, best = [row for row in insights.thresholds if row.kept], insights.best_threshold
    if not rows or best is None:
        return None

    def draw(figure: Figure) -> None:
        axes: Axes = figure.subplots()
        thresholds = [row.threshold for row in rows]
        for name, colour in (("precision", "second"), ("recall", "good"), ("f1", "accent")):
            label = "F1" if name == "f1" else name
            axes.plot(thresholds, [getattr(row.shares, name) for row in rows], color=COLOURS[colour], label=label)
        axes.axvline(best.threshold, color=COLOURS["muted"], linewidth=1, dashes=(4, 3), label="best F1", zorder=1)
        axes.set(xlabel="smallest accepted entity score", xlim=(0, 1), ylim=(0, 1.02))
        axes.legend(loc="best")

    shown = [rows[0], *(row for row in rows if row is best), rows[-1]]
    points = "; ".join(
        f"score {row.threshold:.2f}: precision {row.shares.precision:.2f}, recall {row.shares.recall:.2f}, "
        f"F1 {row.shares.f1:.2f}"
        for row in shown
    )
    return themed_svg("thresholds", "Scores by threshold", f"{points}.", draw, (360, 290))


def learning_curves(history: Sequence[Mapping[str, float | None]], best_epoch: int | None) -> list[Markup]:
    """Draws loss and entity scores by epoch; omits a figure without values.

    Args:
        history: one mapping of numbers per epoch; a curve with an unknown number is omitted.
        best_epoch: number, from 1, of the epoch whose weights were kept.
    """
    figures = []
    for identity, title, lines in (("loss", "Loss", _LOSSES), ("scores", "Entity scores, eval split", _SCORES)):
        rows = {name: [row.get(name) for row in history] for name in lines}
        curves = {name: [x for x in row if x is not None] for name, row in rows.items() if row and None not in row}
        if curves:
            figures.append(_curves(identity, title, curves, lines, best_epoch))
    return figures


def _curves(
    identity: str,
    title: str,
    curves: Mapping[str, list[float]],
    labels: Mapping[str, tuple[str, str]],
    best_epoch: int | None,
) -> Markup:
    def draw(figure: Figure) -> None:
        axes: Axes = figure.subplots()
        for name, values in curves.items():
            label, colour = labels[name]
            epochs = range(1, len(values) + 1)
            axes.plot(epochs, values, color=COLOURS[colour], marker="o", markersize=3.5, label=label)
        if best_epoch is not None:
            axes.axvline(best_epoch, color=COLOURS["muted"], linewidth=1, dashes=(4, 3), label="kept", zorder=1)
        axes.set(xlabel="epoch", title=title)
        axes.title.set(fontsize=13, color=COLOURS["text"])
        highest = max((x for values in curves.values() for x in values if math.isfinite(x)), default=0.0)
        axes.set_ylim(0, 1.05 * highest or 1)  # the marks of the best epoch are whole
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        axes.legend(loc="best")

    ends = ", ".join(f"{labels[name][0]} {values[0]:.3f} to {values[-1]:.3f}" for name, values in curves.items())
    kept = "" if best_epoch is None else f" Epoch {best_epoch} was kept."
    count = len(next(iter(curves.values())))
    return themed_svg(f"curve-{identity}", title, f"First to last of {counted(count, 'epoch')}: {ends}.{kept}", draw)


def size_curve(points: Sequence[tuple[int, float]]) -> Markup:
    """Draws entity F1 over the number of training sentences.

    Args:
        points: (sentences, F1), rising by sentences.
    """

    def draw(figure: Figure) -> None:
        axes: Axes = figure.subplots()
        sizes, scores = zip(*points, strict=True)
        axes.plot(sizes, scores, color=COLOURS["accent"], marker="o", markersize=5)
        axes.set_xscale("log", base=2)
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.minorticks_off()
        axes.set(xlabel="training sentences", ylabel="entity F1, eval split", ylim=(0, 1.02))

    text = "; ".join(f"{sentences:,} sentences: {f1:.3f}" for sentences, f1 in points)
    return themed_svg("size-curve", "Entity F1 by size of the training data", f"{text}.", draw, (360, 270))


def drift_history(history: Sequence[Mapping[str, Any]]) -> Markup | None:
    """Draws each distance as a multiple of its limit over the comparisons; None for fewer than two of them."""
    names = sorted({name for entry in history for name, one in entry["distances"].items() if one["limit"]})
    if len(history) < 2 or not names:
        return None

    def draw(figure: Figure) -> None:
        axes: Axes = figure.subplots()
        colours = itertools.cycle(("accent", "good", "second", "bad", "text"))
        for name, colour in zip(names, colours, strict=False):
            known = [(i, entry["distances"][name]) for i, entry in enumerate(history) if name in entry["distances"]]
            ratios = [(i, one["distance"] / one["limit"]) for i, one in known if one["limit"]]
            axes.plot(*zip(*ratios, strict=True), color=COLOURS[colour], marker="o", markersize=4, label=name)
        axes.axhline(1, color=COLOURS["bad"], linewidth=1, dashes=(4, 3), label="limit")
        _times(axes, history)
        axes.set_ylabel("distance / limit")
        axes.set_ylim(bottom=0)
        axes.legend(loc="best")

    newest = history[-1]["distances"]
    text = ", ".join(f"{name} {newest[name]['distance']:.3f}" for name in names if name in newest)
    description = f"{counted(len(history), 'comparison')}; the newest: {text}."
    return themed_svg("drift-history", "Distances by time", description, draw, (460, 260))


def f1_history(history: Sequence[Mapping[str, Any]]) -> Markup | None:
    """Draws entity F1 with its interval over the evaluations; None for fewer than two of them."""
    known = [entry for entry in history if entry["f1"] is not None]
    if len(known) < 2:
        return None

    def draw(figure: Figure) -> None:
        axes: Axes = figure.subplots()
        places = range(len(known))
        axes.plot(places, [entry["f1"] for entry in known], color=COLOURS["accent"], marker="o", markersize=4)
        intervals = [(i, entry) for i, entry in enumerate(known) if entry["low"] is not None]
        for place, entry in intervals:
            axes.vlines(place, entry["low"], entry["high"], color=COLOURS["second"], linewidth=1.5)
        _times(axes, known)
        axes.set(ylabel="entity F1", ylim=(0, 1.02))

    ends = f"{known[0]['f1']:.3f} to {known[-1]['f1']:.3f}"
    description = f"First to last of {counted(len(known), 'evaluation')}: {ends}."
    return themed_svg("f1-history", "Entity F1 by time", description, draw, (460, 260))


def _times(axes: Axes, history: Sequence[Mapping[str, Any]]) -> None:
    step = max(1, -(-len(history) // 4))  # at most four dates fit
    shown = range(0, len(history), step)
    axes.set_xticks(list(shown), [history[i]["time"][:10] for i in shown])
    axes.margins(x=0.06)


def length_ranges(splits: Sequence[SplitSummary]) -> Markup | None:
    """Draws the sentence lengths of each split: range, middle 80 % and median; None if no split has sentences."""
    known = [split for split in splits if split.lengths]
    if not known:
        return None

    def draw(figure: Figure) -> None:
        axes: Axes = figure.subplots()
        for row, split in enumerate(known):
            lengths = split.lengths
            axes.hlines(row, lengths[0], lengths[-1], color=COLOURS["muted"], linewidth=1.5)
            axes.hlines(row, lengths[1], lengths[-2], color=COLOURS["accent"], linewidth=10)
            axes.plot(lengths[len(lengths) // 2], row, "o", color=COLOURS["surface"], markersize=6)
        axes.set(xlabel="tokens per sentence", ylim=(len(known) - 0.5, -0.5))
        axes.set_xlim(left=0)
        axes.set_yticks(range(len(known)), [split.name for split in known])
        axes.tick_params("y", labelcolor=COLOURS["text"])
        axes.grid(visible=False, axis="y")

    rows = "; ".join(f"{s.name}: {s.lengths[0]:.0f} to {s.lengths[-1]:.0f}, median {s.lengths[5]:.0f}" for s in known)
    return themed_svg("lengths", "Sentence lengths", f"Tokens per sentence: {rows}.", draw, (360, 80 + 34 * len(known)))
