"""Pictures of the tables."""

from __future__ import annotations

import pytest

from benchmarks.plots import accuracy_plot, scaling_plot, serving_plot
from benchmarks.tables import accuracy_rows

pytestmark = pytest.mark.extended

SIGNATURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def draw(tmp_path):
    """Draws a picture and gives its bytes."""

    def drawn(plot, rows):
        path = tmp_path / "pictures" / "a.png"
        plot(rows, path)
        return path.read_bytes()

    return drawn


def serving_rows(factor=1.0):
    names = ("single_cpu_p50_ms", "batch_tokens_per_cpu_second")
    figures = dict.fromkeys(names, 2.0 * factor)
    return [{"system": "crf", **figures, **{f"{n}_min": 1.0 for n in names}, **{f"{n}_max": 9.0 for n in names}}]


def scaling_rows(factor=1.0):
    return [
        {"system": "ours", "sentences": size, "epoch_cpu_seconds": size * factor, "train_process_peak_rss_mb": 500.0}
        for size in (100, 200)
    ]


def test_accuracy_is_drawn_and_depends_on_the_rows(draw, record):
    first = draw(accuracy_plot, accuracy_rows([record(), record(system="spacy")]))
    assert first.startswith(SIGNATURE)
    assert draw(accuracy_plot, accuracy_rows([record(), record(system="spacy")])) == first
    assert draw(accuracy_plot, accuracy_rows([record(test=0.9), record(system="spacy")])) != first


@pytest.mark.parametrize(("plot", "rows"), [(serving_plot, serving_rows), (scaling_plot, scaling_rows)])
def test_picture_is_drawn_and_depends_on_the_rows(draw, plot, rows):
    assert draw(plot, rows()).startswith(SIGNATURE)
    assert draw(plot, rows()) != draw(plot, rows(2.0))
