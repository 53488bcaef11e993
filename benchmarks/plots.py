"""Pictures of the tables, drawn from their rows."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.common.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Rows = Sequence[Mapping[str, Any]]


def accuracy_plot(rows: Rows, path: Path) -> None:
    """Draws test F1 of each system on each corpus; the whisker is the sample standard deviation over the seeds."""
    figure, [axes] = _figure(1, width=11)
    corpora, systems = (list(dict.fromkeys(row[name] for row in rows)) for name in ("corpus", "system"))
    cells = {(row["corpus"], row["system"]): row for row in rows}
    width = 0.8 / max(len(systems), 1)
    for number, system in enumerate(systems):
        bars = [(x, cells[corpus, system]) for x, corpus in enumerate(corpora) if (corpus, system) in cells]
        axes.bar(
            [x + (number - (len(systems) - 1) / 2) * width for x, _ in bars],
            [row["test_f1_mean"] for _, row in bars],
            width,
            yerr=[row["test_f1_std"] or 0.0 for _, row in bars],
            capsize=2,
            label=system,
        )
    axes.set_xticks(range(len(corpora)), corpora, rotation=20, ha="right")
    axes.set_ylabel("test entity F1 (%)")
    axes.legend(loc="upper right")
    _save(figure, path)


def serving_plot(rows: Rows, path: Path) -> None:
    """Draws latency of single sentences and throughput of batches; the whiskers span the rounds."""
    figure, (left, right) = _figure(2, width=11)
    _bars(left, rows, "single_cpu_p50_ms", "CPU ms, single sentence, median")
    _bars(right, rows, "batch_tokens_per_cpu_second", "tokens per CPU second, batches of 32")
    _save(figure, path)


def scaling_plot(rows: Rows, path: Path) -> None:
    """Draws CPU time of an epoch and peak memory against the size of the corpus, on logarithmic axes."""
    figure, (left, right) = _figure(2, width=10)
    systems = list(dict.fromkeys(row["system"] for row in rows))
    for system in systems:
        own = sorted((row for row in rows if row["system"] == system), key=lambda row: row["sentences"])
        sizes = [row["sentences"] for row in own]
        left.plot(sizes, [row["epoch_cpu_seconds"] for row in own], "o-", label=system)
        # Linear growth from the cost of the smallest corpus.
        left.plot(sizes, [own[0]["epoch_cpu_seconds"] * size / sizes[0] for size in sizes], "k:", label="linear")
        right.plot(sizes, [row["train_process_peak_rss_mb"] for row in own], "o-", label=system)
    left.set(xscale="log", yscale="log", xlabel="sentences", ylabel="CPU seconds an epoch")
    right.set(xscale="log", xlabel="sentences", ylabel="peak memory of training (MB)", ylim=(0, None))
    left.legend(loc="upper left")
    _save(figure, path)


def _bars(axes: Axes, rows: Rows, name: str, title: str) -> None:
    values = [row[name] for row in rows]
    below = [row[name] - row[f"{name}_min"] for row in rows]
    above = [row[f"{name}_max"] - row[name] for row in rows]
    axes.barh([row["system"] for row in rows], values, xerr=[below, above], capsize=2)
    axes.set_xscale("log")
    axes.set_title(title, fontsize="medium")
    axes.invert_yaxis()


def _figure(columns: int, width: float) -> tuple[Figure, list[Axes]]:
    # Not pyplot, which keeps every figure in memory and looks for a display.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, 4.5), layout="constrained")
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def _save(figure: Figure, path: Path) -> None:
    picture = io.BytesIO()
    # Without the version of matplotlib in the file, the same rows give the same bytes.
    figure.savefig(picture, format="png", dpi=120, metadata={"Software": None})
    write_atomically(path, picture.getvalue())
