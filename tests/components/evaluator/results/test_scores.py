"""The scores file."""

from __future__ import annotations

import subprocess
import sys

import pytest

from components.evaluator.errors import EvaluationError
from components.evaluator.results.evaluation import (
    Blessing,
    Calibration,
    CalibrationBin,
    Comparison,
    Confusion,
    EntityScores,
    ErrorInContext,
    Estimate,
    Evaluation,
    MarkedSpan,
    RuleOutcome,
    Scores,
    Slice,
    TypedScores,
)
from components.evaluator.results.scores import FILE_NAME, read_evaluation, write_evaluation


def make_evaluation() -> Evaluation:
    """An evaluation in which every field is filled."""
    share = Estimate(0.1 + 0.2, 0.25, 0.35)
    scores = EntityScores(share, share, share, 3, 4)
    typed = TypedScores(scores, scores, {"PER": scores, "été": scores})
    calibration = Calibration(Estimate(0.05), (CalibrationBin(0.0, 1.0, 7, 0.9, 0.85),))
    confusion = Confusion(("O", "PER"), ((5, 1), (0, 2)))
    full = Scores(2, 7, typed, typed, scores, scores, {"type": 1, "missed": 2}, share, calibration, confusion)
    rule = RuleOutcome("min", "entity_f1", "all examples", "failed", 0.5, 3, 1, 0.3, None, "too low")
    error = ErrorInContext(
        "type", 0.9, "k-1", ("Ann", "é"), (MarkedSpan("PER", 0, 1),), (MarkedSpan("LOC", 0, 1, 0.9),), 0, 1
    )
    return Evaluation(
        Comparison(Slice(), full, full, {"entity_f1": Estimate(-0.1, -0.2, 0.0)}),
        (Comparison(Slice("source", "é", "sentence"), full),),
        Blessing(False, (rule,), ("note",)),
        (error,),
        ("test",),
        "3",
        200,
    )


def test_what_is_written_is_read_and_nothing_else_is_left(tmp_path):
    write_evaluation(str(tmp_path), make_evaluation())
    assert read_evaluation(str(tmp_path)) == make_evaluation()
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "cannot be read"), ("{", "is no evaluation"), ("[]", "is no evaluation"), ('{"slices": 3}', "slices")],
)
def test_file_that_cannot_be_read_is_named(tmp_path, text, words):
    if text is not None:
        (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(EvaluationError, match=words) as raised:
        read_evaluation(str(tmp_path))
    assert str(tmp_path / FILE_NAME) in str(raised.value)


def test_reading_imports_neither_tensorflow_nor_tfx():
    code = (
        "import sys, components.evaluator.results.scores as scores; scores._adapter(); "
        "print([m for m in ('tensorflow', 'tfx') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
