"""The file scores.json."""

from __future__ import annotations

import subprocess
import sys

import pytest

from components.evaluator.errors import EvaluationError
from components.evaluator.results.evaluation import (
    Blessing,
    Comparison,
    ErrorInContext,
    Evaluation,
    MarkedSpan,
    RuleOutcome,
    Slice,
)
from components.evaluator.results.model_scores import (
    Calibration,
    CalibrationBin,
    Confusion,
    EntityScores,
    Estimate,
    Scores,
    TypedScores,
)
from components.evaluator.results.scores_file import read_evaluation, write_evaluation
from components.keys import SCORES_FILE


def make_evaluation() -> Evaluation:
    """Returns an evaluation in which every field is set."""
    share = Estimate(0.1 + 0.2, 0.25, 0.35)
    scores = EntityScores(share, share, share, 3, 4)
    typed = TypedScores(scores, scores, {"PER": scores, "été": scores})
    calibration = Calibration(Estimate(0.05), (CalibrationBin(0.0, 1.0, 7, 0.9, 0.85),))
    confusion = Confusion(("O", "PER"), ((5, 1), (0, 2)))
    full = Scores(
        sentences=2, tokens=7, entities=typed, strict=typed, boundary=scores, type_only=scores,
        errors={"type": 1, "missed": 2}, token_accuracy=share, calibration=calibration, confusion=confusion,
        custom={"mine": share},
    )  # fmt: skip
    rule = RuleOutcome(
        rule="bound", metric="entity_f1", slice="all examples", state="failed", bound=0.5, support=3, min_support=1,
        value=0.3, champion=None, text="too low",
    )  # fmt: skip
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


def test_evaluation_can_be_read_back_and_no_other_file_remains(tmp_path):
    write_evaluation(str(tmp_path), make_evaluation())
    assert read_evaluation(str(tmp_path)) == make_evaluation()
    assert [path.name for path in tmp_path.iterdir()] == [SCORES_FILE]


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "cannot be read"), ("{", "not an evaluation"), ("[]", "not an evaluation"), ('{"slices": 3}', "slices")],
)
def test_unreadable_file_is_named(tmp_path, text, words):
    if text is not None:
        (tmp_path / SCORES_FILE).write_text(text)
    with pytest.raises(EvaluationError, match=words) as raised:
        read_evaluation(str(tmp_path))
    assert str(tmp_path / SCORES_FILE) in str(raised.value)


def test_reading_imports_neither_tensorflow_nor_tfx():
    code = (
        "import sys, components.evaluator.results.scores_file; "
        "print([m for m in ('tensorflow', 'tfx') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
