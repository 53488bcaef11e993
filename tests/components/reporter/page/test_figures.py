"""The figures describe themselves in words."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from support.lazy import LazyModule

from components.evaluator.results.model_scores import Calibration, CalibrationBin, Estimate
from components.reporter.data_summary import SplitSummary

pytestmark = pytest.mark.extended

figures = LazyModule("components.reporter.page.figures")

SVG = "{http://www.w3.org/2000/svg}"


def described(markup):
    return ElementTree.fromstring(markup).find(f"{SVG}desc").text


def test_reliability_diagram_describes_filled_bins():
    bins = (CalibrationBin(0.0, 0.5, 0, 0.0, 0.0), CalibrationBin(0.5, 1.0, 10, 0.9, 0.75))
    diagram = figures.reliability_diagram(Calibration(Estimate(0.15), bins))
    assert described(diagram) == "By bin of tokens: score 0.90, correct 0.75."


def test_curves_describe_first_and_last_epoch():
    history = [
        {"loss": 1.0, "val_loss": 1.5, "val_entity_f1": 0.1},
        {"loss": 0.5, "val_loss": 1.25, "val_entity_f1": 0.3},
    ]
    loss, scores = figures.learning_curves(history, 2)
    assert described(loss) == (
        "First to last of 2 epochs: training 1.000 to 0.500, eval split 1.500 to 1.250. Epoch 2 was kept."
    )
    assert described(scores) == "First to last of 2 epochs: F1 0.100 to 0.300. Epoch 2 was kept."


@pytest.mark.parametrize(
    ("history", "count"),
    [([], 0), ([{"loss": 1.0}], 1), ([{"lr": 1.0}], 0), ([{"loss": 1.0}, {"loss": None}], 0), ([{"loss": 1.0}, {}], 0)],
)
def test_curves_with_unknown_numbers_are_omitted(history, count):
    assert len(figures.learning_curves(history, None)) == count


def test_lengths_describe_each_split():
    lengths = tuple(float(n) for n in range(2, 13))
    figure = figures.length_ranges([SplitSummary("train", 1, 9, {}, lengths), SplitSummary("eval", 0, 0, {})])
    assert described(figure) == "Tokens per sentence: train: 2 to 12, median 7."
    assert figures.length_ranges([SplitSummary("eval", 0, 0, {})]) is None
